"""Draw mutes for who makes, ends or lists them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Literal

from bot.blockkit import actions as ids
from bot.blockkit.blocks import Block, Message, actions, button, context, section
from bot.blockkit.fit import NOTE_CHARS, share_chars
from bot.blockkit.help import COMMAND, typed
from bot.blockkit.mentions import mention
from bot.blockkit.phrases import Names, clock, count, room, sessions
from bot.query.values import RoomId
from bot.silence.lines import mute_line
from bot.silence.mute import Mute
from bot.silence.quiet_render import DIGESTS, MEANWHILE, Quiets, now_words, to_type, until_moment

MUTES_SHOWN = 40
AGAIN_SHOWN = 5
WORDS_CHARS = 600  # of a query in words, where it stands alone
_OF_SOME = (
    "Until then no new messages come about these sessions. Existing cards stay up to date and show when their session "
    "ends; after that, one message lists which of them are still live."
)
_OF_ONE = (
    "Its thread stays silent; its card stays up to date and shows when it ends. If it has no card, nothing is posted."
)


def muted(
    mute: Mute, how: Literal["new", "same", "changed"], before: Mute | None = None, *, names: Names, zone: str
) -> Message:
    """The answer to who mutes, with the end on the clock of `zone`; `before`: the earlier mute of the same, if any."""
    number, by, end = mute.number, mention(mute.created_by), until(mute, zone)
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
    meanwhile = _OF_ONE if mute.session_id else f"{_OF_SOME if mute.query.terms else MEANWHILE} {DIGESTS}"
    foot = f"`{COMMAND} unmute {number}` ends it, `{COMMAND} mutes` lists all in this channel."
    undo = actions(unmute(mute, ""))
    blocks = [section(f"{head}\n{words}"), context(meanwhile), *to_type([mute_line(mute, zone)]), undo]
    return Message(f"{head} {words}. {foot}", [*blocks, context(foot)])


def unmuted(
    mutes: Sequence[Mute], left: Sequence[Mute], quiets: Quiets, *, names: Names, zone: str, now: datetime
) -> Message:
    """The answer to who ends mutes, with the lines that make them again; `left` are the mutes that still hold,
    `quiets` the channel's quiet hours."""
    numbers = ", ".join(str(each.number) for each in mutes)
    head = f"🔔 {'Mute' if len(mutes) == 1 else 'Mutes'} {numbers} {'has' if len(mutes) == 1 else 'have'} ended."
    words = [f"{about(each, names, 300)}, {until(each, zone)}" for each in mutes[:AGAIN_SHOWN]]
    then = "What was kept back and is still live comes in one message."
    if quiet := now_words(quiets, zone, now):
        then = f"{quiet} {then.removesuffix('.')} after that."
    elif left:
        others = ", ".join(str(each.number) for each in left[:AGAIN_SHOWN])
        then = f"{then.removesuffix('.')}, but for what is still muted: {others}{' …' * (len(left) > AGAIN_SHOWN)}."
    lines = [mute_line(each, zone) for each in mutes[:AGAIN_SHOWN]]
    again = "".join(f" To have it again: `{line}`" for line in map(typed, lines[:1]) if line and len(mutes) == 1)
    blocks = [section("\n".join([head, *words])), context(then), *to_type(lines, "To have it again:")]
    return Message(f"{head} {f'{words[0]}.' if len(mutes) == 1 else ''} {then}{again}".replace("  ", " "), blocks)


def mutes_list(mutes: Sequence[Mute], quiets: Quiets, *, names: Names, zone: str, as_of: datetime) -> Message:
    """The list of a channel's mutes."""
    now = [context(quiet)] if (quiet := now_words(quiets, zone, as_of)) else []
    if not mutes:
        text = "Nothing is muted in this channel."
        how = f"Mute it:\n```{COMMAND} mute 2h\n{COMMAND} mute role:host until tomorrow```"
        return Message(text, [section(text), *now, section(how)])
    total = count(len(mutes), "mute", "mutes")
    shown, more = mutes[:MUTES_SHOWN], len(mutes) - MUTES_SHOWN
    head = [section(f"*{total}* of this channel"), *now]
    left = [context(f"… and {more} more: `{COMMAND} unmute &lt;number&gt;` ends one.")] if more > 0 else []
    foot = [*left, context(f"`{COMMAND} unmute all` ends all. As of {clock(as_of, as_of)}.")]
    most_chars = share_chars([*head, *foot], len(shown), NOTE_CHARS)
    drawn = [section(row(each, names, zone, most_chars), unmute(each, "mutes")) for each in shown]
    return Message(f"{total} of this channel.", [*head, *drawn, *foot])


def row(mute: Mute, names: Names, zone: str, most_chars: int) -> str:
    """The row of one mute in a list, in at most `most_chars` characters (200 are always enough)."""
    head, rest = f"*{mute.number}* · ", f"\n{until(mute, zone)} · by {mention(mute.created_by)}"
    return f"{head}{about(mute, names, max(60, most_chars - len(head) - len(rest) - len('Unmute')))}{rest}"


def about(mute: Mute, names: Names, most_chars: int) -> str:
    """The sessions that it mutes, in words."""
    if not mute.session_id:
        return sessions(mute.query, names, most_chars)
    where = next((f" in {room(term.value.id, names)}" for term in mute.query.having(RoomId)), "")
    return f"*One session*{where}, {mute.session_id}"


def until(mute: Mute, zone: str) -> str:
    """`until Mon 23 Nov 16:03 (Europe/Berlin)`."""
    return until_moment(datetime.fromtimestamp(mute.until_ms / 1000, UTC), zone)


def unmute(mute: Mute, view: str) -> Block:
    """The button that ends it."""
    value = ids.write(mute.channel_id, view, f"unmute {mute.number}")
    return button("Unmute", ids.SET, value, spoken=f"End mute {mute.number}")
