"""What the store gives. Times are milliseconds since 1970, UTC."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from bot.alerts.backlog import Backlog
from bot.outbox.message import Kind
from bot.sessions.tracked import Tracked

How = Literal["new", "same", "changed"]
"""What became of a setting that was stored: `same`, it was there as it is; `changed`, it was there otherwise."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What the last good poll knew: `seq` counts the good polls, `good_ms` is the last one's time, None before the
    first. `sessions` by id: those that were live, and those that ended up to two days before. `naming`: the `Mask` that
    names the people in them, "" for none. `read_ms`: when they were read, by the clock of 100ms, but for the
    `backlog`."""

    seq: int
    good_ms: int | None
    sessions: Mapping[str, Tracked]
    naming: str = ""
    read_ms: int | None = None
    backlog: Backlog | None = None


@dataclass(frozen=True, slots=True)
class PollState:
    """`errors` polls failed since the last good one, the last for `cause`."""

    seq: int = 0
    good_ms: int | None = None
    errors: int = 0
    cause: str = ""
    naming: str = ""


@dataclass(frozen=True, slots=True)
class Counts:
    """`waiting` messages are to be sent or on their way, without those that wait for another one. The oldest has been
    due for `late_s`, 0 where none is. `held`: nobody can tell whether they arrived. `paused` channels."""

    waiting: int
    late_s: float
    held: int
    paused: int


@dataclass(frozen=True, slots=True)
class Stopped:
    """A workspace refuses the bot as a whole, for `cause`, since `since_ms`."""

    cause: str
    since_ms: int


@dataclass(frozen=True, slots=True)
class Row:
    """A message that this process has claimed. `target_ts`: what to edit, or the thread to reply in. `attempts` counts
    this one too, `refusals` the answers before that said nothing for sure. `rev`: the state that `text` and `blocks`
    show. `claim` proves to the store that it is still ours."""

    id: int
    key: str
    team_id: str
    channel_id: str
    kind: Kind
    text: str
    blocks: list[dict[str, Any]]
    target_ts: str | None
    attempts: int
    first_try_ms: int
    claim: str
    rev: int
    refusals: int = 0


@dataclass(frozen=True, slots=True)
class Fence:
    """A lease as it was when it was taken. `epoch` grows with every change of owner."""

    name: str
    owner: str
    epoch: int


@dataclass(frozen=True, slots=True)
class RoomWalk:
    """Progress through the two lists of rooms, first that of the enabled ones: `cursor` is the room to go on
    after. `newest`: no enabled room up to this id is unknown once the lists were read to their end, which was last at
    `done_ms`; None: never. `account`: whose they are, as in `Hms.account`, "" where that isn't known."""

    enabled: bool = True
    cursor: str = ""
    newest: str = ""
    done_ms: int | None = None
    account: str = ""
