"""Filters on what lasts, read as what is wrong with a session. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.query.filter_entry import Facts
from bot.query.filters import FILTERS
from bot.query.model import Query, Term
from bot.query.parse import parse
from bot.query.times import ms
from bot.sessions.model import Session


@dataclass(frozen=True, slots=True)
class Wrong:
    """A filter that holds for a live session, `since` when."""

    term: Term
    since: datetime


def wrong(query: Query, session: Session, facts: Facts) -> list[Wrong]:
    """Return the query's filters on what lasts that hold now."""
    found = []
    for term in query.terms:
        read = FILTERS[term.key].lasting
        if read is not None and not term.negated and (since := read(term.value).since(session, facts)):
            found.append(Wrong(term, since))
    return found


def over(what: str, session: Session, facts: Facts, since_ms: int) -> int:
    """Return when the spell that began then was over, in milliseconds since 1970: now, where the record doesn't say."""
    ends: list[int] = []
    for term in parse(what).terms:
        read = FILTERS[term.key].lasting
        spells = read(term.value).spells(session, facts) if read else []
        ends += [ms(spell.end) for spell in spells if spell.end is not None and ms(spell.begin) == since_ms]
    return min([*ends, ms(facts.now), *([ms(session.ended_at)] if session.ended_at else [])])
