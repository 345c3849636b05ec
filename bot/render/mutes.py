"""What a channel doesn't want to hear, said to whoever changes or lists it: mutes, quiet hours, threads."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Literal

from bot.core.lines import mute_line, quiet_line
from bot.core.mute import Mute
from bot.core.quiet import Quiet, quiet_until
from bot.core.schedule import Schedule, write_days
from bot.render import actions as ids
from bot.render.blocks import Block, Message, actions, button, context, section
from bot.render.digests import WORDS_CHARS
from bot.render.help import COMMAND, typed
from bot.render.limits import ALL_TEXT_CHARS
from bot.render.phrases import Names, clock, count, moment, room, sessions
from bot.render.subscriptions import NOTE_CHARS

MUTES_SHOWN = 40
AGAIN_SHOWN = 5
_QUIET_DAYS = {"daily": "every day", "weekdays": "on weekdays"}
_MEANWHILE = (
    "Until then no new messages come. Existing cards stay up to date and show when their session ends; after that, one "
    "message lists what is still live."
)
_OF_SOME = (
    "Until then no new messages come about these sessions. Existing cards stay up to date and show when their session "
    "ends; after that, one message lists which of them are still live."
)
_OF_ONE = (
    "Its thread stays silent; its card stays up to date and shows when it ends. If it has no card, nothing is posted."
)
_DIGESTS = "Digests still come."

Quiets = Sequence[tuple[Quiet, str]]
"""A channel's quiet hours, each with who made them."""


def muted(
    mute: Mute, how: Literal["new", "same", "changed"], before: Mute | None = None, *, names: Names, zone: str
) -> Message:
    """For the one who mutes: what, and until when on the clock of `zone`; `before`: the mute as it was, where it was
    there."""
    number, by, end = mute.number, f"<@{mute.created_by}>", until(mute, zone)
    end = f"until it ends, and not after {end.removeprefix('until ')}" if mute.session_id else end
    was = f"lasted {until(before, zone)}" if before else "already existed"
    head = {
        "new": f"🔕 Muted {end}, by {by}. It is number {number}.",
        "same": f"🔕 Nothing to change: already muted {end}, by {by}. That is number {number}.",
        "changed": f"🔕 Number {number} {was}; it now lasts {end}.",
    }[how]
    back = typed(mute_line(before, zone)) if before and how == "changed" else ""
    head += f" To undo this: `{back}`" if back else ""
    words = about(mute, names, WORDS_CHARS)
    meanwhile = _OF_ONE if mute.session_id else f"{_OF_SOME if mute.query.terms else _MEANWHILE} {_DIGESTS}"
    foot = f"`{COMMAND} unmute {number}` ends it, `{COMMAND} mutes` lists all in this channel."
    undo = actions(unmute(mute, ""))
    blocks = [section(f"{head}\n{words}"), context(meanwhile), *_again([mute_line(mute, zone)]), undo]
    return Message(f"{head} {words}. {foot}", [*blocks, context(foot)])


def unmuted(
    mutes: Sequence[Mute], left: Sequence[Mute], quiets: Quiets, *, names: Names, zone: str, now: datetime
) -> Message:
    """What holds no longer, and the lines that have it again; `left` are the mutes that still hold, `quiets` the
    channel's quiet hours."""
    numbers = ", ".join(str(each.number) for each in mutes)
    head = f"🔔 {'Mute' if len(mutes) == 1 else 'Mutes'} {numbers} {'has' if len(mutes) == 1 else 'have'} ended."
    words = [f"{about(each, names, 300)}, {until(each, zone)}" for each in mutes[:AGAIN_SHOWN]]
    then = "What was kept back and is still live comes in one message."
    if quiet := quiet_now(quiets, zone, now):
        then = f"{quiet} {then.removesuffix('.')} after that."
    elif left:
        others = ", ".join(str(each.number) for each in left[:AGAIN_SHOWN])
        then = f"{then.removesuffix('.')}, but for what is still muted: {others}{' …' * (len(left) > AGAIN_SHOWN)}."
    lines = [mute_line(each, zone) for each in mutes[:AGAIN_SHOWN]]
    again = "".join(f" To have it again: `{line}`" for line in map(typed, lines[:1]) if line and len(mutes) == 1)
    blocks = [section("\n".join([head, *words])), context(then), *_again(lines, "To have it again:")]
    return Message(f"{head} {f'{words[0]}.' if len(mutes) == 1 else ''} {then}{again}".replace("  ", " "), blocks)


