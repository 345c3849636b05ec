"""Parse days of the week as people write them."""

from __future__ import annotations

import re
from contextlib import suppress

from bot.query.schedule import EVERY_DAY, WEEKDAYS, WEEKEND
from bot.query.suggest import nearest
from bot.query.times import DAYS, Day, parse_time

_SETS: dict[str, tuple[int, ...]] = {
    **dict.fromkeys(("daily", "day", "everyday"), EVERY_DAY),
    **dict.fromkeys(("weekdays", "weekday", "workdays", "workday"), WEEKDAYS),
    **dict.fromkeys(("weekends", "weekend"), WEEKEND),
    **dict.fromkeys(("weekly", "week"), ()),
}
_SHORT_DAYS = [day[:2] for day in DAYS]
_DASHES = "-–—−"


def read_days(said: str) -> tuple[int, ...] | None:
    """Parse lower-case days such as `weekdays`, `mondays`, `mon-fri`, `mon.-fri.`, or these after a minus; None for any
    other text."""
    said = said.lstrip(_DASHES)
    if (alone := said.rstrip(".!")) in _SETS:
        return _SETS[alone]
    ends = [_weekday(each.rstrip(".!")) for each in re.split(f"[{_DASHES}]+", said, maxsplit=1)]
    first, last = ends[0], ends[-1]
    if first is None or last is None:
        return None
    return tuple((first + ahead) % 7 for ahead in range((last - first) % 7 + 1))


def _weekday(said: str) -> int | None:
    for name in (said, said.removesuffix("s")):
        with suppress(ValueError):
            if name in _SHORT_DAYS:
                return _SHORT_DAYS.index(name)
            when = parse_time(name) if name.isalpha() else None
            if isinstance(when, Day) and when.name in DAYS:
                return DAYS.index(when.name)
    return None


def nearest_day(said: str) -> str | None:
    """Return the nearest word for days, or None."""
    return nearest(said, (*_SETS, *DAYS))
