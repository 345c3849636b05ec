"""Count the figures of a digest in one pass over sessions that aren't kept.

Times are whole microseconds since 1970, the resolution of datetime, so sums are exact. A session within the period has
the figures of `sessions.peak` and `Session.participant_s`.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from bot.digests.figures import (
    ODD_MAX,
    ROOMS_MAX,
    ROOMS_ONCE_FROM,
    Bucket,
    By,
    Figures,
    Longest,
    Odd,
    OtherRooms,
    RoomFigures,
    Totals,
)
from bot.digests.oddities import Stays, Visits, odd, unremarkable
from bot.sessions.identity import NEVER
from bot.sessions.model import Session

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_SECOND = 1_000_000

NO_TEMPLATES: Mapping[str, str] = {}


@dataclass(slots=True)
class _Count:
    """The counts of a period, or of a room in it. `people` are hashes, one for each person in each session: ids would
    take ten times the memory, and among a million people two collide with a chance of 1 in 30 million."""

    sessions: int = 0
    participant_us: int = 0
    people: array[int] = field(default_factory=lambda: array("q"))

    @classmethod
    def sum(cls, counts: Iterable[_Count]) -> _Count:
        total = cls()
        for count in counts:
            total.sessions += count.sessions
            total.participant_us += count.participant_us
            total.people += count.people
        return total

    @property
    def figures(self) -> tuple[int, int, float]:
        """Sessions, people, participant seconds."""
        return self.sessions, len(set(self.people)), self.participant_us / _SECOND


class Tally:
    """Counts `Figures` of a period and the totals of the equally long one before it, session by session. The period
    goes from the first of `edges` (`digests.figures.edges`) to the last; they are those of the buckets of its series.

    Memory: an id for each session, three numbers for each visit, the odd sessions that are shown; 7 MB for 10,000
    sessions of 20 peers."""

    def __init__(self, edges: Sequence[datetime]) -> None:
        """Raises ValueError for edges that don't rise."""
        self._edges = [_microseconds(edge) for edge in edges]
        if any(earlier >= later for earlier, later in pairwise(self._edges)):
            raise ValueError("edges must rise from the period's start to its end")
        self._start, self._end = self._edges[0], self._edges[-1]
        # Windows: the period before, then the buckets. For each, joins and leaves.
        self._marks = [2 * self._start - self._end, *self._edges]
        self._moves = [array("q") for _ in self._edges]
        self._seen: set[str] = set()
        self._rooms: dict[str, _Count] = defaultdict(_Count)
        self._rooms_before: dict[str, _Count] = defaultdict(_Count)
        self._longest_before = 0
        self._odd_before = 0
        self._longest: tuple[tuple[int, int, str], Longest] | None = None
        self._odd: list[Odd] = []  # the worst
        self._odd_count = 0

    def add(self, session: Session) -> None:
        """Count a session, in any order; each id counts once."""
        if session.id in self._seen:
            return
        self._seen.add(session.id)
        end_at = session.ended_at or NEVER
        started, ended = _microseconds(session.started_at), _microseconds(end_at)
        periods = (
            (self._rooms_before[session.room_id], self._marks[0], self._start),
            (self._rooms[session.room_id], self._start, self._end),
        )
        for count, begin, end in periods:
            count.sessions += begin <= started < end

        everyone: Visits = {}
        leads: dict[str | None, bool] = {}
        hosts: Visits = {}
        for who, peer, joined_at, left_at in session.visits(end_at):
            joined, left = visit = _microseconds(joined_at), _microseconds(left_at)
            if peer.joined is not None:
                for count, begin, end in periods:
                    if joined < end and begin < left:
                        count.participant_us += (left if left < end else end) - (joined if joined > begin else begin)
            everyone.setdefault(who, []).append(visit)
            if (role := peer.role) not in leads:
                leads[role] = session.roles.leads(role or "")
            if leads[role]:
                hosts.setdefault(who, []).append(visit)
        for who, visits in everyone.items():
            person = hash(who if isinstance(who, str) else (session.id, who))
            stays = _stays(visits)
            for count, begin, end in periods:
                for joined, left in stays:
                    if joined < end and begin < left:
                        count.people.append(person)
                        break
            for joined, left in stays:
                self._move(joined, left)
        self._examine(session, started, ended, everyone, hosts)

    def _move(self, joined: int, left: int) -> None:
        """Record a join and a leave. Somebody who leaves as a window begins leaves in the one before: they aren't in
        at its start, and go before those who join then."""
        first, end = self._marks[0], self._end
        if joined < end and first < left:
            joined = max(joined, first)
            self._moves[bisect_right(self._marks, joined) - 1].append(2 * joined + 1)
            if left < end:
                self._moves[bisect_left(self._marks, left) - 1].append(2 * left)

    def _examine(self, session: Session, started: int, ended: int, everyone: Visits, hosts: Visits) -> None:
        """Update the longest session and the odd ones."""

        def as_of(moment: int) -> Odd | None:
            if ended <= moment and unremarkable(started, ended, everyone, hosts):
                return None
            return odd(session, _datetime(moment))

        if _is_live(started, ended, self._marks[0], self._start):
            self._longest_before = max(self._longest_before, min(ended, self._start) - started)
            self._odd_before += as_of(self._start) is not None
        if not _is_live(started, ended, self._start, self._end):
            return
        length, live = max(0, min(ended, self._end) - started), ended > self._end
        rank = (-length, started, session.id)
        if self._longest is None or rank < self._longest[0]:
            self._longest = rank, Longest(session.id, session.room_id, length / _SECOND, live)
        if found := as_of(self._end):
            self._odd_count += 1
            self._odd = sorted([*self._odd, found], key=lambda each: (-each.worst_s, each.session_id))[:ODD_MAX]

    @property
    def room_ids(self) -> set[str]:
        """The rooms of the sessions added so far."""
        return self._rooms.keys() | self._rooms_before.keys()

    def figures(self, templates: Mapping[str, str] = NO_TEMPLATES) -> Figures:
        """The figures of the sessions added so far. `templates`: template ids by room id, as far as they are known, to
        group rooms that are used once."""
        peaks = self._peaks()
        rooms, before = _where_something_was(self._rooms), _where_something_was(self._rooms_before)
        grouped = sum(1 for id in rooms if templates.get(id))
        by: By = "template" if 2 * grouped > len(rooms) and _used_once(rooms, before) else "room"
        if by == "template":
            rooms, before = (_grouped(counts, templates) for counts in (rooms, before))
        busiest = sorted(rooms, key=lambda id: (-rooms[id].participant_us, -rooms[id].sessions, id))
        others = [rooms[id] for id in busiest[ROOMS_MAX:]]
        longest = self._longest[1] if self._longest else None
        return Figures(
            start=_datetime(self._start),
            end=_datetime(self._end),
            totals=_totals(_Count.sum(rooms.values()), peaks[1:], longest.length_s if longest else 0.0),
            before=_totals(_Count.sum(before.values()), peaks[:1], self._longest_before / _SECOND),
            longest=longest,
            rooms=tuple(
                RoomFigures(id, *rooms[id].figures, before[id].participant_us / _SECOND if id in before else None)
                for id in busiest[:ROOMS_MAX]
            ),
            by=by,
            other_rooms=OtherRooms(len(others), *_Count.sum(others).figures) if others else None,
            odd=tuple(self._odd),
            odd_more=self._odd_count - len(self._odd),
            odd_before=self._odd_before,
            series=tuple(
                Bucket(_datetime(begin), _datetime(end), most)
                for (begin, end), (most, _) in zip(pairwise(self._edges), peaks[1:], strict=True)
            ),
        )

    def _peaks(self) -> list[tuple[int, int]]:
        """For each window, the most people in at once and the first time of that."""
        peaks = []
        people_in = 0
        for begin, moves in zip(self._marks, self._moves, strict=False):
            most, when = people_in, begin
            for move in sorted(moves):
                if move & 1:
                    people_in += 1
                    if people_in > most:
                        most, when = people_in, move >> 1
                else:
                    people_in -= 1
            peaks.append((most, when))
        return peaks


