"""Splits a query into List sessions parameters and local checks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from bot.errors import QueryError
from bot.query.filters import FILTERS, STATES, Facts, Test
from bot.query.model import Query, Term
from bot.query.times import Fixed, Time, api_time, between
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
    local: list[list[Term]] = []
    for key in dict.fromkeys(term.key for term in query.terms):
        terms = [term for term in query.terms if term.key == key]
        entry = FILTERS[key]
        alone = len(terms) == 1 and not terms[0].negated
        if entry.param and alone and not isinstance(terms[0].value, RoomPrefix):
            value = terms[0].value
            params[entry.param] = api_time(value.utc) if isinstance(value, Fixed) else str(value)
        elif entry.test:
            local.append(terms)
    rooms: dict[str, Room] = {}
    return Plan(params, _all_of([_any_of(terms) for terms in local], Facts(now, rooms)) if local else None, rooms)


NO_ROOMS: Mapping[str, Room] = {}


def matcher(query: Query, now: datetime, rooms: Mapping[str, Room] = NO_ROOMS) -> Callable[[Session], bool]:
    """Return the whole query as a local check. It has no times, and names rooms and templates by id. If it
    `needs_rooms`, `rooms` must contain the room of each session checked."""
    by_key: dict[str, list[Term]] = {}
    for term in query.terms:
        if FILTERS[term.key].test:
            by_key.setdefault(term.key, []).append(term)
    return _all_of([_any_of(terms) for terms in by_key.values()], Facts(now, rooms))


def due(query: Query, session: Session, now: datetime) -> datetime | None:
    """Return the next time at which the result may change though the session doesn't; None: it never does."""
    moments = (
        entry.due(term.value)(session, now) for term in query.terms if (entry := FILTERS[term.key]).due is not None
    )
    return min(filter(None, moments), default=None)


def _any_of(terms: list[Term]) -> Test:
    tests = [(term.negated, FILTERS[term.key].test(term.value)) for term in terms]  # type: ignore[misc]
    wanted = [test for negated, test in tests if not negated]
    refused = [test for negated, test in tests if negated]

    def test(session: Session, facts: Facts) -> bool:
        return (not wanted or any(test(session, facts) for test in wanted)) and not any(
            test(session, facts) for test in refused
        )

    return test


def _all_of(tests: list[Test], facts: Facts) -> Callable[[Session], bool]:
    return lambda session: all(test(session, facts) for test in tests)


def fixed(query: Query, now: datetime, zone: ZoneInfo) -> Query:
    """Return the query with its times fixed at `now`, replacing earlier fixes. Raises QueryError if `after` is later
    than `before`."""
    times = {
        term.key: replace(term, value=_as_said(term.value)) for term in query.terms if term.key in ("after", "before")
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


def _as_said(value: Time | Fixed) -> Time:
    """Return a time as it was typed."""
    return value.said if isinstance(value, Fixed) else value


def _wrong_order(line: str, after: Term, before: Term) -> QueryError:
    first, second = sorted((after.span, before.span))
    swap = {after.span: str(replace(before, key="after")), before.span: str(replace(after, key="before"))}
    text = f"{quote(str(after))} is later than {quote(str(before))}, so nothing can lie between them."
    return QueryError.at(text, line, (first[0], second[1]), swap[first] + line[first[1] : second[0]] + swap[second])