def mutes_list(mutes: Sequence[Mute], quiets: Quiets, *, names: Names, zone: str, as_of: datetime) -> Message:
    """A channel's mutes, for the one who asked."""
    now = [context(quiet)] if (quiet := quiet_now(quiets, zone, as_of)) else []
    if not mutes:
        text = "Nothing is muted in this channel."
        how = f"Mute it:\n```{COMMAND} mute 2h\n{COMMAND} mute role:host until tomorrow```"
        return Message(text, [section(text), *now, section(how)])
    total = count(len(mutes), "mute", "mutes")
    most_chars = (ALL_TEXT_CHARS - NOTE_CHARS - 500) // min(len(mutes), MUTES_SHOWN)
    drawn = [section(row(each, names, zone, most_chars), unmute(each, "mutes")) for each in mutes[:MUTES_SHOWN]]
    more = len(mutes) - len(drawn)
    left = [context(f"… and {more} more: `{COMMAND} unmute &lt;number&gt;` ends one.")] if more else []
    foot = context(f"`{COMMAND} unmute all` ends all. As of {clock(as_of, as_of)}.")
    spoken = [f"{each.number}: {until(each, zone)}." for each in mutes]
    return Message(
        "\n".join([f"{total} of this channel.", *spoken]),
        [section(f"*{total}* of this channel"), *now, *drawn, *left, foot],
    )


def row(mute: Mute, names: Names, zone: str, most_chars: int) -> str:
    """One mute of a list, in at most so many characters (200 always do)."""
    head, rest = f"*{mute.number}* · ", f"\n{until(mute, zone)} · by <@{mute.created_by}>"
    return f"{head}{about(mute, names, max(60, most_chars - len(head) - len(rest) - len('Unmute')))}{rest}"


def about(mute: Mute, names: Names, most_chars: int) -> str:
    """What it is about."""
    if not mute.session_id:
        return sessions(mute.query, names, most_chars)
    where = next((f" in {room(room_id, names)}" for room_id in mute.query.room_ids), "")
    return f"*One session*{where}, {mute.session_id}"


def until(mute: Mute, zone: str) -> str:
    """`until Mon 23 Nov 16:03 (Europe/Berlin)`."""
    return _until(datetime.fromtimestamp(mute.until_ms / 1000, UTC), zone)


def hushed(quiet: Quiet, how: Literal["new", "same"], quiets: Quiets, *, zone: str, now: datetime, by: str) -> Message:
    """For the one who sets quiet hours: which, and whether it is quiet now by any of the channel's, `quiets`."""
    head = {
        "new": f"🌙 Quiet hours are set, by <@{by}>.",
        "same": "🌙 Nothing to change: this channel has these quiet hours.",
    }[how]
    words = hours(quiet)
    begins = " The days are those on which they begin." if quiet.end <= quiet.start and len(quiet.days) < 7 else ""
    holds = quiet_now(quiets, zone, now) or quiet_next([quiet], zone, now)
    foot = f"`{typed(_off(quiet))}` ends them, `{COMMAND} quiet` lists all in this channel."
    blocks = [
        section(f"{head}\n*{words}*.{begins}\n{holds}"),
        context(f"{_MEANWHILE} {_DIGESTS}"),
        *_again([quiet_line(quiet)]),
        context(foot),
    ]
    return Message(f"{head} {words}.{begins} {holds} {foot}", blocks)


def quiets_list(quiets: Quiets, *, zone: str, as_of: datetime, channel_id: str) -> Message:
    """A channel's quiet hours."""
    if not quiets:
        text = "This channel has no quiet hours."
        how = f"Set some:\n```{COMMAND} quiet 22:00-7:00 weekdays```"
        about = context("After the hours you can give days, and a city for the time zone.")
        return Message(text, [section(text), section(how), about])
    holds = quiet_now(quiets, zone, as_of) or quiet_next([quiet for quiet, _ in quiets], zone, as_of)
    head, rows = "🌙 *Quiet hours* of this channel", [quiet_row(quiet, by) for quiet, by in quiets]
    foot = f"`{COMMAND} quiet off` ends them all. {_DIGESTS}"
    drawn = [
        section(text, quiet_off(quiet, channel_id, "quiet")) for (quiet, _), text in zip(quiets, rows, strict=True)
    ]
    blocks = [section(head), *drawn, context(holds), context(foot)]
    return Message("\n".join(["Quiet hours of this channel:", *rows, holds]), blocks)


