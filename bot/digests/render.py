"""Draw a digest: the figures and their changes, odd sessions, two charts, the busiest rooms.

The text has every figure too, for workspaces that refuse such blocks. Nobody is mentioned, not even its maker: it comes
unasked, and every mention notifies.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bot.blockkit import actions as ids
from bot.blockkit.blocks import (
    Block,
    Cell,
    Message,
    actions,
    bars,
    button,
    context,
    data_table,
    fields,
    header,
    pie,
    section,
)
from bot.blockkit.escape import mrkdwn, plain
from bot.blockkit.fit import fitting
from bot.blockkit.help import COMMAND
from bot.blockkit.limits import CHART_SEGMENTS, UPDATE_TEXT_CHARS
from bot.blockkit.phrases import NAME_CHARS, SESSIONS, Names, count, room, sessions, template, unread
from bot.digests.due import Due
from bot.digests.figures import Figures
from bot.digests.model import Digest
from bot.digests.phrasing import Period, change, compared, days, facts, minutes, odd, room_change, unique
from bot.query.cursor import PageCursor
from bot.query.model import Query, Term, canonical
from bot.query.parse import RESOLVED_CHARS
from bot.query.times import Instant
from bot.query.values import is_id

ODD_SHOWN = 5
SKIPPED_SHOWN = 5
TABLE_PAGE = 5
_WORDS_CHARS = 500
_NAME_CHARS = 40
_ODD_CHARS = 2_500
"""Maximum characters of the odd sessions in the text, which has the rooms besides."""
_NO_TEMPLATE = "template not known"
_ONCE = "By template, as most rooms were used once."


def digest_message(figures: Figures, digest: Digest, names: Names, due: Due, *, preview: bool = False) -> Message:
    """The message of a due digest, or its preview. `names`: those of rooms by id."""
    return _Drawing(figures, digest, names, due, preview).message()


@dataclass(frozen=True, slots=True)
class _Drawing:
    figures: Figures
    digest: Digest
    names: Names
    due: Due
    preview: bool

    def message(self) -> Message:
        title = f"📊 {self._period.title}"
        if self.figures.quiet:
            none = "\n".join([self._none, *self._notes])
            return Message(f"{title}: {none}", [section(f"*{title}*: {none}")])
        about, foot = "\n".join([self._about, *self._notes]), self._foot
        drawn = facts(self.figures, self.names, self._period)
        blocks = [
            header(title),
            section(about),
            fields(*(f"{fact}\n{fact.change}".rstrip() for fact in drawn)),
            context(self._compared),
            *self._odd(),
            *self._charts(),
            *self._rooms(),
            *self._buttons(),
            context(foot),
        ]
        head = f"{title}: {', '.join(f'{fact.value} {fact.label}' for fact in drawn[:3])}."
        changes = [f"• {fact}" + (f": {fact.change}" if fact.change else "") for fact in drawn]
        lines = [head, about, *changes, self._compared, *self._odd_lines(), *self._series_line()]
        return Message("\n".join([*lines, *self._room_lines(lines), foot]), blocks)

    @property
    def _period(self) -> Period:
        return Period(self.figures.start, self.figures.end, self.digest.schedule.zone)

    @property
    def _about(self) -> str:
        words = sessions(self.digest.query, self.names, _WORDS_CHARS)
        return f"{words} · {self._period.span}, {self.digest.schedule.zone}"

    @property
    def _none(self) -> str:
        """The one sentence about a quiet period."""
        words = sessions(self.digest.query, self.names, _WORDS_CHARS)
        such = f" {words.removeprefix(SESSIONS)}" if words.startswith(SESSIONS) else ""
        return f"no sessions{such} · {self._period.span}, {self.digest.schedule.zone}"

    @property
    def _notes(self) -> list[str]:
        """Notes on a preview, a delay, skipped dates and unreadable sessions."""
        notes = []
        if self.preview:
            notes.append("👁️ A preview, which only you see.")
        if self.due.late:
            notes.append(f"🕘 This digest is late: it was due at {self._period.due}.")
        if self.due.skipped:
            notes.append(f"⏭️ Skipped: {days(self.due.skipped, SKIPPED_SHOWN)}.")
        if self.figures.unreadable:
            notes.append(unread(self.figures.unreadable))
        return notes

    @property
    def _compared(self) -> str:
        if compared(self.figures):
            return f"Compared with {self._period.before}."
        return f"Nothing to compare with: no sessions {self._period.before}."

    @property
    def _foot(self) -> str:
        number = f"Digest {self.digest.number} of this channel. " if self.digest.number else ""
        return f"{number}`{COMMAND} digests` lists, previews, pauses and ends digests."

    def _odd(self) -> Iterable[Block]:
        """Sections for the odd sessions, each with a button that shows it."""
        shown = self.figures.odd[:ODD_SHOWN]
        if not self._odd_head:
            return
        yield section(self._odd_head)
        for each in shown:
            name = self.names.get(each.room_id) or each.room_id
            show = button("Show", ids.SHOW, ids.write(each.session_id), spoken=f"Show the session in {name}")
            yield section(odd(each, self.names), show if is_id(each.session_id) else None)
        if more := len(self.figures.odd) - len(shown) + self.figures.odd_more:
            yield context(f"… and {more:,} more")

    @property
    def _odd_head(self) -> str:
        """The number of odd sessions and its change from the period before; "" if there were none in both."""
        number, before = len(self.figures.odd) + self.figures.odd_more, self.figures.odd_before
        if not number and not before:
            return ""
        how = f" · {change(number, before)}" if compared(self.figures) or before else ""
        as_of = f"as of {self._period.moment(self.figures.end)}"
        if not number:
            return f"✅ *Nothing worth a look*, {as_of}{how}"
        return f"⚠️ *Worth a look*, {as_of} · {count(number, 'session', 'sessions')}{how}"

    def _charts(self) -> Iterable[Block]:
        if peaks := self._peaks():
            axis = f"time in {self.digest.schedule.zone}"
            yield bars("Most people at once, over all sessions", "people", peaks, x_label=axis, y_label="people")
        if len(parts := self._minutes()) > 1:
            yield pie(f"Participant-minutes by {self.figures.by}", parts)

    def _peaks(self) -> dict[str, int]:
        """The most people at once by the label of each bucket; none if nobody was in or there is one bucket."""
        series = self.figures.series
        if not self.figures.totals.peak or len(series) < 2:
            return {}
        return dict(zip(self._period.labels(series), (bucket.peak for bucket in series), strict=True))

    def _minutes(self) -> dict[str, float]:
        """Participant-minutes of the busiest rooms by label, the others summed up."""
        parts = [(self._plain_name(each.room_id), minutes(each.participant_s)) for each in self.figures.rooms]
        others = self.figures.other_rooms
        rest = minutes(others.participant_s) if others else 0
        parts = [part for part in parts if part[1]]
        if rest or len(parts) > CHART_SEGMENTS:
            most = CHART_SEGMENTS - 1
            rest += sum(value for _, value in parts[most:])
            parts = [*parts[:most], (f"Other {self.figures.by}s", rest)]
        return dict(zip(unique(name for name, _ in parts), (value for _, value in parts), strict=True))

    def _rooms(self) -> Iterable[Block]:
        rooms = self.figures.rooms
        if len(rooms) < 2:
            return
        rows: list[list[Cell]] = []
        for each in rooms:
            now = minutes(each.participant_s)
            how: list[Cell] = [(now - minutes(each.before_s or 0), room_change(each))] if compared(self.figures) else []
            rows.append([self._plain_name(each.room_id), now, *how, each.sessions, each.people])
        changes = ["Change"] if compared(self.figures) else []
        head = [self.figures.by.capitalize(), "Minutes", *changes, "Sessions", "People"]
        yield data_table(f"Busiest {self.figures.by}s", head, rows, page_size=TABLE_PAGE)
        if notes := [note for note in (self._other_rooms, self._once) if note]:
            yield context(" ".join(notes))

    def _buttons(self) -> Iterable[Block]:
        """The button that lists the period's sessions for who presses it."""
        query = self.digest.query
        times = (Term("after", Instant(self.figures.start)), Term("before", Instant(self.figures.end)))
        asked = Query("all", canonical([*query.terms, *times]))
        if len(str(asked)) <= RESOLVED_CHARS:
            place = PageCursor.first(asked, self.figures.end, self.digest.schedule.zone)
            yield actions(
                button("List its sessions", ids.OPEN, place.write(), spoken="List the sessions of this digest")
            )

    def _odd_lines(self) -> list[str]:
        if not self._odd_head:
            return []
        lines = [f"• {odd(each, self.names)} · session {mrkdwn(each.session_id, 24)}" for each in self.figures.odd]
        shown = fitting(lines, _ODD_CHARS)
        more = len(lines) - len(shown) + self.figures.odd_more
        return [self._odd_head, *shown, *([f"… and {more:,} more"] if more else [])]

    def _series_line(self) -> list[str]:
        peaks = ", ".join(f"{label} {peak:,}" for label, peak in self._peaks().items())
        return [f"Most people at once over all sessions, from: {peaks}"] if peaks else []

    def _room_lines(self, others: Sequence[str]) -> list[str]:
        """Lines for the busiest rooms, as many as fit beside the other lines."""
        rooms = self.figures.rooms
        if len(rooms) < 2:
            return []
        lines = [f"*Busiest {self.figures.by}s*{f' · {self._once}' if self._once else ''}"]
        left = UPDATE_TEXT_CHARS - sum(len(line) + 1 for line in (*others, *lines, self._other_rooms, self._foot)) - 30
        rows = []
        for place, each in enumerate(rooms, start=1):
            counts = (count(each.sessions, "session", "sessions"), count(each.people, "person", "people"))
            held = f"{minutes(each.participant_s):,} participant-minutes"
            values = (*counts, held, room_change(each)) if compared(self.figures) else (*counts, held)
            rows.append(f"{place}. {self._name(each.room_id)}: {', '.join(values)}")
        shown = fitting(rows, left)
        more = [f"… and {len(rows) - len(shown)} more"] if len(rows) > len(shown) else []
        return [*lines, *shown, *more, *filter(None, (self._other_rooms,))]

    @property
    def _other_rooms(self) -> str:
        if not (others := self.figures.other_rooms):
            return ""
        rooms = count(others.rooms, f"other {self.figures.by}", f"other {self.figures.by}s")
        held = f"{count(others.sessions, 'session', 'sessions')}, {count(others.people, 'person', 'people')}"
        return f"And {rooms}: {held}, {minutes(others.participant_s):,} participant-minutes."

    @property
    def _once(self) -> str:
        return _ONCE if self.figures.by == "template" else ""

    def _name(self, id: str) -> str:
        """The name of a busiest room or template, as mrkdwn."""
        if self.figures.by == "room":
            return room(id, self.names, _NAME_CHARS)
        return template(id, self.names, _NAME_CHARS) if id else _NO_TEMPLATE

    def _plain_name(self, room_id: str) -> str:
        """The name for a chart or a table's cell, as plain text; never empty."""
        unknown = f"{self.figures.by} {room_id}" if room_id else f"{self.figures.by} not known"
        return plain(self.names.get(room_id) or "", NAME_CHARS) or unknown
