"""Which sessions a subscription is about."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

from bot.core.filters import FILTERS
from bot.core.plan import matcher
from bot.core.query import Query
from bot.core.session import Session
from bot.core.subscription import Subscription
from bot.core.values import RoomId

CLOCKS_MS = 60_000
"""How far our clock may be from that of 100ms: a session that began so long before a subscription may be later."""


class Matcher:
    """Which subscriptions a session matches. Equal queries are checked once, queries of rooms only for those rooms."""

    def __init__(self, subscriptions: Iterable[Subscription], now: datetime) -> None:
        self._of_room: dict[str, list[tuple[Callable[[Session], bool], list[Subscription]]]] = {}
        self._of_any: list[tuple[Callable[[Session], bool], list[Subscription]]] = []
        by_query: dict[Query, list[Subscription]] = {}
        for each in subscriptions:
            by_query.setdefault(each.query, []).append(each)
        for query, same in by_query.items():
            entry = (matcher(query, now), same)
            rooms = rooms_of(query)
            for room_id in rooms:
                self._of_room.setdefault(room_id, []).append(entry)
            if not rooms:
                self._of_any.append(entry)

    def concerns(self, room_id: str) -> bool:
        """False where no session of the room can match."""
        return bool(self._of_any) or room_id in self._of_room

    def matching(self, session: Session) -> list[Subscription]:
        entries = (*self._of_room.get(session.room_id, ()), *self._of_any)
        return [subscription for matches, same in entries if matches(session) for subscription in same]


def rooms_of(query: Query) -> list[str]:
    """The rooms whose sessions alone can match; none: any room."""
    return [term.value.id for term in query.terms if isinstance(term.value, RoomId) and not term.negated]


def moves(query: Query) -> bool:
    """Whether a session can come to match it later in its life."""
    return any(FILTERS[term.key].test and term.key != "room" for term in query.terms)
