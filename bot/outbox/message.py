"""A message of the outbox in its states, and what a channel has of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from bot.slack.destination import Destination

Kind = Literal["post", "edit", "reply"]


@dataclass(frozen=True, slots=True)
class Message:
    """`key` is unique for one fact. `channel_id` may be a person's id: then it is a direct message. `broadcast`: a
    reply that also shows in the channel, and stands there alone where it can't have its thread. `event`: further parts
    of the metadata's payload; an edit replaces them all."""

    key: str
    team_id: str
    channel_id: str
    kind: Kind
    text: str
    blocks: Sequence[Mapping[str, Any]]
    broadcast: bool = field(default=False, kw_only=True)
    event: Mapping[str, str | int] = field(default_factory=dict, kw_only=True)

    @property
    def place(self) -> tuple[str, str]:
        """Its conversation: team and channel."""
        return self.team_id, self.channel_id

    @property
    def is_direct(self) -> bool:
        return Destination(self.channel_id).is_person


@dataclass(frozen=True, slots=True)
class Outgoing(Message):
    """A message before it is stored. `of` is the key of the card that an edit changes or a reply belongs to, and of a
    post what it is taken back with. `silenced`: an edit that makes no message where the card's was refused. `urgent`:
    an edit that doesn't keep the distance to the one before it."""

    of: str = ""
    silenced: bool = False
    urgent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed(Message):
    """A message that this process may send until `lease_ms`. `target_ts`: what to edit, or the thread to reply in.
    `attempts` counts this one too, `refusals` the answers before that said nothing for sure. `rev`: the state that
    `text` and `blocks` show. `claim` proves to the store that it is still ours."""

    id: int
    target_ts: str | None
    attempts: int
    first_try_ms: int
    claim: str
    lease_ms: int
    rev: int
    refusals: int = 0

    @property
    def card_key(self) -> str:
        """The key of the card's message that an edit changes; a post's own."""
        return self.key.removesuffix(":edit")

    @property
    def thread_ts(self) -> str | None:
        """The thread that a reply belongs to."""
        return self.target_ts if self.kind == "reply" else None


@dataclass(frozen=True, slots=True)
class Channel:
    """The delivery state of a channel. `paused`: Slack's code of the reason, since `paused_ms`; None when it isn't.
    `last_ms`: when the last message was sent. `waiting` messages are to be sent or on their way, `held` ones wait for a
    person. `tries`: how many messages were refused or let go since it was paused, or since somebody changed something
    there. Times are milliseconds since 1970."""

    paused: str | None = None
    paused_ms: int | None = None
    last_ms: int | None = None
    waiting: int = 0
    held: int = 0
    tries: int = 0
