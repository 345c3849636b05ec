"""Match sessions against subscriptions. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime

from bot.alerts.subscription import Subscription
from bot.query.filters import FILTERS, ROOM_KEYS
from bot.query.model import Query
from bot.query.plan import NO_ROOMS, due, matcher
from bot.query.values import RoomId
from bot.sessions.model import Room, Session

CLOCKS_MS = 60_000
"""Tolerance between our clock and that of 100ms when a session's start is compared with a subscription's."""


_Entry = tuple[Callable[[Session], bool], list[Subscription], bool]
"""A query's check, the subscriptions with that query, and True if it needs the session's room."""


class Matcher:
    """An index of subscriptions by session. Equal queries are checked once, queries of rooms only for those rooms.
    Queries that need a room missing from `rooms` match nothing (`undecided`)."""

    def __init__(
        self, subscriptions: Iterable[Subscription], now: datetime, rooms: Mapping[str, Room] = NO_ROOMS
    ) -> None:
        self._rooms = rooms
        self._of_room: dict[str, list[_Entry]] = {}
        self._of_any: list[_Entry] = []
        by_query: dict[Query, list[Subscription]] = {}
        for each in subscriptions:
            by_query.setdefault(each.query, []).append(each)
        for query, same in by_query.items():
            entry = (matcher(query, now, rooms), same, query.needs_rooms)
            of_rooms = rooms_of(query)
            for room_id in of_rooms:
                self._of_room.setdefault(room_id, []).append(entry)
            if not of_rooms:
                self._of_any.append(entry)

    def undecided(self, room_id: str) -> bool:
        """True if a query can't be checked for sessions of this room because `rooms` lacks it."""
        return room_id not in self._rooms and any(needs_room for _, _, needs_room in self._entries(room_id))

    def matching(self, session: Session) -> list[Subscription]:
        known = session.room_id in self._rooms
        return [
            subscription
            for matches, same, needs_room in self._entries(session.room_id)
            if (known or not needs_room) and matches(session)
            for subscription in same
        ]

    def due(self, session: Session, now: datetime) -> datetime | None:
        """The next moment at which a query's answer may change by time alone; None if there is none."""
        moments = (due(same[0].query, session, now, self._rooms) for _, same, _ in self._entries(session.room_id))
        return min(filter(None, moments), default=None)

    def _entries(self, room_id: str) -> Iterable[_Entry]:
        return (*self._of_room.get(room_id, ()), *self._of_any)


def rooms_of(query: Query) -> list[str]:
    """The only rooms whose sessions can match; empty for any room."""
    values = [term.value for term in query.terms if term.key == "room" and not term.negated]
    ids = [value.id for value in values if isinstance(value, RoomId)]
    return ids if len(ids) == len(values) else []


def is_news(session: Session, subscription: Subscription) -> bool:
    """True if a matching session that was live before can be news to the subscription: it may have started to match,
    or started after the subscription was made."""
    return moves(subscription.query) or session.started_ms >= subscription.created_ms - CLOCKS_MS


def moves(query: Query) -> bool:
    """True if a session can start to match the query later in its life."""
    return any(FILTERS[term.key].test and term.key not in ROOM_KEYS for term in query.terms)
