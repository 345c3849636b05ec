"""The spells of a session: the times in which nobody was in, somebody was alone, or nobody of a role was in. Pure.

They are read from the record alone, so that a restart changes nothing. Recorders are nobody.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from datetime import datetime
from typing import NamedTuple

from bot.sessions.identity import NEVER
from bot.sessions.model import Session


class Spell(NamedTuple):
    """A time in which something holds without a break. `end` is None while it goes on."""

    begin: datetime
    end: datetime | None = None

    def lasted_s(self, now: datetime) -> float:
        """Return its length in seconds, up to `now` if it goes on."""
        return ((self.end or now) - self.begin).total_seconds()


State = Callable[[Mapping[Hashable, int], int], Hashable]
"""From the people who are in, with their connections, and the number of connections whose role counts: what holds, the
same value for as long as it is the same spell; None where nothing does."""


def nobody(session: Session) -> list[Spell]:
    """Return the spells in which nobody is in."""
    return _spells(session, lambda people, _: not people or None)


def alone(session: Session) -> list[Spell]:
    """Return the spells in which one person is in alone, each of one person."""
    return _spells(session, lambda people, _: next(iter(people)) if len(people) == 1 else None)


def without(session: Session, counts: Callable[[str], bool]) -> list[Spell]:
    """Return the spells in which somebody is in, and nobody whose role counts."""
    return _spells(session, lambda people, counted: (bool(people) and not counted) or None, counts)


def _spells(session: Session, state: State, counts: Callable[[str], bool] = lambda role: False) -> list[Spell]:
    """Return the spells by their begin; of a live session the last one may go on. What happens at one moment happens at
    once: who leaves and comes back in it was never gone."""
    start, end = session.started_at, session.ended_at
    roles: dict[str, bool] = {}
    moves: list[tuple[datetime, int, Hashable, bool]] = []
    for who, peer, joined, left in session.visits(end or NEVER):
        role = peer.role or ""
        if role not in roles:
            roles[role] = counts(role)
        if end is not None:
            joined, left = min(joined, end), min(left, end)
        if joined < left:
            moves.append((max(joined, start), 1, who, roles[role]))
            if left != NEVER:
                moves.append((max(left, start), -1, who, roles[role]))
    moves.sort(key=lambda move: move[0])
    people: dict[Hashable, int] = {}
    counted, place = 0, 0
    found: list[Spell] = []
    holds, begin = None, start
    at = start
    while True:
        while place < len(moves) and moves[place][0] <= at:
            _, step, who, counting = moves[place]
            counted += step * counting
            people[who] = people.get(who, 0) + step
            if not people[who]:
                del people[who]
            place += 1
        now = state(people, counted)
        if now != holds:
            if holds is not None and begin < at:
                found.append(Spell(begin, at))
            holds, begin = now, at
        if place == len(moves):
            break
        at = moves[place][0]
    if holds is not None and (end is None or begin < end):
        found.append(Spell(begin, end))
    return found
