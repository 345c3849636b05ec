"""Draw digests for who makes, changes or lists them, and their notices to the channel."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Literal

from bot.blockkit import actions as ids
from bot.blockkit.blocks import Block, Message, actions, button, context, section
from bot.blockkit.escape import code, plain
from bot.blockkit.fit import NOTE_CHARS, share_chars
from bot.blockkit.help import COMMAND, typed
from bot.blockkit.mentions import mention
from bot.blockkit.phrases import Names, clock, count, listed, moment, person, sessions
from bot.digests.due import due
from bot.digests.lines import digest_line
from bot.digests.model import Digest
from bot.digests.phrasing import day
from bot.hms.pages import SESSIONS_MOST
from bot.outbox.message import Channel
from bot.outbox.render import halted, let_in, old, stopped
from bot.query.times import DAYS

NEXT_SHOWN = 3
WORDS_CHARS = 600  # of a query in words, where it stands alone
_LISTED_WORDS_CHARS = 200
_DAYS = {"daily": "every day", "weekdays": "on weekdays"}
_WHEN_EMPTY = {"say": "a line says so", "skip": "nothing comes"}
_PROBLEMS = {
    "HmsAuth": "100ms refuses the bot's key",
    "HmsRateLimited": "100ms was asked too often",
    "HmsUnavailable": "100ms doesn't answer",
    "HmsBadReply": "100ms sends something that can't be read",
    "HmsEndless": f"there are more than {SESSIONS_MOST:,} sessions to count",
    "TimeoutError": "100ms took too long",
}
"""Causes of a late digest in words, by `Digest.problem`."""


def made(
    digest: Digest,
    how: Literal["new", "same", "changed"],
    *,
    names: Names,
    now: datetime,
    invite: str,
    paused: str = "",
    waiting: bool = False,
    heard: bool = True,
) -> Message:
    """The answer to who makes a digest, with its query in words and its next dates. `paused`: the cause of a pause, as
    in Channel; `waiting`: the first message isn't there yet; `heard`: the channel has had others."""
    number, by = digest.number, mention(digest.created_by)
    head = {
        "new": f"✅ Digest {number} is set, by {by}.",
        "same": f"✅ Nothing to change: that is digest {number}, made by {by}.",
        "changed": f"✅ Digest {number} already existed; it is now as you say.",
    }[how]
    words = sessions(digest.query, names, WORDS_CHARS)
    says = f"It comes {when(digest)}. If there were no sessions, {_WHEN_EMPTY[digest.empty]}."
    first, *_ = days = digest.schedule.next(now, NEXT_SHOWN)
    since = moment(digest.schedule.window(first).start, digest.schedule.zone)
    coming = f"Next: {', '.join(_at(digest, each) for each in days)} ({digest.schedule.zone})."
    coming += f" The first is about the time since {since}." if how != "same" else ""
    foot = [f"`{COMMAND} digest remove {number}` ends it, `{COMMAND} digests` lists all in this channel."]
    if waiting:
        hint = "" if heard else f" If it doesn't come, {let_in(invite, digest.channel_id)}."
        foot.append(f"The channel is being told.{hint}")
    buttons = actions(_preview(digest), _press(digest, "Remove", "", "remove"))
    blocks = [
        section(f"{head}\n{words}\n{says}\n{coming}"),
        *([stopped(digest.channel_id, paused, invite)] if paused else []),
        *_line(digest),
        buttons,
        context(*foot),
    ]
    return Message(f"{head} {words}. {says} {coming}{' The channel is paused.' if paused else ''}", blocks)


def announced(digest: Digest, *, by: str, names: Names) -> Message:
    """The channel's first message about a digest, which shows that the bot can post there. `by`: its maker's name."""
    text = f"🗓️ {person(by)} set up a digest of {sessions(digest.query, names, WORDS_CHARS)}, {when(digest)}."
    see = f"`{COMMAND} digests` has buttons to preview, pause and remove it."
    return Message(f"{text} {see}", [section(text), context(see)])


def ended(digest: Digest, names: Names) -> Message:
    """The answer to who removes a digest, with the line that makes it again."""
    head, words = f"🗑️ Digest {digest.number} has ended.", sessions(digest.query, names, WORDS_CHARS)
    line = typed(digest_line(digest))
    text = f"{head} {words}, {when(digest)}." + (f" To have it again: `{line}`" if line else "")
    again = [section(f"To have it again:\n```{line}```")] if line else []
    return Message(text, [section(f"{head}\n{words}, {when(digest)}"), *again])


def halted_or_resumed(digest: Digest, names: Names, now: datetime) -> Message:
    """The answer to who pauses or resumes a digest."""
    number, words = digest.number, sessions(digest.query, names, _LISTED_WORDS_CHARS)
    if digest.paused:
        undo = f"`{COMMAND} digest resume {number}` resumes it."
        text = f"⏸️ Digest {number} is paused: {words}, {when(digest)}. Nothing comes until somebody resumes it."
    else:
        undo = f"`{COMMAND} digest pause {number}` pauses it."
        text = f"▶️ Digest {number} goes on: {words}. Next: {_next(digest, now)}; what it missed isn't made up for."
    return Message(f"{text} {undo}", [section(text), context(undo)])


def unfinished(digest: Digest, read: int, tried_s: float, most_s: float, now: datetime) -> Message:
    """The answer if a preview isn't done in time: `read` sessions came in `tried_s`; the digest itself has `most_s`."""
    if digest.paused or digest.halted:
        comes = "but is paused"
    else:
        comes = f"and {'comes' if digest.number else 'would come'} {_next(digest, now)}"
    far = f"{count(read, 'session was', 'sessions were')} read in {tried_s:.0f} seconds, and there are more"
    why = "This account is too large to preview, or 100ms is slow just now."
    text = f"⏳ No preview: {far}. {why} The digest itself has {most_s / 60:.0f} minutes for that, {comes}."
    return Message(text, [section(text)])


