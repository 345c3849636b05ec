"""The filters on what lasts that hold for a live session, since when, and when that was over. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.errors import QueryError
from bot.query.filter_entry import Facts
from bot.query.filters import FILTERS
from bot.query.model import Query, Term
from bot.query.parse import parse
from bot.query.times import ms
from bot.sessions.model import Session


@dataclass(frozen=True, slots=True)
class Wrong:
    """A filter that holds for a live session, and the begin of the spell that it is about."""

    term: Term
    since: datetime


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
