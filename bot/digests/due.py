"""Decide when a digest is due. Of several missed dates only the newest is sent; it names the others. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

from bot.digests.model import Digest
from bot.query.schedule import Schedule, Window

LATE_S = 600
"""Delay from which a digest says that it is late."""
AHEAD_S = 60
"""Largest difference between clocks that are right."""
_RARE = timedelta(days=15)
"""Longest interval between two dates of a schedule: a zone may skip the day of a weekly one."""


@dataclass(frozen=True, slots=True)
class Due:
    """A due digest: the one of `day`, about `window`. `late`: more than LATE_S after its time. `skipped`: earlier
    dates that get none, oldest first."""

    day: date
    window: Window
    late: bool = False
    skipped: Sequence[date] = ()


def due(digest: Digest, now: datetime) -> Due | None:
    """The due date of a stored digest, or None; for a digest that is astray, the newest date."""
    if astray(digest, now):
        last = newest(digest.schedule, now)
        made = datetime.fromtimestamp(digest.created_ms / 1000, UTC)
        return None if last.window.end < made <= now else replace(last, late=_late(last.window, now))
    if digest.last is None or not (days := digest.schedule.missed(digest.last, now)):
        return None
    *skipped, day = days
    window = digest.schedule.window(day)
    return Due(day, window, _late(window, now), tuple(skipped))


def newest(schedule: Schedule, now: datetime) -> Due:
    """The newest date whose period is over, sent or not."""
    day = schedule.missed(now.date() - _RARE, now)[-1]
    return Due(day, schedule.window(day))


def astray(digest: Digest, now: datetime) -> bool:
    """True if a future date is already done with, since a clock was ahead: no digest would come until then."""
    (following,) = digest.schedule.next(now + timedelta(seconds=AHEAD_S))
    return digest.last is not None and digest.last >= following


def _late(window: Window, now: datetime) -> bool:
    return now - window.end > timedelta(seconds=LATE_S)