def not_made(digest: Digest, problem: str, of: date, again: datetime | None) -> Message:
    """The channel's notice of a late or missing digest for the date `of`. `again`: the next try, None if it is given
    up."""
    if again:
        text, then = f"⏳ The digest for {day(of)} is late: {_why(problem)}.", f"Next try: {clock(again, again)}."
    else:
        text = f"⚠️ No digest for {day(of)}: {_why(problem)}."
        then = f"The next one comes {_next(digest, digest.schedule.at(of))}."
    if problem == "HmsEndless":
        then = f"A filter such as `room:` makes it fewer. {then}"
    return Message(f"{text} {then}", [section(text), context(then)])


def digests_list(
    items: Sequence[Digest], channel: Channel, *, names: Names, as_of: datetime, stale: str = "", invite: str = ""
) -> Message:
    """The list of a channel's digests. `stale`: a warning about old data, or ""."""
    if not items:
        text = "This channel has no digests."
        how = f"Make one:\n```{COMMAND} digest weekdays 9:00```"
        such = f"`{COMMAND} digest weekly mon 9:00 Berlin role:host`"
        about = context(f"After the time you can give a city (for the time zone) and any filter: {such}.")
        return Message(text, [section(text), section(how), about])
    total = count(len(items), "digest", "digests")
    head = [section(f"*{total}* of this channel"), *halted(items[0].channel_id, channel, invite), *old(stale)]
    foot = context(f"`{COMMAND} digest weekdays 9:00` makes one. As of {clock(as_of, as_of)}.")
    most_chars = share_chars([*head, foot], len(items), NOTE_CHARS) - len("Preview nowResumeRemove")
    drawn = [block for digest in items for block in _entry(digest, names, as_of, most_chars)]
    return Message(f"{total} of this channel.", [*head, *drawn, foot])


def row(digest: Digest, names: Names, as_of: datetime, most_chars: int) -> str:
    """The row of one digest in a list, in at most `most_chars` characters (300 are always enough)."""
    rest = f"\n{when(digest)} · by {mention(digest.created_by)}\n{_state(digest, as_of)}"
    head = f"*{digest.number}* · "
    return f"{head}{sessions(digest.query, names, max(40, most_chars - len(head) - len(rest)))}{rest}"


def buttons(digest: Digest, view: str) -> Block:
    """The buttons of a digest in a list; `view` as in `actions.write`."""
    verb = "resume" if digest.paused else "pause"
    turn, remove = _press(digest, verb.capitalize(), view, verb), _press(digest, "Remove", view, "remove")
    return actions(_preview(digest), turn, remove)


def when(digest: Digest) -> str:
    """`on weekdays at 09:00, Europe/Berlin`."""
    schedule = digest.schedule
    days = str(schedule).split(" ")[0]
    named = _DAYS.get(days) or f"on {listed([f'{DAYS[day].capitalize()}s' for day in schedule.days])}"
    return f"{named} at {schedule.clock:%H:%M}, {schedule.zone}"


def _entry(digest: Digest, names: Names, as_of: datetime, most_chars: int) -> list[Block]:
    words = row(digest, names, as_of, min(most_chars, _LISTED_WORDS_CHARS + 200))
    return [section(words), buttons(digest, "digests")]


def _state(digest: Digest, as_of: datetime) -> str:
    if digest.paused:
        return "⏸️ paused by a person"
    if digest.halted:
        return "⏸️ waits: the channel is paused"
    (following,) = digest.schedule.next(as_of)
    state = f"{_works(digest, as_of)} · next {_at(digest, following)}"
    return f"{state} · last {day(digest.last)}" if digest.last and digest.status == "sent" else state


def _works(digest: Digest, as_of: datetime) -> str:
    """The state of a digest: that of a due date, else of its newest message."""
    waits = due(digest, as_of)
    if waits and digest.problem:
        return f"🟠 the one of {day(waits.day)} is late, and tried again: {_why(digest.problem)}"
    if waits and waits.late:
        return f"🟠 the one of {day(waits.day)} is late"
    the_one = f"the one of {day(digest.last)}" if digest.last else ""
    if digest.status == "dead":
        return f"🔴 {the_one} was refused by Slack (`{code(plain(digest.cause, 40))}`)"
    if digest.status == "held":
        return f"🟠 {the_one} is held: nobody can tell whether it arrived"
    return "🟢 working"


def _why(problem: str) -> str:
    return _PROBLEMS.get(problem) or f"`{code(plain(problem, 60))}`"


def _next(digest: Digest, after: datetime) -> str:
    (following,) = digest.schedule.next(after)
    return f"{_at(digest, following)} ({digest.schedule.zone})"


def _at(digest: Digest, when: date) -> str:
    return moment(digest.schedule.at(when), digest.schedule.zone)


def _preview(digest: Digest) -> Block:
    line = f"digest preview {digest.number}"
    return button("Preview now", ids.RUN, ids.write(line), spoken=f"Preview digest {digest.number}, for you alone")


def _press(digest: Digest, label: str, view: str, verb: str) -> Block:
    value = ids.write(digest.channel_id, view, f"digest {verb} {digest.number}")
    action_id = f"{ids.SET}.{1 if verb == 'remove' else 0}"  # they stand in one block
    return button(label, action_id, value, spoken=f"{label} digest {digest.number}")


def _line(digest: Digest) -> list[Block]:
    line = typed(digest_line(digest))
    return [context(f"`{line}`")] if line else []
