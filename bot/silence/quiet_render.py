"""Draw quiet hours for who sets or lists them, and phrases for any silence."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from bot.blockkit import actions as ids
from bot.blockkit.blocks import Block, Message, button, context, section
from bot.blockkit.fit import fitting
from bot.blockkit.help import COMMAND, typed
from bot.blockkit.limits import SECTION_TEXT_CHARS
from bot.blockkit.mentions import mention
from bot.blockkit.phrases import moment
from bot.query.schedule import Schedule, write_days
from bot.silence.lines import quiet_line
from bot.silence.quiet_hours import QuietHours, quiet_until

_DAYS = {"daily": "every day", "weekdays": "on weekdays"}
MEANWHILE = (
    "Until then no new messages come. Existing cards stay up to date and show when their session ends; after that, one "
    "message lists what is still live."
)
DIGESTS = "Digests still come."

Quiets = Sequence[tuple[QuietHours, str]]
"""A channel's quiet hours with the ids of their makers."""


def quiet_set(
    quiet: QuietHours, how: Literal["new", "same"], quiets: Quiets, *, zone: str, now: datetime, by: str
) -> Message:
    """The answer to who sets quiet hours, with the state now by all of the channel's, `quiets`."""
    head = {
        "new": f"🌙 Quiet hours are set, by {mention(by)}.",
        "same": "🌙 Nothing to change: this channel has these quiet hours.",
    }[how]
    words = hours(quiet)
    begins = " The days are those on which they begin." if quiet.end <= quiet.start and len(quiet.days) < 7 else ""
    holds = now_words(quiets, zone, now) or next_words([quiet], zone, now)
    foot = f"`{typed(_off(quiet))}` ends them, `{COMMAND} quiet` lists all in this channel."
    blocks = [
        section(f"{head}\n*{words}*.{begins}\n{holds}"),
        context(f"{MEANWHILE} {DIGESTS}"),
        *to_type([quiet_line(quiet)]),
        context(foot),
    ]
    return Message(f"{head} {words}.{begins} {holds} {foot}", blocks)


def quiets_list(quiets: Quiets, *, zone: str, as_of: datetime, channel_id: str) -> Message:
    """The list of a channel's quiet hours."""
    if not quiets:
        text = "This channel has no quiet hours."
        how = f"Set some:\n```{COMMAND} quiet 22:00-7:00 weekdays```"
        about = context("After the hours you can give days, and a city for the time zone.")
        return Message(text, [section(text), section(how), about])
    holds = now_words(quiets, zone, as_of) or next_words([quiet for quiet, _ in quiets], zone, as_of)
    head, rows = "🌙 *Quiet hours* of this channel", [row(quiet, by) for quiet, by in quiets]
    foot = f"`{COMMAND} quiet off` ends them all. {DIGESTS}"
    drawn = [section(text, turn_off(quiet, channel_id, "quiet")) for (quiet, _), text in zip(quiets, rows, strict=True)]
    blocks = [section(head), *drawn, context(holds), context(foot)]
    return Message("🌙 Quiet hours of this channel", blocks)


def row(quiet: QuietHours, by: str) -> str:
    """The row of one range in a list."""
    return f"{hours(quiet)} · by {mention(by)}"


def turn_off(quiet: QuietHours, channel_id: str, view: str) -> Block:
    """The button that ends one range, pressed in that view."""
    spoken = f"Turn quiet hours off: {quiet}"
    return button("Turn off", ids.SET, ids.write(channel_id, view, _off(quiet)), spoken=spoken)


def quiet_ended(gone: Sequence[QuietHours], left: Sequence[QuietHours]) -> Message:
    """The answer to who ends quiet hours: the ended ones and the ones left."""
    state = "This channel no longer has quiet hours." if gone else "This channel has no quiet hours."
    if left:
        ended = "; ".join(map(hours, gone))
        state = f"Quiet hours have ended: {ended}." if gone else "Those quiet hours have just ended."
        state += f" Still set: {'; '.join(map(hours, left))}."
    head = f"🔔 {state}"
    lines = [quiet_line(quiet) for quiet in gone]
    again = f" To have them again: {', '.join(f'`{typed(line)}`' for line in lines)}" if lines else ""
    return Message(f"{head}{again}", [section(head), *to_type(lines, "To have them again:")])


def hours(quiet: QuietHours) -> str:
    """`22:00 to 07:00 on weekdays, Europe/Berlin`."""
    days = write_days(quiet.days)
    named = _DAYS.get(days) or f"on {days.replace(',', ', ')}"
    return f"{quiet.start:%H:%M} to {quiet.end:%H:%M} {named}, {quiet.zone}"


def now_words(quiets: Quiets, zone: str, now: datetime) -> str:
    """A sentence with the end of the quiet period at `now`; "" if it isn't quiet."""
    end = quiet_until([quiet for quiet, _ in quiets], now)
    return f"🌙 It is quiet now, {until_moment(end, zone)}." if end else ""


def next_words(quiets: Sequence[QuietHours], zone: str, now: datetime) -> str:
    """A sentence with the next start of these quiet hours."""
    starts = [Schedule(quiet.days, quiet.start, quiet.zone) for quiet in quiets]
    first = min(start.at(day) for start in starts for day in start.next(now))
    return f"They begin {moment(first, zone)} ({zone})."


def to_type(lines: Sequence[str], why: str = "") -> list[Block]:
    """Blocks with the lines to type that have room, without those that are too long."""
    shown = fitting([line for line in map(typed, lines) if line], SECTION_TEXT_CHARS - len(f"{why}\n``````"))
    if not shown:
        return []
    return [section(f"{why}\n```{chr(10).join(shown)}```")] if why else [context(f"`{shown[0]}`")]


def until_moment(end: datetime, zone: str) -> str:
    return f"until {moment(end, zone)} ({zone})"


def _off(quiet: QuietHours) -> str:
    """The command line that ends one range."""
    return f"quiet off {quiet}"
