"""Splits a query into List sessions parameters and local checks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from bot.errors import QueryError
from bot.query.filter_entry import Facts, Test
from bot.query.filters import FILTERS, STATES
from bot.query.model import Query, Term
from bot.query.times import Fixed, api_time, between
from bot.query.values import RoomPrefix
from bot.sessions.model import Room, Session
from bot.text import quote


@dataclass(frozen=True, slots=True)
class Plan:
    """Parameters for List sessions, and the local check (None: none). If the query `needs_rooms`, `rooms` must contain
    a session's room before it is checked."""

    params: dict[str, str]
    keep: Callable[[Session], bool] | None
    rooms: dict[str, Room]


def plan(query: Query, now: datetime) -> Plan:
    """Split a resolved query, with ids for names and instants for times, into the API's part and ours."""
    active = STATES[query.state]
    params = {} if active is None else {"active": str(active).lower()}
    local: list[Term] = []
    for term in query.terms:
        entry, value = FILTERS[term.key], term.value
        alone = not term.negated and sum(other.key == term.key for other in query.terms) == 1
        if entry.param and alone and not isinstance(value, RoomPrefix):
            params[entry.param] = api_time(value.utc) if isinstance(value, Fixed) else str(value)
        elif entry.test:
            local.append(term)
    rooms: dict[str, Room] = {}
    return Plan(params, _check(local, Facts(now, rooms)) if local else None, rooms)


NO_ROOMS: Mapping[str, Room] = {}


def matcher(query: Query, now: datetime, rooms: Mapping[str, Room] = NO_ROOMS) -> Callable[[Session], bool]:
    """Return the whole query as a local check. It has no times, and names rooms and templates by id. If it
    `needs_rooms`, `rooms` must contain the room of each session checked."""
    return _check([term for term in query.terms if FILTERS[term.key].test], Facts(now, rooms))


def due(query: Query, session: Session, now: datetime, rooms: Mapping[str, Room] = NO_ROOMS) -> datetime | None:
    """Return the next time at which the result may change though the session doesn't; None: it never does. `rooms` as
    for `matcher`."""
    facts = Facts(now, rooms)
    moments = (of(term.value)(session, facts) for term in query.terms if (of := FILTERS[term.key].due) is not None)
    return min(filter(None, moments), default=None)


def _check(terms: list[Term], facts: Facts) -> Callable[[Session], bool]:
    """Return the check of a session by all these terms: one of each key, none of the negated ones."""
    wanted: dict[str, list[Test]] = {}
    refused: list[Test] = []
    for term in terms:
        test = FILTERS[term.key].test(term.value)  # type: ignore[misc]
        (refused if term.negated else wanted.setdefault(term.key, [])).append(test)

    def keep(session: Session) -> bool:
        return all(any(test(session, facts) for test in tests) for tests in wanted.values()) and not any(
            test(session, facts) for test in refused
        )

    return keep


def fixed(query: Query, now: datetime, zone: ZoneInfo) -> Query:
    """Return the query with its times fixed at `now`, replacing earlier fixes. Raises QueryError if `after` is later
    than `before`."""
    times = {
        term.key: replace(term, value=term.value.said) if isinstance(term.value, Fixed) else term
        for term in query.terms
        if term.key in ("after", "before")
    }
    instants = {key: term.value.at(now, zone) for key, term in times.items()}
    if len(times) == 2:
        after, before = between(times["after"].value, times["before"].value, now, zone)
        if after > before:
            raise _wrong_order(query.line, times["after"], times["before"])
        instants = {"after": after, "before": before}
    return replace(
        query,
        terms=tuple(
            replace(term, value=Fixed(instants[term.key], times[term.key].value)) if term.key in times else term
            for term in query.terms
        ),
    )


def _wrong_order(line: str, after: Term, before: Term) -> QueryError:
    first, second = sorted((after.span, before.span))
    swap = {after.span: str(replace(before, key="after")), before.span: str(replace(after, key="before"))}
    text = f"{quote(str(after))} is later than {quote(str(before))}, so nothing can lie between them."
    return QueryError.at(text, line, (first[0], second[1]), swap[first] + line[first[1] : second[0]] + swap[second])
