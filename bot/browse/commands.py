"""The list of sessions and its buttons, and `show`: one session by its id, its row in the list of live ones, or its
room's name."""

from __future__ import annotations

from bot.blockkit import actions as ids
from bot.blockkit.help import COMMAND
from bot.blockkit.phrases import count
from bot.browse.read_page import read_page
from bot.browse.send import send_page, send_session
from bot.errors import QueryError, UserError, said_for
from bot.query.command_lines import Line
from bot.query.cursor import PageCursor, read_cursor
from bot.query.filters import LIST
from bot.query.model import Query
from bot.query.parse import parse
from bot.query.values import LIMIT_MAX, LIMIT_MIN, parse_id, parse_room
from bot.sessions.model import Session
from bot.slack import store as request_store
from bot.slack.access import permit
from bot.slack.numbers import read_number, unquoted
from bot.slack.registry import Action, Command, Feature
from bot.slack.reply_to import ResponseUrl
from bot.slack.request import Request
from bot.text import quote

SHARED_ONCE_MS = 60_000
"""A second press of Share on the same page within this time is a double click."""


async def list_sessions(request: Request, line: str) -> None:
    """Answer a query with its first page."""
    query = parse(line, commands=request.bot.registry.names)
    if query.needs_zone:
        await request.local_zone()
    await send_page(request, PageCursor.first(query, request.now, request.zone))


async def show(request: Request, rest: str) -> None:
    """Answer with one session, or with a list if several may be meant."""
    target = unquoted(rest)
    if not target:
        raise QueryError.whole("Which session?", "show", "show 1")
    if (row := read_number(target)) is not None:
        await send_session(request, await _in_row(request, row))
    elif session_id := _id(target):
        await send_session(request, session_id)
    else:
        with said_for(LIST):  # corrections are offered as lists
            await _of_query(request, await _query(request, target))


async def _of_query(request: Request, query: Query) -> None:
    """Answer with the list, but for a single room with its only live session, else its newest."""
    if query.state != "active" or [(term.key, term.negated) for term in query.terms] != [("room", False)]:
        await request.local_zone()
        await _list(request, query)
        return
    query = await request.workspace.rooms.resolve(query)
    live = await _newest(request, query)
    found = live or await _newest(request, Query("all", query.terms))
    if len(live) > 1 or not found:
        await _list(request, query)
    else:
        await send_session(request, found[0].id)


async def _list(request: Request, query: Query) -> None:
    await permit(request, LIST)
    await send_page(request, PageCursor.first(query, request.now, request.zone))


def _id(typed: str) -> str:
    """The session id if it is one, else "". Raises UserError for a malformed id."""
    try:
        return parse_id(typed)
    except ValueError:
        pass
    try:
        parse_room(typed)
    except ValueError as error:
        raise UserError(f"{quote(typed)}: {error}.") from None
    return ""


async def _query(request: Request, typed: str) -> Query:
    """The parsed query; words that are no filter are taken for a room's name. Raises QueryError."""
    try:
        with said_for(LIST):
            return parse(typed)
    except QueryError as error:
        better = await request.mended(error)
        if not (better.sure and better.rooms):
            raise
        return parse(better.line)


async def _in_row(request: Request, row: int) -> str:
    """The session id in a row of the list of live ones. Raises UserError."""
    if not 1 <= row <= LIMIT_MAX:
        raise UserError(f"Rows go from 1 to {LIMIT_MAX}.")
    sessions = await _newest(request, parse(f"active limit:{max(row, LIMIT_MIN)}"))
    if row > len(sessions):
        live = count(len(sessions), "session is", "sessions are") if sessions else "no session is"
        raise UserError(f"There is no row {row}: {live} live just now.")
    return sessions[row - 1].id


async def _newest(request: Request, query: Query) -> list[Session]:
    """The sessions of the first page of a query whose rooms are resolved."""
    cursor = PageCursor.first(query, request.now, request.zone)
    return (await read_page(request.workspace.hms, request.workspace.rooms, cursor, request.now)).sessions


async def _turn_page(request: Request, value: str) -> None:
    await send_page(request, read_cursor(value), replace=True)


async def _refresh(request: Request, value: str) -> None:
    await send_page(request, _fresh(request, read_cursor(value)), replace=True)


async def _open(request: Request, value: str) -> None:
    await send_page(request, _fresh(request, read_cursor(value)), replace=request.in_place)


async def _share(request: Request, value: str) -> None:
    cursor = read_cursor(value)
    if not isinstance(request.to, ResponseUrl):
        raise UserError(f"This page can't be shared from here: type `{COMMAND}` in the channel, and share it there.")
    store, team_id = request.bot.store, request.team_id
    sharing = f"share {request.user_id} {request.message_ts} {value}"
    if not await request_store.begin(store, team_id, sharing, request.now_ms, SHARED_ONCE_MS):
        raise UserError("That page has just been shared here.")
    try:
        done = await send_page(request, cursor, for_all=True)
    except BaseException:
        if request.posting is None:
            await request_store.withdraw(store, team_id, sharing)
        raise
    if not done:
        await request_store.withdraw(store, team_id, sharing)  # so that it can be shared again at once
        raise UserError("Slack did not confirm that the page was shared. If it isn't in the channel, share it again.")


async def _details(request: Request, value: str) -> None:
    await send_session(request, ids.read_session_id(value))


async def _details_again(request: Request, value: str) -> None:
    await send_session(request, ids.read_session_id(value), replace=request.in_place)


def _fresh(request: Request, cursor: PageCursor) -> PageCursor:
    """The cursor with the times of a first page fixed anew; a later page belongs to the pages before it."""
    return PageCursor.first(cursor.query, request.now, cursor.zone) if cursor.number == 1 else cursor


FEATURE = Feature(
    query=Command(
        LIST, "", "", list_sessions, line=Line(lambda line, now, zone: parse(line), "active"), reads=True, anywhere=True
    ),
    commands=(
        Command(
            "show",
            "show <row, room or session id>",
            "one session: its people by role, its lengths; a row is one of `active`",
            show,
            also=("details",),
            examples=(
                ("show 3", "the third live session"),
                ("show town-hall", "the session in that room"),
                ("show 63172c2d3e3d9fdb008322e1", "the session with that id"),
            ),
            reads=True,
            anywhere=True,
            echoes=False,  # what was typed says as much
        ),
    ),
    actions=(
        Action(ids.MORE, _turn_page, (LIST,)),
        Action(ids.BACK, _turn_page, (LIST,)),
        Action(ids.REFRESH, _refresh, (LIST,)),
        Action(ids.SHARE, _share, (LIST,)),
        Action(ids.OPEN, _open, (LIST,)),
        Action(ids.SHOW, _details, ("show",)),
        Action(ids.SHOW_AGAIN, _details_again, ("show",)),
    ),
)
