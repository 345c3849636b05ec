"""Draw a page of sessions.

Up to `CARDS_MOST` sessions get a section each with a Show button; more share sections, a line each, and a menu shows
any. Slack bounds the text of all blocks together, so each session has a share of it, the most useful parts first; Show
has the rest.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from bot.blockkit import actions as ids
from bot.blockkit.blocks import Block, Message, actions, button, context, menu, section
from bot.blockkit.escape import code, entities, mrkdwn
from bot.blockkit.fit import Part, fit, packed, share_chars
from bot.blockkit.limits import SECTION_TEXT_CHARS
from bot.blockkit.phrases import NO_BREAK, clock, count, length, person, query, room, unread
from bot.blockkit.session_parts import STATE, hosts, people, recording, roles
from bot.browse.page import Page
from bot.query.filters import ROOM_KEYS
from bot.query.model import Query
from bot.sessions.model import Session
from bot.sessions.summary import summarise

CARDS_MOST = 25
ROOMY_CHARS = 130  # a line with so much room shows longer names and full dates


def listing(page: Page, *, shared_by: str | None = None) -> Message:
    """The page with its buttons, or as shared in the channel by the person of that name."""
    title = query(page.cursor.query, page.names)
    head = [section(title), context(*_about(page))]
    foot = list(_foot(page, shared_by))
    says = f"{title}: {count(len(page.sessions), 'session', 'sessions')} on page {page.cursor.number}."
    if not page.sessions:
        return Message(says, [*head, *_empty(page), *foot])
    draw = _cards if len(page.sessions) <= CARDS_MOST else _lines
    return Message(says, [*head, *draw(page, share_chars([*head, *foot], len(page.sessions))), *foot])


def _about(page: Page) -> Iterable[str]:
    number = page.cursor.number
    shown = count(len(page.sessions), "session", "sessions")
    follows = ", more follow" if page.last_id else ", the last page" if number > 1 else ""
    yield f"Page {number} · {shown}{follows} · as of {clock(page.as_of, page.as_of)}"
    yield f"`/sessions {code(_short(str(page.cursor.query)))}`"


def _cards(page: Page, share_chars: int) -> Iterable[Block]:
    for session in page.sessions:
        name = page.names.get(session.room_id) or session.room_id
        show = button("Show", ids.SHOW, ids.write(session.id), spoken=f"Show the session in {name}")
        most_chars = min(SECTION_TEXT_CHARS, share_chars - len("Show"))
        yield section(fit(_card(session, page), most_chars), show)


def _card(session: Session, page: Page) -> list[list[Part]]:
    summary = summarise(session)
    lasted = length(session.length_s(page.as_of))
    return [
        [
            Part(STATE[session.active]),
            Part(room(session.room_id, page.names)),
            Part(people(session, summary)),
        ],
        [
            Part(f"started {clock(session.started_at, page.as_of)}"),
            Part(f"{lasted} so far" if session.active else f"lasted {lasted}"),
            Part(hosts(session, summary), 1),
        ],
        [Part(roles(session, summary), 2)],
        [Part(f"session {mrkdwn(session.id, 24)}", 4), Part(f"room {mrkdwn(session.room_id, 24)}", 3)],
    ]


def _lines(page: Page, share_chars: int) -> Iterable[Block]:
    lines, options = [], []
    for number, session in enumerate(page.sessions, start=1):
        options.append((str(number), ids.write(session.id)))
        most_chars = share_chars - len(str(number))
        lines.append(fit([_line(number, session, page, roomy=most_chars > ROOMY_CHARS)], most_chars))
    for text in packed(lines):
        yield section(text)
    yield actions(menu("Show number …", ids.SHOW, options))


def _line(number: int, session: Session, page: Page, *, roomy: bool) -> list[Part]:
    summary = summarise(session)
    numbers = f"{summary.people_in:,}/{summary.people:,} in" if session.active else f"{summary.people:,} in all"
    started = clock(session.started_at, page.as_of, short=not roomy)
    line = [
        Part(f"{number} {STATE[session.active]}"),
        Part(room(session.room_id, page.names, 40 if roomy else 16)),
        Part(numbers, 1),
        Part(started, 2),
        Part(length(session.length_s(page.as_of)).replace(NO_BREAK, ""), 3),
    ]
    if roomy:
        line += [
            Part(hosts(session, summary), 4),
            Part(roles(session, summary), 6),
            Part(recording(session), 5),
            Part(f"room {mrkdwn(session.room_id, 24)}" if page.names.get(session.room_id) else "", 5),
        ]
    return line


def _foot(page: Page, shared_by: str | None) -> Iterable[Block]:
    """Notes and buttons below the page; Back and More carry their own cursors, Refresh and Share this page's."""
    cursor, here = page.cursor, page.cursor.write()
    if page.unreadable:
        yield context(unread(page.unreadable))
    if page.bound_reached:
        looked = count(page.examined, "session", "sessions")
        fault = f" Then 100ms failed: {entities(page.fault)}" if page.fault else ""
        yield context(f"I looked through {looked} for this page.{fault} *More* goes on from there.")
    if shared_by is not None:
        yield context(f"Shared by {person(shared_by)}")
        yield actions(button("Open for me", ids.OPEN, here, spoken="Open this list for me, with its pages"))
        return
    buttons = []
    if (back := cursor.back()) is not None:
        one_page = back.number == cursor.number - 1
        buttons.append(button("Back" if one_page else "First page", ids.BACK, back.write()))
    if page.last_id:
        buttons.append(button("More", ids.MORE, cursor.more(page.last_id).write(), spoken="More sessions"))
    buttons.append(button("Refresh", ids.REFRESH, here))
    if page.sessions:
        buttons.append(button("Share in channel", ids.SHARE, here))
    yield actions(*buttons)


def _empty(page: Page) -> Iterable[Block]:
    cursor = page.cursor
    if page.bound_reached:
        yield section("None found so far.")
        return
    if cursor.number > 1:
        yield section("Nothing more: the page before was the last one.")
        return
    yield section(
        "No sessions match." if cursor.query.terms or cursor.query.state != "all" else "There are no sessions yet."
    )
    suggestions = [
        button(label, f"{ids.OPEN}.{number}", replace(cursor, query=suggested).write())
        for number, (label, suggested) in enumerate(_next_queries(cursor.query))
    ]
    if suggestions:
        yield actions(*suggestions)


def _next_queries(empty: Query) -> Iterable[tuple[str, Query]]:
    """Suggestions after a query without results, with their labels: another state, then fewer filters."""
    for state, label in (("ended", "Ended ones instead"), ("active", "Active ones instead"), ("all", "Of any state")):
        if empty.state not in (state, "all"):
            yield label, Query(state, empty.without("start").terms)
    narrow = [term.key for term in empty.terms if term.key not in ("limit", *ROOM_KEYS)]
    if narrow:
        yield "Without the other filters", empty.without(*narrow)
    if any(term.key in ROOM_KEYS for term in empty.terms):
        yield "In every room", empty.without(*ROOM_KEYS, "start")


def _short(text: str, most_chars: int = 200) -> str:
    return text if len(text) <= most_chars else text[: most_chars - 1] + "…"
