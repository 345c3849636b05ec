"""A message for a channel, before it is stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["post", "edit", "reply"]


@dataclass(frozen=True, slots=True)
class Outgoing:
    """`key` is unique for one fact. `of` is the key of the card that an edit changes or a reply belongs to, and of a
    post what it is taken back with.
    `channel_id` may be a person's id: then it is a direct message. `hushed`: an edit that makes no message where the
    card's was refused."""

    key: str
    team_id: str
    channel_id: str
    kind: Kind
    text: str
    blocks: Sequence[Mapping[str, Any]]
    of: str = ""
    hushed: bool = False