def _stays(visits: Stays) -> Stays:
    """A person's visits merged into stays, whatever their peers. Somebody who left at once stays for a microsecond, in
    which nobody else joins or leaves."""
    stays: Stays = []
    for joined, left in sorted(visits):
        left = max(left, joined + 1)
        if stays and joined <= stays[-1][1]:
            stays[-1] = stays[-1][0], max(stays[-1][1], left)
        else:
            stays.append((joined, left))
    return stays


def _where_something_was(rooms: Mapping[str, _Count]) -> dict[str, _Count]:
    return {id: count for id, count in rooms.items() if count.sessions or count.people}


def _used_once(rooms: Mapping[str, _Count], before: Mapping[str, _Count]) -> bool:
    """True if most rooms had at most one session in both periods together, so that a list of rooms would say little."""
    once = sum(1 for id, count in rooms.items() if count.sessions + (before[id].sessions if id in before else 0) <= 1)
    return len(rooms) >= ROOMS_ONCE_FROM and 2 * once > len(rooms)


def _grouped(rooms: Mapping[str, _Count], templates: Mapping[str, str]) -> dict[str, _Count]:
    """The counts by template; under "" where it is unknown."""
    groups: dict[str, list[_Count]] = defaultdict(list)
    for id, count in rooms.items():
        groups[templates.get(id, "")].append(count)
    return {id: _Count.sum(counts) for id, counts in groups.items()}


def _is_live(started: int, ended: int, begin: int, end: int) -> bool:
    """True if a session was live at some moment of `[begin, end)`."""
    return started < end and begin < max(ended, started + 1)


def _totals(count: _Count, peaks: list[tuple[int, int]], longest_s: float) -> Totals:
    peak, at = max(peaks, key=lambda each: each[0])  # the first of equals
    return Totals(*count.figures, peak, _datetime(at) if peak else None, longest_s)


def _microseconds(when: datetime) -> int:
    return (when - _EPOCH) // _MICROSECOND


def _datetime(us: int) -> datetime:
    return _EPOCH + us * _MICROSECOND
