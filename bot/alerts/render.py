"""Draw a session for a channel: its card while live and when ended, joins and leaves, and the one message that stands
for many. They come unasked, so nobody is mentioned but for what fires."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bot.alerts.firing import Firing
from bot.alerts.firing_render import SESSION_MOST, card_lines, firing_buttons, heads, mentioning, still_wrong
from bot.blockkit import actions as ids
from bot.blockkit.blocks import Block, Message, actions, button, context, menu, overflow, section
from bot.blockkit.escape import mrkdwn
from bot.blockkit.fit import fair, packed
from bot.blockkit.help import COMMAND
from bot.blockkit.phrases import Names, clock, count, date, length, room, since
from bot.blockkit.session_parts import STATE, hosts, people, roles
from bot.query.values import is_id
from bot.sessions.model import Session
from bot.sessions.peak import peak
from bot.sessions.summary import Summary, summarise

NAMED_MOST = 10
ROLL_UP_LINES = 20
_NAME_CHARS = 40


def live_card(
    session: Session, names: Names, *, reopened: int, firings: Sequence[Firing] = (), notify: Sequence[str] = ()
) -> Message:
    """The card while the session is live; `reopened`: the times it came back after its end. `firings`: what is wrong
    with it, or was; `notify`: the ids of people and groups to mention for that."""
    summary = summarise(session)
    head = _head(session, names)
    now = f"{people(session, summary)} · peak {peak(session)[0]:,}"
    lines = [f"{head} · {now}", *card_lines(firings, notify), f"started {since(session.started_at)}"]
    who = hosts(session, summary) or people(session, summary)
    wrong = heads(firings)
    says = f"{room(session.room_id, names)}: {wrong}." if wrong else f"{room(session.room_id, names)} started, {who}."
    return _card(says, session, summary, names, lines, reopened, firings, notify)


def final_card(session: Session, names: Names, *, reopened: int, firings: Sequence[Firing] = ()) -> Message:
    """The card of a session that has ended. `firings`: what was wrong with it."""
    summary = summarise(session)
    head = _head(session, names)
    end = session.ended_at or session.started_at
    most, first = peak(session)
    at = f" at {clock(first, end)}" if first else ""
    lasted = length(session.length_s(end))
    minutes = f"{session.participant_s(end) / 60:,.1f} participant-minutes"
    lines = [
        f"{head} · lasted {lasted} · {minutes}",
        f"{people(session, summary)}" + (f", peak {most:,}{at}" if most else ""),
        f"started {date(session.started_at)}, ended {date(end)}",
        *card_lines(firings),
    ]
    says = f"{room(session.room_id, names)} ended after {lasted}, {people(session, summary)}."
    return _card(says, session, summary, names, lines, reopened, firings)


def went(session: Session, joined: Sequence[str], left: Sequence[str]) -> Message:
    """A reply with the joins and leaves since the last poll, by name; people without one are counted. It begins with a
    mark of ours, since a name there could begin a quote."""
    moves = [f"{_named(some)} {verb}" for some, verb in ((joined, "joined"), (left, "left")) if some]
    now = session.people_in_count()
    text = f"👥 {', '.join(moves)} · {f'{now:,}' if now else 'nobody'} in now"
    return Message(text, [section(text)])


def roll_up(opened: Sequence[Session], ended: Sequence[Session], names: Names, notify: Sequence[str] = ()) -> Message:
    """One message in place of a card for each: `ROLL_UP_LINES` sessions by name, the others counted."""
    many = count(len(opened or ended), "session", "sessions")
    head = f"{many} {'opened' if opened else 'ended'}" + (f", {len(ended):,} ended" if opened and ended else "")
    why = "So many at once are one message, without a card for each."
    texts = mentioning(f"{head}.", notify), mentioning(f"*{head}*", notify)
    return _listed(*texts, why, opened, ended, names, _line)


def caught_up(opened: int, ended: int) -> Message:
    """The line with the counts of sessions that were too many to announce one by one."""
    parts = [(ended, "ended"), (opened, "started")]
    head = ", ".join(f"{count(many, 'more session', 'more sessions')} {what}" for many, what in parts if many)
    rest = "while I was catching up."
    why = f"Too many to show one by one. `{COMMAND} {'ended' if ended else 'active'}` lists the newest."
    return Message(f"{head} {rest}", [section(f"*{head}* {rest}"), context(why)])


def recap(
    live: Sequence[Session],
    told: Sequence[Session],
    ended: int,
    names: Names,
    wrong: Sequence[tuple[Session, Firing]] = (),
) -> Message:
    """The catch-up after a mute or quiet hours: what is still `wrong`, sessions that are still live, as in `roll_up`,
    and the number that have ended; by name those whose start the channel was `told`."""
    since_then = "while it was quiet here."
    if wrong and not (live or ended):
        return still_wrong(wrong, names)
    if live:
        head = count(len(live), "session is live", "sessions are live")
        others = f" {count(ended, 'other has', 'others have')} ended since." if ended else ""
        rest = f"that you didn't hear of {since_then}{others}"
    else:
        head, rest = count(ended, "session has ended", "sessions have ended"), since_then
    why = "A mute or quiet hours kept this back."
    message = _listed(f"{head} {rest}", f"*{head}* {rest}", why, live, told, names, _brief)
    return Message(message.head, [*still_wrong(wrong, names).blocks, *message.blocks]) if wrong else message


def _listed(
    text: str,
    head: str,
    why: str,
    live: Sequence[Session],
    ended: Sequence[Session],
    names: Names,
    draw_ended: Callable[[Session, Names], str],
) -> Message:
    """A numbered list of these sessions, as far as ROLL_UP_LINES reach."""
    total = len(live) + len(ended)
    lives, ends = fair([len(live), len(ended)], ROLL_UP_LINES)
    shown = [*live[:lives], *ended[:ends]]
    lines = [
        f"{number} {(_line if session.active else draw_ended)(session, names)}"
        for number, session in enumerate(shown, start=1)
    ]
    if more := total - len(shown):
        lines.append(f"… and {more:,} more: `{COMMAND} all` lists the newest")
    if not shown:
        return Message(text, [section(head), context(why)])
    why = f"{why} `{COMMAND} show &lt;session id&gt;` shows one."
    options = [(str(number), ids.write(session.id)) for number, session in enumerate(shown, start=1)]
    blocks = [section(head), *(section(text) for text in packed(lines)), context(why)]
    return Message(text, [*blocks, actions(menu("Details of number …", ids.SHOW, options))])


def _head(session: Session, names: Names) -> str:
    state = STATE[session.active]
    return f"{state} · {room(session.room_id, names)}"


def _card(
    text: str,
    session: Session,
    summary: Summary,
    names: Names,
    lines: Sequence[str],
    reopened: int,
    firings: Sequence[Firing],
    notify: Sequence[str] = (),
) -> Message:
    name = names.get(session.room_id) or session.room_id
    show = button("Details", ids.SHOW, ids.write(session.id), spoken=f"Details of the session in {name}")
    hosted = "" if heads(firings) and not summary.hosts else hosts(session, summary)  # what is wrong says more
    about = [line for line in (*lines, roles(session, summary), hosted) if line]
    often = [f"reopened {count(reopened, 'time', 'times')}"] if reopened else []
    foot = " · ".join([f"session {mrkdwn(session.id, 24)}", *often])
    buttons = firing_buttons(session.id, firings)
    below = context(foot)
    if session.active and is_id(session.id):
        below = section(foot, _quieter(session.id, until_it_ends=not buttons))
    if not buttons:
        about[-1] = mentioning(about[-1], notify)
    first, *others = packed(about)
    return Message(mentioning(text, notify), [section(first, show), *map(section, others), *buttons, below])


def _quieter(session_id: str, *, until_it_ends: bool) -> Block:
    """The menu against too many messages: each option's value is a mute as people type it, without the command."""
    lines = {"Mute this channel for 1 hour": "1h", "Mute this channel until tomorrow 9:00": "until tomorrow 9:00"}
    if until_it_ends:
        lines["Mute this session until it ends"] = f"{session_id} {SESSION_MOST}"
    return overflow(ids.MUTE, [(label, ids.write(line)) for label, line in lines.items()])


def _named(names: Sequence[str]) -> str:
    """`Ann`, `Ann and Bob`, `Ann, Bob and 3 more`, `3 people` where no name is known."""
    shown = [name for name in (mrkdwn(name, _NAME_CHARS) for name in names) if name][:NAMED_MOST]
    if not shown:
        return count(len(names), "person", "people")
    if more := len(names) - len(shown):
        return f"{', '.join(shown)} and {more:,} more"
    return " and ".join([", ".join(shown[:-1]), shown[-1]]) if len(shown) > 1 else shown[0]


def _brief(session: Session, names: Names) -> str:
    """The line of an ended session whose people are no longer known."""
    parts = [_head(session, names), f"started {date(session.started_at)}"]
    return " · ".join([*parts, f"session {mrkdwn(session.id, 24)}"])


def _line(session: Session, names: Names) -> str:
    summary = summarise(session)
    parts = [_head(session, names), people(session, summary), f"started {date(session.started_at)}"]
    return " · ".join([*parts, f"session {mrkdwn(session.id, 24)}"])
