"""A message of the outbox: before it is stored, and once a process has claimed it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["post", "edit", "reply"]


@dataclass(frozen=True, slots=True)
class Outgoing:
    """`key` is unique for one fact. `of` is the key of the card that an edit changes or a reply belongs to, and of a
    post what it is taken back with.
    `channel_id` may be a person's id: then it is a direct message. `silenced`: an edit that makes no message where the
    card's was refused."""

    key: str
    team_id: str
    channel_id: str
    kind: Kind
    text: str
    blocks: Sequence[Mapping[str, Any]]
    of: str = ""
    silenced: bool = False


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
