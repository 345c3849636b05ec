"""The figures of a digest over `[start, end)`, which `digests.tally` counts.

A session counts in the period in which it started (`created_at`; 100ms docs, server-side/v2, Sessions/object), so that
consecutive digests count each once, the ones that cross midnight included. People, participant time and peak are those
within the period: of a visit only the part in it counts, so consecutive digests add up.

A visit is one peer's stay, from `joined_at` up to, not including, `left_at`, by the rules of `sessions.peak` and
`Session.participant_s`. Without a leave time it lasts until the session's end (`updated_at` once it has ended,
how-to-guides/build-attendance), or goes on. Without a join time it began with the session, and adds no participant
time. Somebody who left no later than they joined was in for that moment. People are told apart as in
`sessions.identity`: by `user_id`, and anew in each session without one. Recorders don't count.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from bot.query.wrong import Lasted

ROOMS_MAX = 20
ODD_MAX = 10
ROOMS_ONCE_FROM = 6
"""Fewer rooms are always listed by name, even if each was used once: they fit on a page of the table."""

By = Literal["room", "template"]
"""The grouping of the busiest: by template if most rooms were used once and most templates are known."""


@dataclass(frozen=True, slots=True)
class Totals:
    """The totals of a period. `sessions` started in it; `people` were in at some moment of it, each counted once.
    `participant_s`: seconds of all visits within it (Sessions/retrieve-a-session). `peak`: the most people in at once
    over all sessions, first at `peak_at`, None if nobody was in; a person counts once in a session, and in each of
    two. `longest_s`: the length in seconds of the longest session that was live in it, from its start to its end or
    the period's; 0 if there was none."""

    sessions: int
    people: int
    participant_s: float
    peak: int
    peak_at: datetime | None
    longest_s: float


@dataclass(frozen=True, slots=True)
class Longest:
    """The session of `Totals.longest_s`, the first to start among equals. `live`: it went on at the period's end."""

    session_id: str
    room_id: str
    length_s: float
    live: bool


@dataclass(frozen=True, slots=True)
class RoomFigures:
    """The figures of one room, or of all rooms of a template: then `room_id` is its id, "" if unknown. Counted as in
    `Totals`. `before_s`: `participant_s` in the period before, None if no session started there then and nobody was
    in."""

    room_id: str
    sessions: int
    people: int
    participant_s: float
    before_s: float | None


@dataclass(frozen=True, slots=True)
class OtherRooms:
    """The sum of the other rooms or templates; `people` in several of them count once."""

    rooms: int
    sessions: int
    people: int
    participant_s: float


@dataclass(frozen=True, slots=True)
class Odd:
    """A session that was live in the period and looks wrong as of its end: `why` as a list made then would say, see
    `digests.oddities`. `live`: it went on at the period's end, with `people_in`, else 0."""

    session_id: str
    room_id: str
    why: tuple[Lasted, ...]
    live: bool
    people_in: int

    @property
    def worst_s(self) -> float:
        """The seconds of what lasted longest."""
        return max(each.seconds for each in self.why)


@dataclass(frozen=True, slots=True)
class Bucket:
    """A part `[start, end)` of the period. `peak`: the most people in at once, including those in at its start."""

    start: datetime
    end: datetime
    peak: int


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of `[start, end)`. `before`: the totals of the equally long period before. `rooms`: the `ROOMS_MAX`
    busiest, by participant time, then sessions, then id, among rooms where a session started or somebody was in.
    `odd`: the `ODD_MAX` worst by `worst_s`, `odd_more` the number of others; `odd_before`: the number in the period
    before, as of its end and by the same filters. `series`: the buckets between the edges. `unreadable`: sessions that
    could not be read, and count nowhere."""

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
        """True if no session was live and nobody was in."""
        return self.longest is None and not self.totals.people


_STEPS = (
    *(timedelta(minutes=minutes) for minutes in (5, 15, 30)),
    *(timedelta(hours=hours) for hours in (1, 2)),
    *(timedelta(days=days) for days in (1, 7)),
)
_STEPS_MAX = 13
"""Enough for steps of 2 h on a day when the clocks change. A period that begins within a step has one bucket more."""
_MONDAY = datetime(1970, 1, 5, tzinfo=UTC)


def edges(start: datetime, end: datetime, zone: ZoneInfo) -> list[datetime]:
    """The edges of a chart's buckets: round times on the zone's clock, every 2 h for a day, midnights for longer
    periods. Strictly increasing, in UTC, from `start` to `end`; at most 14 buckets."""
    first, last = (each.astimezone(zone).replace(tzinfo=UTC, fold=0) for each in (start, end))  # the wall clock's time
    length = last - first
    weeks = -(-length // (_STEPS_MAX * _STEPS[-1]))
    step = next((step for step in _STEPS if length <= _STEPS_MAX * step), weeks * _STEPS[-1])
    first -= (first - _MONDAY) % step
    walls = (first + number * step for number in range(_STEPS_MAX + 1))
    # A time skipped by the clock becomes the moment of a later one; of a repeated time the first is taken.
    inner = {wall.replace(tzinfo=zone).astimezone(UTC) for wall in walls}
    return [start.astimezone(UTC), *sorted(edge for edge in inner if start < edge < end), end.astimezone(UTC)]
