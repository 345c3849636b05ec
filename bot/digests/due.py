"""Which digest is due: of several that were missed the newest, and the others are named."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

from bot.digests.model import Digest
from bot.query.schedule import Schedule, Window

LATE_S = 600
"""A digest that is made so long after its time says that it is late."""
AHEAD_S = 60
"""Clocks differ by so much at most, else one of them is wrong."""
_RARE = timedelta(days=15)
"""A schedule has a date at least so often; of a weekly one a zone may skip the day."""


@dataclass(frozen=True, slots=True)
class Due:
    """The digest of `day`, about `window`. `late`: its time is long over. `skipped`: the dates before it that get none,
    oldest first."""

    day: date
    window: Window
    late: bool = False
    skipped: Sequence[date] = ()


def due(digest: Digest, now: datetime) -> Due | None:
    """What is to be sent of a stored digest, or None where nothing is. Of one that is astray, the newest."""
    if astray(digest, now):
        what = newest(digest.schedule, now)
        made = datetime.fromtimestamp(digest.created_ms / 1000, UTC)
        return None if what.window.end < made <= now else replace(what, late=_late(what.window, now))
    if digest.last is None or not (days := digest.schedule.missed(digest.last, now)):
        return None
    *skipped, day = days
    window = digest.schedule.window(day)
    return Due(day, window, _late(window, now), tuple(skipped))


def newest(schedule: Schedule, now: datetime) -> Due:
    """The newest one whose period is over, whether or not it was sent."""
    day = schedule.missed(now.date() - _RARE, now)[-1]
    return Due(day, schedule.window(day))


def astray(digest: Digest, now: datetime) -> bool:
    """Whether a date is done with that has not come: a clock was ahead. It would be silent until then."""
    (following,) = digest.schedule.next(now + timedelta(seconds=AHEAD_S))
    return digest.last is not None and digest.last >= following


def _late(window: Window, now: datetime) -> bool:
    return now - window.end > timedelta(seconds=LATE_S)