def quiet_row(quiet: Quiet, by: str) -> str:
    """One range of a list."""
    return f"{hours(quiet)} · by <@{by}>"


def quiet_off(quiet: Quiet, channel_id: str, view: str) -> Block:
    """The button that ends one range."""
    spoken = f"Turn quiet hours off: {quiet}"
    return button("Turn off", ids.SET, ids.set_value(channel_id, view, _off(quiet)), spoken=spoken)


def loud(gone: Sequence[Quiet], left: Sequence[Quiet]) -> Message:
    """Quiet hours that there are no longer, and those that are."""
    state = "This channel no longer has quiet hours." if gone else "This channel has no quiet hours."
    if left:
        ended = "; ".join(map(hours, gone))
        state = f"Quiet hours have ended: {ended}." if gone else "Those quiet hours have just ended."
        state += f" Still set: {'; '.join(map(hours, left))}."
    head = f"🔔 {state}"
    lines = [quiet_line(quiet) for quiet in gone]
    again = f" To have them again: {', '.join(f'`{typed(line)}`' for line in lines)}" if lines else ""
    return Message(f"{head}{again}", [section(head), *_again(lines, "To have them again:")])


def hours(quiet: Quiet) -> str:
    """`22:00 to 07:00 on weekdays, Europe/Berlin`."""
    days = write_days(quiet.days)
    named = _QUIET_DAYS.get(days) or f"on {days.replace(',', ', ')}"
    return f"{quiet.start:%H:%M} to {quiet.end:%H:%M} {named}, {quiet.zone}"


def quiet_now(quiets: Quiets, zone: str, now: datetime) -> str:
    """Whether it is quiet now and until when; "" where it isn't."""
    end = quiet_until([quiet for quiet, _ in quiets], now)
    return f"🌙 It is quiet now, {_until(end, zone)}." if end else ""


def quiet_next(quiets: Sequence[Quiet], zone: str, now: datetime) -> str:
    """When quiet hours begin that don't hold now."""
    starts = [Schedule(quiet.days, quiet.start, quiet.zone) for quiet in quiets]
    first = min(start.at(day) for start in starts for day in start.next(now))
    return f"They begin {moment(first, zone)} ({zone})."


def threads(on: bool, changed: bool | None, *, by: str = "") -> Message:
    """Whether cards get replies. `changed`: whether that is new; None where it was only asked."""
    state = (
        "Joins and leaves are posted in the threads of cards, if a subscription asks for them."
        if on
        else "No replies are posted in threads: only cards show who is in."
    )
    new = {True: f" Changed by <@{by}>.", False: " Nothing to change.", None: ""}[changed]
    undo = f"`{COMMAND} threads {'off' if on else 'on'}` {'turns them off' if on else 'turns them on again'}."
    text = f"🧵 Threads are {'on' if on else 'off'}. {state}{new}"
    return Message(f"{text} {undo}", [section(text), context(undo)])


def _off(quiet: Quiet) -> str:
    """The line that ends one range."""
    return f"quiet off {quiet}"


def unmute(mute: Mute, view: str) -> Block:
    """The button that ends it."""
    value = ids.set_value(mute.channel_id, view, f"unmute {mute.number}")
    return button("Unmute", ids.SET, value, spoken=f"End mute {mute.number}")


def _again(lines: Sequence[str], why: str = "") -> list[Block]:
    """Lines to type; those that are too long for it aren't shown."""
    shown = [line for line in map(typed, lines) if line]
    if not shown:
        return []
    return [section(f"{why}\n```{chr(10).join(shown)}```")] if why else [context(f"`{shown[0]}`")]


def _until(end: datetime, zone: str) -> str:
    return f"until {moment(end, zone)} ({zone})"
