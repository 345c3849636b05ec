"""Computes the peak number of people in a session."""

from __future__ import annotations

from collections.abc import Hashable
from datetime import datetime

from bot.sessions.identity import NEVER
from bot.sessions.model import Session

_LEFT, _JOINED, _LEFT_AT_ONCE = range(3)  # the order within one moment


def peak(session: Session) -> tuple[int, datetime | None]:
    """Return the peak number of people and when it was first reached; (0, None) if nobody was in.

    A person with several peers counts once. At the same moment, departures precede arrivals.
    """
    events: list[tuple[datetime, int, Hashable]] = []
    for who, _, joined, left in session.visits(NEVER):
        events.append((joined, _JOINED, who))
        events.append((left, _LEFT if joined < left else _LEFT_AT_ONCE, who))
    events.sort(key=lambda event: event[:2])
    peers_of: dict[Hashable, int] = {}  # of those who are in
    most, when = 0, None
    for moment, kind, who in events:
        peers = peers_of.get(who, 0) + (1 if kind == _JOINED else -1)
        if peers:
            peers_of[who] = peers
        else:
            del peers_of[who]
        if len(peers_of) > most:
            most, when = len(peers_of), moment
    return most, when
