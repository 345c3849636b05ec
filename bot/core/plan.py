"""A query at a moment: what to ask of List sessions, and what to check here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from bot.core.filters import FILTERS, LIMIT_DEFAULT, STATES, Test
from bot.core.query import Query, Term, quote
from bot.core.session import Session
from bot.errors import QueryError


@dataclass(frozen=True, slots=True)
class Plan:
    """A query at a moment: what to ask of List sessions, and what to check here (None: nothing)."""

    params: dict[str, str]
    limit: int
    start: str | None
    keep: Callable[[Session], bool] | None


def plan(query: Query, now: datetime, zone: ZoneInfo) -> Plan:
    """Split a query, all its rooms known, into the API's part and ours."""
    active = STATES[query.state]
    params = {} if active is None else {"active": str(active).lower()}
    local: list[list[Term]] = []
    for key in dict.fromkeys(term.key for term in query.terms):
        terms = [term for term in query.terms if term.key == key]
        entry = FILTERS[key]
        if entry.api and len(terms) == 1 and not terms[0].negated:
            params[entry.param] = entry.api(terms[0].value, now, zone)
        elif entry.test:
            local.append(terms)
    return Plan(
        params,
        limit=query.only("limit") or LIMIT_DEFAULT,
        start=query.only("start"),
        keep=_all_of([_any_of(terms) for terms in local], now) if local else None,
    )


def _any_of(terms: list[Term]) -> Test:
    tests = [(term.negated, FILTERS[term.key].test(term.value)) for term in terms]  # type: ignore[misc]
    wanted = [test for negated, test in tests if not negated]
    refused = [test for negated, test in tests if negated]

    def test(session: Session, now: datetime) -> bool:
        return (not wanted or any(test(session, now) for test in wanted)) and not any(
            test(session, now) for test in refused
        )

    return test


def _all_of(tests: list[Test], now: datetime) -> Callable[[Session], bool]:
    return lambda session: all(test(session, now) for test in tests)


def check_order(query: Query, now: datetime, zone: ZoneInfo) -> None:
    """Raises QueryError where `after` is later than `before`."""
    terms = {term.key: term for term in query.terms if term.key in ("after", "before")}
    if len(terms) < 2 or terms["after"].value.at(now, zone) <= terms["before"].value.at(now, zone):
        return
    after, before = terms["after"], terms["before"]
    first, second = sorted((after.span, before.span))
    line = query.line
    swap = {after.span: f"after:{before.value}", before.span: f"before:{after.value}"}
    raise QueryError(
        f"{quote(str(after))} is later than {quote(str(before))}, so nothing can lie between them.",
        line=line,
        start=first[0],
        end=second[1],
        fix=swap[first] + line[first[1] : second[0]] + swap[second],
        faithful=True,
    )
