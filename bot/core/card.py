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
    has matched; as long as it has no message the others may still announce it."""

    team_id: str
    channel_id: str
    session_id: str
    status: Status
    gen: int = 0
    reopened: int = 0
    known: frozenset[int] = frozenset()

    @property
    def key(self) -> str:
        """The key of the message, which its metadata carries and history is searched for."""
        return key_of("card", self.team_id, self.channel_id, self.session_id, str(self.gen))


def key_of(*parts: str) -> str:
    """The unique key of one fact: the same parts give the same key, for ever."""
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:40]
