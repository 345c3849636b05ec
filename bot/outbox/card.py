"""The one message that a channel has for a session."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Literal

Status = Literal["unannounced", "summarised", "posted", "final"]


@dataclass(frozen=True, slots=True)
class Card:
    """A channel's card for a session. `status`: `unannounced` while the channel has no message, as the session was live
    before; `summarised` if a list announced it instead; `posted` while the session is live, `final` when it has ended.
    `gen`: the number of messages made for it, 0 for none; a deleted one is followed by another. `reopened`: the times
    that the session came back. `matched`: the numbers of subscriptions that it has matched; without a message others
    may still announce it. `stopped`: those of them that it no longer matches. `withheld_until_ms`, in milliseconds
    since 1970: the end of the silence that withholds its announcement, else 0. A withheld card has no message, or its
    last was deleted; its status is `unannounced` for a live session and `final` for an ended one, or `summarised` if
    the channel had heard of its start. `born`: the id that the channel had when the card was made, "" if it is the
    same: keys stay as they are when Slack changes it."""

    team_id: str
    channel_id: str
    session_id: str
    status: Status
    gen: int = 0
    reopened: int = 0
    matched: frozenset[int] = frozenset()
    stopped: frozenset[int] = frozenset()
    withheld_until_ms: int = 0
    born: str = ""

    @property
    def place(self) -> tuple[str, str]:
        """Its channel and session, of which a team has one card."""
        return self.channel_id, self.session_id

    @property
    def shown(self) -> bool:
        """True if the channel has its message."""
        return self.gen > 0 and self.status in ("posted", "final")

    @property
    def active(self) -> frozenset[int]:
        """The numbers of the subscriptions that its session matches."""
        return self.matched - self.stopped

    @property
    def key(self) -> str:
        """The key of the message, which its metadata carries and history is searched for."""
        return key_of("card", self.team_id, self.born or self.channel_id, self.session_id, str(self.gen))


def lists_of(team_id: str, channel_id: str) -> str:
    """The key in `of` of a channel's messages about many sessions."""
    return key_of("lists", team_id, channel_id)


def key_of(*parts: str) -> str:
    """The unique key of one fact: the same parts give the same key, for ever."""
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:40]
