"""The figures of a digest: what happened in `[start, end)`. `digests.tally` counts them.

A session counts in the period in which it started (`created_at`; 100ms docs, server-side/v2, Sessions/object), so that
consecutive digests count each once, the ones that cross midnight included. People, participant time and peak are of
what happened within the period: a visit counts with the part of it that lies in there, so consecutive digests add up.

A visit is one peer's stay, from `joined_at` up to, not including, `left_at`, by the rules of `sessions.peak` and
`Session.participant_s`. Without a leave time it lasts until the session's end (`updated_at` once it has ended,
how-to-guides/build-attendance), or goes on. Without a join time it began with the session, and adds no participant
time. Somebody who left no later than they joined was in for that moment. A person is who `sessions.identity`
says: by `user_id`, and somebody of their own in each session without one. Recorders are nobody.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

LONG_S = 4 * 3_600
"""A session that lasts longer looks forgotten: half a working day, a third of what 100ms allows (Sessions/object)."""
EMPTY_S = 10 * 60
"""An open session with nobody in for longer looks stuck: time enough for a call that dropped, or for a late host."""
ROOMS_MAX = 20
ODD_MAX = 10
ROOMS_ONCE_FROM = 6
"""Fewer rooms than that are told by name, also where each was used once: they fit on a page of the table."""

Why = Literal["long", "empty"]
By = Literal["room", "template"]
"""The grouping of the busiest: templates where most rooms were used once and the templates of most are known."""


@dataclass(frozen=True, slots=True)
class Totals:
    """What a period comes to. `sessions` started in it. `people` were in at some moment of it, each counted once.
    `participant_s`: the sum over visits of the seconds that lie in it (Sessions/retrieve-a-session). `peak`: the most
    people in at once over all sessions together, and `peak_at` when first, None where nobody was; a person counts once
    in a session, and in each of two. `longest_s`: seconds of the longest session that was live at some moment of it,
    the whole of it where it ended before the period did, else what had passed by then; 0 where there was none."""

    sessions: int
    people: int
    participant_s: float
    peak: int
    peak_at: datetime | None
    longest_s: float


@dataclass(frozen=True, slots=True)
class Longest:
    """The session that `Totals.longest_s` is of; of several as long, the first to start. `live`: it went on at the
    period's end."""

    session_id: str
    room_id: str
    length_s: float
    live: bool


@dataclass(frozen=True, slots=True)
class RoomFigures:
    """One room, or all rooms of a template, whose id `room_id` is then, "" where that isn't known. Counted as `Totals`
    are: sessions that started, people who were in, seconds they were in. `before_s`:
    those seconds in the period before, None where no session started there then and nobody was in."""

    room_id: str
    sessions: int
    people: int
    participant_s: float
    before_s: float | None


@dataclass(frozen=True, slots=True)
class OtherRooms:
    """The sum of the other rooms, or templates; `people` who were in several of them count once."""

    rooms: int
    sessions: int
    people: int
    participant_s: float


@dataclass(frozen=True, slots=True)
class Odd:
    """A session that looks wrong. `why` is `long`: it was live in the period and lasted longer than `LONG_S` (to its
    end or the period's); `empty`: it was live at the period's end with nobody in for longer than `EMPTY_S`. `length_s`
    as in `Totals.longest_s`; `empty_s`: seconds that nobody had been in, `people_in`: who were, both at the period's
    end and 0 for a session that had ended."""

    session_id: str
    room_id: str
    why: tuple[Why, ...]
    length_s: float
    empty_s: float
    people_in: int


@dataclass(frozen=True, slots=True)
class Bucket:
    """A part `[start, end)` of the period. `peak`: the most people in at once, those included who were in when it
    began; `sessions` started in it."""

    start: datetime
    end: datetime
    peak: int
    sessions: int


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of `[start, end)`. `before`: of the equally long period that ended at `start`. `rooms`: the
    `ROOMS_MAX` busiest, by participant time, then sessions, then id; a room counts where a session started or somebody
    was in. `odd`: the `ODD_MAX` longest, and how many more there are; `odd_before`: how many looked wrong in the period
    before, as of its end and by the same rules. `series`: the buckets that the edges make.
    `unreadable`: sessions that could not be read, and so count nowhere."""

    start: datetime
    end: datetime
    totals: Totals
    before: Totals
    longest: Longest | None
    rooms: tuple[RoomFigures, ...]
    other_rooms: OtherRooms | None
    odd: tuple[Odd, ...]
    odd_more: int
    odd_before: int
    series: tuple[Bucket, ...]
    unreadable: int = 0
    by: By = "room"

    @property
    def quiet(self) -> bool:
        """Whether there is nothing to tell: no session was live, and nobody in."""
        return self.longest is None and not self.totals.people


_STEPS = (
    *(timedelta(minutes=minutes) for minutes in (5, 15, 30)),
    *(timedelta(hours=hours) for hours in (1, 2)),
    *(timedelta(days=days) for days in (1, 7)),
)
_STEPS_MAX = 13
"""So a day on which the clocks change is still steps of 2 h. A period that begins within a step has a bucket more."""
_MONDAY = datetime(1970, 1, 5, tzinfo=UTC)


def edges(start: datetime, end: datetime, zone: ZoneInfo) -> list[datetime]:
    """Where to divide a period for a chart: at round times of the zone's clock, every 2 h for a day, at midnight for
    more. Strictly increasing, in UTC, the first `start` and the last `end`; they make 14 buckets at most."""
    first, last = (each.astimezone(zone).replace(tzinfo=UTC, fold=0) for each in (start, end))  # the wall clock's time
    length = last - first
    weeks = -(-length // (_STEPS_MAX * _STEPS[-1]))
    step = next((step for step in _STEPS if length <= _STEPS_MAX * step), weeks * _STEPS[-1])
    first -= (first - _MONDAY) % step
    walls = (first + number * step for number in range(_STEPS_MAX + 1))
    # A time that the clock leaps over is the moment of a later one; of a time that comes twice the first is meant.
    inner = {wall.replace(tzinfo=zone).astimezone(UTC) for wall in walls}
    return [start.astimezone(UTC), *sorted(edge for edge in inner if start < edge < end), end.astimezone(UTC)]
