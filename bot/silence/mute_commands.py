"""The commands for a channel's mutes."""

from __future__ import annotations

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from bot.blockkit import actions as ids
from bot.blockkit.blocks import Message
from bot.errors import HmsError, ManyRooms, QueryError, TooMany, UserError
from bot.query.command_lines import Line, check_alone
from bot.query.filters import MUTE
from bot.query.model import Query, Term
from bot.query.parse import parse
from bot.query.times import ms
from bot.query.values import RoomId, is_id
from bot.silence import mute_render, mute_store
from bot.silence.lines import end_line, mute_target, read_silence, silence_in
from bot.silence.mute import Mute
from bot.silence.quiet_commands import quiets
from bot.slack.numbers import ALL, find_settings, no_such, unquoted
from bot.slack.registry import Action, Command, Feature
from bot.slack.request import Request

UNMUTE = "unmute"


async def mute(request: Request, line: str, *, longer: bool = False) -> Message:
    """Mute the sessions of a query, or one, until an end; with `longer` an existing mute is never shortened."""
    await request.may_set_up()
    end, query, session_id = await request.in_local_zone(
        lambda zone: read_silence(line, request.now, zone),
        lambda _, city: f"mute {silence_in(line, request.now, city)}",
    )
    zone = request.zone
    end = end.replace(microsecond=0)  # as in its command line
    local_end = end_line(end.astimezone(ZoneInfo(zone)))
    if session_id:
        query = await _of_session(request, session_id)
    try:
        query = await request.workspace.rooms.resolve(query)
    except ManyRooms as error:
        error.choices = [
            (name, room_id, f"{said.removeprefix('active ')} {local_end}") for name, room_id, said in error.choices
        ]
        raise
    wanted = Mute(request.team_id, request.channel_id, query, session_id, ms(end), request.user_id, request.now_ms)
    by = request.by(" ".join(filter(None, ("mute", mute_target(wanted), local_end))))
    try:
        stored, how, before = await mute_store.add(request.bot.store, wanted, by, longer=longer)
    except TooMany as error:
        raise QueryError.whole(error.text, f"mute {line}", "mutes") from None
    answer = mute_render.muted(stored, how, before, names=await request.names(stored.query), zone=zone)
    return await request.noted(query, answer)


async def mutes(request: Request, line: str) -> Message:
    """List the channel's mutes that hold."""
    check_alone("mutes", line)
    here = await _here(request)
    hours = await quiets(request)
    zone = await request.local_zone()
    return mute_render.mutes_list(
        here, hours, names=await request.names(*(each.query for each in here)), zone=zone, as_of=request.now
    )


async def unmute(request: Request, said: str) -> Message:
    """End mutes named by number, query or session id, `all` of them, or the only one."""
    await request.no_guests()
    here, said = await _here(request), unquoted(said)
    ending = here if said.lower() in ALL else await find_settings(said, here, lambda: _alike(request, said, here))
    if not ending:
        raise await no_such(request, said, [each.number for each in here], scope=UNMUTE, what="mute")
    zone = await request.local_zone()
    named = mute_target(ending[0]) or str(ending[0].number)
    by = request.by(f"unmute {'all' if len(ending) > 1 else named}")
    numbers = [each.number for each in ending]
    gone = await mute_store.remove(request.bot.store, request.team_id, request.channel_id, numbers, by)
    if not gone:
        raise UserError("That mute has just ended.")
    left, hours = await _here(request), await quiets(request)
    return mute_render.unmuted(
        gone, left, hours, names=await request.names(*(each.query for each in gone)), zone=zone, now=request.now
    )


async def _alike(request: Request, said: str, here: Sequence[Mute]) -> Sequence[Mute]:
    """The mutes of the query or the session id `said`."""
    if is_id(said.lower()):
        return [each for each in here if each.session_id == said.lower()]
    try:
        query = await request.workspace.rooms.resolve(parse(said, scope=MUTE))
    except UserError:  # its fix would mute
        return ()
    return [each for each in here if each.query == query and not each.session_id]


async def _of_session(request: Request, session_id: str) -> Query:
    """A query for the session's room, which lists of mutes name; empty if 100ms can't tell. Raises NotFound, and
    UserError if the session has ended."""
    try:
        session = await request.workspace.hms.find_session(session_id)
    except HmsError:
        return Query()
    if not session.active:
        raise UserError("That session has ended: nothing comes of it that could be muted.")
    return Query(terms=(Term("room", RoomId(session.room_id)),)) if is_id(session.room_id) else Query()


async def _here(request: Request) -> list[Mute]:
    return await mute_store.read(request.bot.store, request.team_id, request.now_ms, request.channel_id)


async def _mute(request: Request, value: str) -> None:
    """Mute from a card's menu. Who presses it may not know of a longer mute, so that stays."""
    await request.reply(await mute(request, ids.read_line(value), longer=True))


FEATURE = Feature(
    commands=(
        Command(
            MUTE,
            "mute [query] <end>",
            "no new messages for a while: `2h`, `until 17:00`, `until tomorrow`, `until monday 9:00`, 30 days at most",
            mute,
            line=Line(read_silence, "2h"),
            also=("snooze", "silence"),
            examples=(
                ("mute 2h", "no new alerts for two hours"),
                ("mute until tomorrow", "until 9 in the morning"),
                ("mute room:town-hall until 17:00", "one room only"),
            ),
        ),
        Command(
            "mutes",
            "mutes",
            "this channel's mutes: who made them, and when they end",
            mutes,
            examples=(("mutes", "what is muted here, and until when"),),
            reads=True,
        ),
        Command(
            UNMUTE,
            "unmute [number, query or all]",
            "end a mute now",
            unmute,
            also=("unsnooze",),
            examples=(
                ("unmute", "end the only mute"),
                ("unmute 5", "end number 5"),
                ("unmute all", "end all of them"),
            ),
        ),
    ),
    actions=(Action(ids.MUTE, _mute, (MUTE,)),),
)
