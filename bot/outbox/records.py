"""What the store gives. Times are milliseconds since 1970, UTC."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bot.outbox.message import Kind


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
