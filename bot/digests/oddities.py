"""Sessions that look wrong in a digest, by the filters of lists and alerts. Pure."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from datetime import datetime, timedelta
from itertools import chain

from bot.digests.figures import Odd
from bot.query.filter_entry import Facts
from bot.query.filters import FILTERS
from bot.query.plan import NO_ROOMS
from bot.query.wrong import LOOKS_WRONG, lasted
from bot.sessions.model import Session

_TERMS = tuple(term for term in LOOKS_WRONG if term.key != "ending")
"""`ending:` warns of what is still to come in a live session: of a period that is over there is nothing to say."""
_LEAST_US = {
    term.key: of(term.value).least // timedelta(microseconds=1)
    for term in _TERMS
    if (of := FILTERS[term.key].lasting) is not None
}
_LONG_US = min(term.value for term in _TERMS if term.key == "longer") * 1_000_000
Stays = list[tuple[int, int]]
"""When somebody joined and left, in microseconds."""
Visits = dict[Hashable, Stays]
"""Visits by person."""


def odd(session: Session, moment: datetime) -> Odd | None:
    """Return what looks wrong with a session that began before a moment, as of then; None if nothing does."""
    then = session.as_of(moment)
    why = lasted(_TERMS, then, Facts(moment, NO_ROOMS))
    return Odd(session.id, session.room_id, why, then.active, then.people_in_count()) if why else None


def unremarkable(started: int, ended: int, everyone: Visits, hosts: Visits) -> bool:
    """Return True only if nothing can look wrong with an ended session, which is so of most and seen sooner than by its
    spells: hosts were in, and so were others, without a break as long as a filter asks. Who is alone is so in a break
    of the hosts, or is a host in a break of the others. `hosts`: the visits with a host's role."""
    others = (visits for who, visits in everyone.items() if who not in hosts)
    return (
        ended - started <= _LONG_US
        and _gap(hosts.values(), started, ended) < min(_LEAST_US.values())
        and _gap(others, started, ended) < _LEAST_US["alone"]
    )


def _gap(people: Iterable[Stays], started: int, ended: int) -> int:
    """Return the longest time between start and end in which nobody of these was in, or more."""
    longest, covered = 0, started
    for joined, left in sorted(chain.from_iterable(people)):
        if left > covered and left > joined:
            longest, covered = max(longest, joined - covered), left
    return max(longest, ended - covered)
