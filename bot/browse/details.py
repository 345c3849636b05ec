"""Draw one session, the answer to `/sessions show`."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from bot.blockkit import actions as ids
from bot.blockkit.blocks import Block, Message, actions, button, context, fields, section
from bot.blockkit.escape import mrkdwn
from bot.blockkit.fit import fair, packed
from bot.blockkit.phrases import Names, clock, count, date, length, room
from bot.query.cursor import PageCursor
from bot.query.model import Query, Term
from bot.query.values import RoomId, is_id
from bot.sessions.model import Person, Session
from bot.sessions.summary import Summary, summarise

PEOPLE_SHOWN = 50
ROLES_SHOWN = 20
PEOPLE_CHARS = 8_000  # of the text that a message may have; the rest is for facts and buttons
_NAME_CHARS = 40
_ID_CHARS = 32


def details(session: Session, names: Names, *, as_of: datetime, zone: str) -> Message:
    """The message with room, both lengths, and people by role: `PEOPLE_SHOWN` of them, those in first; the rest are
    counted."""
    summary = summarise(session)
    state = "🟢 *Live*" if session.active else "⚪ *Ended*"
    ended = session.ended_at
    facts = [
        f"*Session*\n{mrkdwn(session.id, 24)}",
        f"*Room*\n{mrkdwn(session.room_id, 24) or 'not known'}",
        f"*Started*\n{date(session.started_at)}",
        *([f"*Ended*\n{date(ended)}"] if ended else []),
        f"*People*\n{_counted(session, summary)}",
        f"*Length*\n{length(session.length_s(as_of))}",
        f"*Participant-minutes*\n{session.participant_s(as_of) / 60:,.1f}",
    ]
    if session.recorders:
        facts.append(f"*Recording*\n{'on' if session.recording else 'over'}")
    head = f"{state} · {room(session.room_id, names)}"
    of_room = ""
    if is_id(session.room_id):
        query = Query("all", (Term("room", RoomId(session.room_id)),))
        of_room = PageCursor.first(query, as_of, zone).write()
    blocks = [
        section(head),
        fields(*facts),
        *_people(session, as_of),
        *([context(_lost(session))] if session.lost else []),
        context(
            f"As of {clock(as_of, as_of)}. Length runs from start to end; participant-minutes add up everyone's time."
        ),
        actions(
            button("Refresh", ids.SHOW_AGAIN, ids.write(session.id)),
            *([button("All sessions of this room", ids.OPEN, of_room)] if of_room else []),
        ),
    ]
    people = count(summary.people, "person", "people")
    return Message(f"{head}: {length(session.length_s(as_of))}, {people} in all, {summary.people_in:,} in now.", blocks)


def _counted(session: Session, summary: Summary) -> str:
    """The number of people, and of their connections if there are more."""
    counted = f"{f'{summary.people_in:,} in now, ' if session.active else ''}{summary.people:,} in all"
    connections = len(session.peers or ())
    return f"{counted}\n{connections:,} connections" if connections > summary.people else counted


def _lost(session: Session) -> str:
    return f"⚠️ {count(session.lost, 'connection', 'connections')} could not be read."


def _people(session: Session, as_of: datetime) -> Iterable[Block]:
    people = sorted(session.people(), key=lambda person: not person.is_in)
    if not people:
        yield section("Nobody has been in." if session.active else "Nobody came.")
        return
    by_role: dict[str, list[Person]] = {}
    for person in people:
        by_role.setdefault(person.role, []).append(person)
    roles = sorted(by_role.items(), key=lambda entry: (not session.roles.leads(entry[0]), -len(entry[1])))
    shares = fair([len(members) for _, members in roles[:ROLES_SHOWN]], PEOPLE_SHOWN)
    lines: list[str] = []
    left_chars = PEOPLE_CHARS
    for (role, members), most in zip(roles, shares, strict=False):
        in_now = f"{sum(person.is_in for person in members):,} in now, " if session.active else ""
        head = f"*{mrkdwn(role, _NAME_CHARS) or 'no role'}* · {in_now}{len(members):,} in all"
        shown = [_person(person, session, as_of) for person in members[:most]]
        while shown and len(head) + sum(map(len, shown)) > left_chars:
            shown.pop()
        more = [f"… and {len(members) - len(shown):,} more"] if len(members) > len(shown) else []
        lines += [head, *shown, *more]
        left_chars -= sum(map(len, shown))
    if others := [len(members) for _, members in roles[ROLES_SHOWN:]]:
        lines.append(
            f"… and {count(sum(others), 'person', 'people')} in {count(len(others), 'other role', 'other roles')}"
        )
    for text in packed(lines):
        yield section(text)


def _person(person: Person, session: Session, as_of: datetime) -> str:
    parts = [f"• {mrkdwn(person.name, _NAME_CHARS) or '(no name)'}"]
    if person.user_id and person.user_id != person.name:
        parts.append(mrkdwn(person.user_id, _ID_CHARS))
    if person.is_in and person.joined_at:
        parts.append(f"since {clock(person.joined_at, as_of)}")
    elif session.active and not person.is_in:
        parts.append("left")
    if person.visits > 1:
        parts.append(f"{person.visits} visits")
    return " · ".join(parts)
