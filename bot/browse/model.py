"""A page that was read, with all that a message about it says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.query.cursor import PageCursor
from bot.sessions.model import Session


@dataclass(frozen=True, slots=True)
class Listing:
    """`place` is where the page is, `as_of` when it was read, `cursor` where the next one starts (None: the end).
    `names` are room names by room id, as far as they are known. `bound_reached`: the list goes on, and reading stopped
    after `examined` sessions, at our own bound or, where `fault` says so, because 100ms failed. `unreadable`: how
    many sessions on the way could not be read."""

    place: PageCursor
    sessions: Sequence[Session]
    cursor: str | None
    as_of: datetime
    names: Mapping[str, str]
    examined: int
    bound_reached: bool
    fault: str = ""
    unreadable: int = 0

    @property
    def peers(self) -> int:
        """Peers of all its sessions: what it costs to draw it."""
        return sum(len(session.peers or ()) for session in self.sessions)
