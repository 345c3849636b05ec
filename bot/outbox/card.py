"""The one message that a channel has for a session."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Literal

Status = Literal["silent", "listed", "live", "closed"]


@dataclass(frozen=True, slots=True)
class Card:
    """`silent`: the channel knows of the session and has no message, as it was live before; `listed`: it has none since
    the session stood in a list. `gen` counts the messages made for it, 0 as long as there is none: a deleted one is
    followed by another. `reopened`: how often the session came back. `known`: the numbers of the subscriptions that it
    has matched; as long as it has no message the others may still announce it. `stopped`: those of them that it has
    stopped matching. `hushed_ms`, in milliseconds since 1970:
    it would have been announced and wasn't, as the channel doesn't want to hear it until then; 0 when it isn't so. As
    long as it is, the status of a session that is live is `silent`, and of one that has ended `closed`, or `listed`
    where the channel was told that it opened. It has no message then, or its last was deleted. `born`: the id that the
    channel had when the card was made, "" where it is the same: keys stay as they are when Slack changes it."""

    team_id: str
    channel_id: str
    session_id: str
    status: Status
    gen: int = 0
    reopened: int = 0
    known: frozenset[int] = frozenset()
    stopped: frozenset[int] = frozenset()
    hushed_ms: int = 0
    born: str = ""

    @property
    def place(self) -> tuple[str, str]:
        """Its channel and session, of which a team has one card."""
        return self.channel_id, self.session_id

    @property
    def key(self) -> str:
        """The key of the message, which its metadata carries and history is searched for."""
        return key_of("card", self.team_id, self.born or self.channel_id, self.session_id, str(self.gen))


def lists_of(team_id: str, channel_id: str) -> str:
    """By this in `of` a channel's messages about many sessions are known."""
    return key_of("lists", team_id, channel_id)


def key_of(*parts: str) -> str:
    """The unique key of one fact: the same parts give the same key, for ever."""
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:40]
