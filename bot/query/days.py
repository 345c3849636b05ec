"""Parse days of the week as people write them."""

from __future__ import annotations

import re

from bot.query.schedule import EVERY_DAY, WEEKDAYS, WEEKEND
from bot.query.times import DAY_NAMES, DAYS

_SETS: dict[str, tuple[int, ...]] = {
    **dict.fromkeys(("daily", "day", "everyday"), EVERY_DAY),
    **dict.fromkeys(("weekdays", "weekday", "workdays", "workday"), WEEKDAYS),
    **dict.fromkeys(("weekends", "weekend"), WEEKEND),
    **dict.fromkeys(("weekly", "week"), ()),
}
DAY_WORDS = (*_SETS, *DAYS)
_WEEKDAYS = {name: DAYS.index(day) for name, day in DAY_NAMES.items() if day in DAYS}
_WEEKDAYS |= {day[:2]: number for number, day in enumerate(DAYS)}
_DASHES = "-–—−"


def read_days(said: str) -> tuple[int, ...] | None:
    """Parse lower-case days such as `weekdays`, `mondays`, `mon-fri`, `mon.-fri.`, or these after a minus; None for any
    other text."""
    said = said.lstrip(_DASHES)
    if (alone := said.rstrip(".!")) in _SETS:
        return _SETS[alone]
    names = [name.rstrip(".!") for name in re.split(f"[{_DASHES}]+", said, maxsplit=1)]
    days = [_WEEKDAYS.get(name, _WEEKDAYS.get(name.removesuffix("s"))) for name in names]
    first, last = days[0], days[-1]
    if first is None or last is None:
        return None
    return tuple((first + ahead) % 7 for ahead in range((last - first) % 7 + 1))
