"""The spells of a session: the times in which nobody was in, one person was alone, or nobody of a role was in. Pure.

They are read from the session's record alone. Recorders are nobody: they aren't among its peers.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from datetime import datetime
from operator import itemgetter
from typing import NamedTuple

from bot.sessions.identity import NEVER
from bot.sessions.model import Session


class Spell(NamedTuple):
    """A time without a break in which something holds; `end` is None while it goes on."""

    begin: datetime
    end: datetime | None = None


_State = Callable[[Mapping[Hashable, int], int], Hashable]
"""The state of a session by the people who are in, with their connections, and the number of connections that count.
Equal values are one spell, None is no spell."""


def idle(session: Session) -> list[Spell]:
    """Return the spells in which nobody is in."""
    return _kept(session, "idle", lambda people, _: None if people else True)


def alone(session: Session) -> list[Spell]:
    """Return the spells in which a single person is in, each of one person."""
    return _kept(session, "alone", lambda people, _: next(iter(people)) if len(people) == 1 else None)


def missing(session: Session, key: str, counts: Callable[[str], bool]) -> list[Spell]:
    """Return the spells in which somebody is in, but nobody whose role `counts`; `key` identifies that check."""
    return _kept(session, f"missing {key}", lambda people, counted: True if people and not counted else None, counts)


def _kept(session: Session, key: str, state: _State, counts: Callable[[str], bool] | None = None) -> list[Spell]:
    """Return the spells of a kind, computed once for a session: many queries ask for the same."""
    kept = session.spells
    if key not in kept:
        kept[key] = _spells(session, state, counts)
    return kept[key]


def _spells(session: Session, state: _State, counts: Callable[[str], bool] | None) -> list[Spell]:
    """Return the spells by their begin; only a live session has one without end. Moves of one moment happen at once:
    somebody who leaves and is back in the same moment was never gone. Those before the start happen at the start, those
    after the end never."""
    start, end = session.started_at, session.ended_at
    last = end or NEVER
    role_counts: dict[str | None, bool] = {}
    moves: list[tuple[datetime, int, Hashable, bool]] = []  # moment, 1 or -1, the person, whether the role counts
    for who, peer, joined, left in session.visits(last):
        if counts and peer.role not in role_counts:
            role_counts[peer.role] = counts(peer.role or "")
        counted = role_counts.get(peer.role, False)
        moves += (joined, 1, who, counted), (left, -1, who, counted)
    moves.sort(key=itemgetter(0))
    people: dict[Hashable, int] = {}
    counting, place = 0, 0
    spells: list[Spell] = []
    holds: Hashable = None
    begin = at = start
    while at < last:
        while place < len(moves) and moves[place][0] <= at:
            _, step, who, counted = moves[place]
            place += 1
            counting += step * counted
            people[who] = people.get(who, 0) + step
            if not people[who]:
                del people[who]
        if (now := state(people, counting)) != holds:
            if holds is not None:
                spells.append(Spell(begin, at))
            holds, begin = now, at
        at = moves[place][0] if place < len(moves) else last
    if holds is not None:
        spells.append(Spell(begin, end))
    return spells
