"""Filters by which a session is wrong, since when or for how long, and when that was over. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from bot.errors import QueryError
from bot.query.filter_entry import Facts
from bot.query.filters import FILTERS
from bot.query.model import Query, Term
from bot.query.parse import parse
from bot.query.times import ms
from bot.sessions.model import Session

LOOKS_WRONG = parse("idle:5m alone:15m missing:host>5m ending:15m longer:4h").terms
"""The filters by which a session looks wrong where nobody asked by others."""


@dataclass(frozen=True, slots=True)
class Wrong:
    """A filter that holds for a live session, and the begin of the spell that it is about."""

    term: Term
    since: datetime


@dataclass(frozen=True, slots=True)
class Lasted:
    """A filter that a session matches, and for how many seconds."""

    term: Term
    seconds: float


def wrong(query: Query, session: Session, facts: Facts) -> list[Wrong]:
    """Return what holds of the query's filters on what lasts, those that exclude aside; nothing for an ended session.
    If the query `needs_rooms`, `facts` must contain the session's room."""
    return [
        Wrong(term, since)
        for term in query.terms
        if not term.negated
        and (lasting := FILTERS[term.key].lasting) is not None
        and (since := lasting(term.value).since(session, facts)) is not None
    ]


def read_wrong(what: str) -> Query:
    """Return the terms of a stored firing as a query; none where this version can't read them."""
    try:
        return parse(what)
    except QueryError:
        return parse("")


def lasted(terms: Iterable[Term], session: Session, facts: Facts) -> tuple[Lasted, ...]:
    """Return those of the filters that a session matches, with the length of its spell: of a live session the one that
    goes on, of an ended one the longest. A filter without spells has the session's length. `facts` as for `wrong`."""
    return tuple(
        Lasted(term, _seconds(term, session, facts))
        for term in terms
        if (test := FILTERS[term.key].test) is not None and test(term.value)(session, facts)
    )


def _seconds(term: Term, session: Session, facts: Facts) -> float:
    of = FILTERS[term.key].lasting
    if of is None:
        return session.length_s(facts.now)
    spells = of(term.value).spells(session, facts)
    if session.active:
        spells = spells[-1:]
    return max(((end or facts.now) - begin).total_seconds() for begin, end in spells)


def over(what: str, session: Session, facts: Facts, since_ms: int) -> int:
    """Return when the spell of these canonical terms that began at `since_ms` was over, in milliseconds since 1970: by
    the session's record, else now."""
    ends: list[int] = []
    query = read_wrong(what)
    known = session.room_id in facts.rooms or not query.needs_rooms
    for term in query.terms if known else ():
        lasting = FILTERS[term.key].lasting
        spells = lasting(term.value).spells(session, facts) if lasting else []
        ends += [ms(end) for begin, end in spells if end is not None and ms(begin) == since_ms]
    return min([*ends, ms(facts.now), *([ms(session.ended_at)] if session.ended_at else [])])
