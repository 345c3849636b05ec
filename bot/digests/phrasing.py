"""The phrases of a digest as mrkdwn: its period, figures, changes and oddities.

Times are on the clock of the digest's zone, since labels of a chart can't follow the reader's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from bot.blockkit.escape import plain
from bot.blockkit.limits import CHART_LABEL_CHARS
from bot.blockkit.phrases import NO_BREAK, Names, length, listed, room
from bot.blockkit.wrong import was_wrong
from bot.digests.figures import Bucket, Figures, Odd, RoomFigures, Totals

PERCENT_FROM, PERCENT_MOST = 10, 999
"""Bounds within which a percentage means something: the least number before, and the greatest change."""
LENGTH_MOST_S = 31 * 86_400
"""Longer lengths aren't shown: without a start from 100ms a session seems decades long."""
_PERIODS = {1: ("Daily digest", "the day before"), 7: ("Weekly digest", "the week before")}
_NAME_CHARS = 40


@dataclass(frozen=True, slots=True)
class Fact:
    """One figure of the period: `*102* sessions`. `change`: from the period before, "" if there is nothing to compare
    with."""

    value: str
    label: str
    change: str

    def __str__(self) -> str:
        return f"*{self.value}* {self.label}"


@dataclass(frozen=True, slots=True)
class Period:
    """A digest's period `[start, end)` in words."""

    start: datetime
    end: datetime
    zone: str

    @property
    def title(self) -> str:
        return f"{self._names[0]} · {day(self._local(self.end))}"

    @property
    def before(self) -> str:
        """The period of comparison, such as `the day before`."""
        return self._names[1]

    @property
    def span(self) -> str:
        """`Sun 22 Nov 09:00 – Mon 23 Nov 09:00`."""
        return f"{self.moment(self.start)} – {self.moment(self.end)}"

    def moment(self, when: datetime) -> str:
        return f"{day(self._local(when))} {self._local(when):%H:%M}".replace(" ", NO_BREAK)

    @property
    def due(self) -> str:
        """`09:00 on Mon 23 Nov`."""
        return f"{self._local(self.end):%H:%M} on {day(self._local(self.end))}".replace(" ", NO_BREAK)

    def within(self, when: datetime) -> str:
        """A moment of the period: `14:05 on Sun`."""
        local = self._local(when)
        date = f"{local:%a}" if self.end - self.start < timedelta(days=6) else day(local)
        return f"{local:%H:%M} on {date}".replace(" ", NO_BREAK)

    def labels(self, buckets: Sequence[Bucket]) -> list[str]:
        """A distinct label for each bucket: the time of day, the day, or both."""
        starts = [self._local(each.start) for each in buckets]
        if any(each.end - each.start > timedelta(hours=20) for each in buckets):
            return unique(f"{start:%a} {start.day}" for start in starts)
        one_day = self.end - self.start <= timedelta(hours=26)
        return unique(f"{start:%H:%M}" if one_day else f"{start:%a %H:%M}" for start in starts)

    @property
    def _names(self) -> tuple[str, str]:
        days = max(1, round((self.end - self.start) / timedelta(days=1)))  # a day has 23 or 25 hours at times
        return _PERIODS.get(days, ("Digest", f"the {days} days before"))

    def _local(self, when: datetime) -> datetime:
        return when.astimezone(ZoneInfo(self.zone))


def day(when: date) -> str:
    """`Mon 23 Nov`."""
    return f"{when:%a} {when.day} {when:%b}"


def days(dates: Sequence[date], most: int) -> str:
    """`Sat 21 Nov, Sun 22 Nov`; more than `most` become their number, the first and the last."""
    if len(dates) > most:
        return f"{len(dates)} digests, {day(dates[0])} to {day(dates[-1])}"
    return ", ".join(map(day, dates))


def facts(figures: Figures, names: Names, period: Period) -> list[Fact]:
    """The figures of the period, the most important first."""
    now, before = figures.totals, figures.before

    def fact(figure: Callable[[Totals], int], one: str, many: str) -> Fact:
        difference = change(figure(now), figure(before)) if compared(figures) else ""
        return Fact(f"{figure(now):,}", one if figure(now) == 1 else many, difference)

    at_once = "at once" + (f", at {period.within(now.peak_at)}" if now.peak_at else "")
    facts = [
        fact(lambda totals: totals.sessions, "session", "sessions"),
        fact(lambda totals: totals.people, "person", "people"),
        fact(lambda totals: minutes(totals.participant_s), "participant-minute", "participant-minutes"),
        fact(lambda totals: totals.peak, f"person {at_once}", f"people {at_once}"),
    ]
    if longest := figures.longest:
        where = f"longest session, in {room(longest.room_id, names, _NAME_CHARS)}"
        difference = longer(longest.length_s, before.longest_s) if compared(figures) else ""
        facts.insert(3, Fact(lasted(longest.length_s), where + (", still open" if longest.live else ""), difference))
    return facts


def compared(figures: Figures) -> bool:
    """True if the period before has sessions or people to compare with."""
    return bool(figures.before.sessions or figures.before.people)


def room_change(figures: RoomFigures) -> str:
    """The change of a room's minutes; `new` if it wasn't used in the period before."""
    return "new" if figures.before_s is None else change(minutes(figures.participant_s), minutes(figures.before_s))


def change(now: int, before: int) -> str:
    """`▲ 12 more (8 %)`, `▼ 3 fewer`, `unchanged`: in words, as an arrow alone tells a screen reader nothing."""
    if now == before:
        return "unchanged"
    difference = abs(now - before)
    percent = round(100 * difference / before) if before >= PERCENT_FROM else 0
    share = f" ({percent} %)" if 0 < percent <= PERCENT_MOST else ""
    return f"{'▲' if now > before else '▼'} {difference:,} {'more' if now > before else 'fewer'}{share}".replace(
        " ", NO_BREAK
    )


def longer(now_s: float, before_s: float) -> str:
    """`▲ 25 min longer`; "" if either length is implausible."""
    if max(now_s, before_s) > LENGTH_MOST_S or not before_s:
        return ""
    if abs(now_s - before_s) < 1:
        return "unchanged"
    difference = length(abs(now_s - before_s))
    return f"▲ {difference} longer" if now_s > before_s else f"▼ {difference} shorter"


def minutes(seconds: float) -> int:
    return round(seconds / 60)


def lasted(seconds: float) -> str:
    return length(seconds) if seconds <= LENGTH_MOST_S else "more than a month"


def odd(session: Odd, names: Names) -> str:
    """`*town-hall* · it was open for 9 h 00 min · still open, 4 in`."""
    oddities = listed([f"{was_wrong(str(each.term))} for {lasted(each.seconds)}" for each in session.why])
    people = f", {session.people_in:,} in" if session.people_in else ""
    still = [f"still open{people}"] if session.live else []
    return " · ".join([room(session.room_id, names, _NAME_CHARS), oddities, *still])


def unique(labels: Iterable[str], most_chars: int = CHART_LABEL_CHARS) -> list[str]:
    """Labels for a chart: one line, not empty, at most `most_chars`, and distinct: the second `Lab` is `Lab (2)`."""
    made: list[str] = []
    for label in labels:
        shown = plain(label, most_chars) or "–"
        number = 1
        while shown in made:
            number += 1
            suffix = f" ({number})"
            shown = plain(label, most_chars - len(suffix)) + suffix
        made.append(shown)
    return made
