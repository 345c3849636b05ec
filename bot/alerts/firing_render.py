"""Draw what fires: its lines on a session's card, and the messages about it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from bot.alerts.firing import Event, Firing
from bot.blockkit import actions as ids
from bot.blockkit.blocks import Block, Message, actions, button, context, section
from bot.blockkit.fit import packed
from bot.blockkit.help import COMMAND
from bot.blockkit.mentions import mention
from bot.blockkit.phrases import Names, clock, count, length, person, room
from bot.blockkit.wrong import is_wrong, was_wrong
from bot.sessions.model import Session

SUMMARY_LINES, CARD_LINES, HEADS_MOST = 20, 5, 3
MENTIONED_MOST = 50
"""Most people and groups that one message mentions: more don't fit into a section."""
SESSION_MOST = "12h"
"""A session lasts no longer (Sessions/object)."""
_OVER = {"ended": "The subscription has ended", "edited": "The subscription was changed"}


def card_lines(firings: Sequence[Firing], notify: Sequence[str] = ()) -> list[str]:
    """The lines of a card on what is wrong, with those to mention for it, then on what was."""
    lines = [_now(firing) for firing in firings if firing.open]
    lines[:1] = [mentioning(line, notify) for line in lines[:1]]
    lines += [_before(firing) for firing in firings if not firing.open]
    more = len(lines) - CARD_LINES
    return [*lines[:CARD_LINES], f"… and {more:,} more"] if more > 0 else lines


def heads(firings: Iterable[Firing]) -> str:
    """Return what is wrong now in a few words, or ""."""
    return ", ".join(list(dict.fromkeys(is_wrong(firing.what) for firing in firings if firing.open))[:HEADS_MOST])


def firing_buttons(session_id: str, firings: Iterable[Firing]) -> list[Block]:
    """The buttons of a message about what is wrong with a session; none where nothing is."""
    state = [firing.taken_by for firing in firings if firing.open]
    if not state:
        return []
    take = button("I'm on it", ids.TAKE, ids.write(session_id), style="primary", spoken="I'm on it: stop the reminders")
    quiet = button("Mute until it ends", ids.MUTE, ids.write(f"{session_id} {SESSION_MOST}"))
    return [actions(*([] if all(state) else [take]), quiet)]


def fired(session: Session, names: Names, firing: Firing, notify: Sequence[str]) -> Message:
    """The message that something is wrong, where the session has a card already."""
    where, what = room(session.room_id, names), is_wrong(firing.what)
    about = f"🔴 {where}: *{what}*, since {_clock(firing.since_ms, firing.fired_ms)}"
    blocks = [section(mentioning(about, notify)), *firing_buttons(session.id, [firing]), context(_by(firing))]
    return Message(mentioning(f"{where}: {what}.", notify), blocks)


def matched(session: Session, names: Names, number: int, notify: Sequence[str]) -> Message:
    """The message that a session, which has a card already, matches a subscription now."""
    text = mentioning(f"🔔 {room(session.room_id, names)} matches subscription {number} of this channel now.", notify)
    return Message(text, [section(text)])


def told(session: Session, firing: Firing, event: Event, notify: Sequence[str]) -> Message:
    """A reply about a firing that goes on or is over."""
    text = mentioning(_event(session, firing, event), notify)
    again = firing_buttons(session.id, [firing]) if event == "reminder" else []
    return Message(text, [section(text), *again])


def summary(items: Sequence[tuple[Session, Firing]], names: Names, notify: Sequence[str]) -> Message:
    """One message in place of many that something is wrong."""
    head = f"{count(len(items), 'more alert', 'more alerts')} at once"
    lines = [_line(session, firing, names) for session, firing in items[:SUMMARY_LINES]]
    if (more := len(items) - SUMMARY_LINES) > 0:
        lines.append(f"… and {more:,} more: `{COMMAND} active` lists the sessions")
    blocks = [section(mentioning(f"🔴 *{head}*", notify)), *(section(text) for text in packed(lines))]
    return Message(mentioning(f"{head}.", notify), blocks)


def still_wrong(items: Sequence[tuple[Session, Firing]], names: Names) -> Message:
    """The part of a catch-up on what silence kept back and is still wrong."""
    lines = [_line(session, firing, names) for session, firing in items[:SUMMARY_LINES]]
    if (more := len(items) - SUMMARY_LINES) > 0:
        lines.append(f"… and {more:,} more")
    head = f"{count(len(items), 'thing is', 'things are')} still wrong that you didn't hear of while it was quiet here."
    return Message(head, [section(f"*{head}*"), *(section(text) for text in packed(lines))])


def _line(session: Session, firing: Firing, names: Names) -> str:
    """A line of a list of what is wrong."""
    since = _clock(firing.since_ms, firing.fired_ms)
    return f"🔴 {room(session.room_id, names)}: {is_wrong(firing.what)}, since {since}"


def _event(session: Session, firing: Firing, event: Event) -> str:
    match event:
        case "again":
            return (
                f"🔴 Again, {_times(firing)}: {is_wrong(firing.what)}, since {_clock(firing.since_ms, firing.since_ms)}"
            )
        case "resolved":
            why = "" if session.active else ": the session has ended"
            return f"✅ Over{why}. {_before(firing, mark='')}."
        case "reminder":
            return f"⏰ Still: {is_wrong(firing.what)}, since {_clock(firing.since_ms, firing.remind_ms)}"
        case "taken":
            return f"🙋 {person(firing.taker)} is on it."
        case _:
            since = _clock(firing.since_ms, firing.over_ms)
            return f"⚪ {_OVER[event]}, so I stop watching. {_capital(is_wrong(firing.what))}, since {since}."


def _now(firing: Firing) -> str:
    often = f" · {_times(firing)}" if firing.times > 1 else ""
    taken = f" · {person(firing.taker)} is on it" if firing.taken_by else ""
    return f"🔴 *{_capital(is_wrong(firing.what))}* since {_clock(firing.since_ms, firing.fired_ms)}{often}{taken}"


def _before(firing: Firing, mark: str = "✅ ") -> str:
    often = f", {_times(firing)}" if firing.times > 1 else ""
    if firing.state == "closed":
        begun, over = (_clock(ms, firing.over_ms) for ms in (firing.since_ms, firing.over_ms))
        return f"⚪ {_capital(was_wrong(firing.what))} from {begun} on; not watched since {over}"
    lasted = length(max(0, firing.over_ms - firing.since_ms) / 1000)
    until = _clock(firing.over_ms, firing.over_ms)
    return f"{mark}{_capital(was_wrong(firing.what))} for {lasted}{often}, until {until}"


def _times(firing: Firing) -> str:
    return f"for the {_ordinal(firing.times)} time"


def _ordinal(number: int) -> str:
    ending = "th" if 10 < number % 100 < 14 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def _by(firing: Firing) -> str:
    return f"By subscription {firing.number} of this channel."


def mentioning(text: str, notify: Sequence[str]) -> str:
    """The text, with mentions of these people and groups at its end."""
    return " ".join([text, *map(mention, notify[:MENTIONED_MOST])])


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _clock(at_ms: int, now_ms: int) -> str:
    return clock(*(datetime.fromtimestamp(ms / 1000, UTC) for ms in (at_ms, now_ms)))
