"""The record of a session as of the last good poll."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from bot.sessions.model import Peer, Session


@dataclass(frozen=True, slots=True)
class Tracked:
    """A session's record. `people`: (name, role) of those who were in, by identity; `peers`: its `Session.moves`.
    `started_ms` and `seen_ms` (the poll that last changed it) are milliseconds since 1970."""

    session_id: str
    room_id: str
    live: bool
    started_ms: int
    seen_ms: int
    people: Mapping[str, tuple[str, str]]
    peers: int = 0

    def session(self, *, live: bool) -> Session:
        """Rebuild the session from the record; if not `live`, it ended when last seen."""
        started, seen = (datetime.fromtimestamp(ms / 1000, UTC) for ms in (self.started_ms, self.seen_ms))
        peers = {
            who: Peer(name=name, role=role, user_id=who, joined_at=started, left_at=None if live else seen)
            for who, (name, role) in self.people.items()
        }
        return Session(self.session_id, self.room_id, live, peers, started, None if live else seen)
