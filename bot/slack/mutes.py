"""Answers about what a channel doesn't want to hear: mutes, quiet hours, threads."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from zoneinfo import ZoneInfo

from bot.core.filters import MUTE
from bot.core.lines import QUIET, check_alone, end_line, muted, quiet_line, read_hours, read_silence
from bot.core.mute import Mute
from bot.core.parse import parse
from bot.core.query import Query, Term
from bot.core.quiet import Quiet
from bot.core.suggest import nearest
from bot.core.text import quote, tidy
from bot.core.times import ms
from bot.core.values import RoomId, is_id
from bot.errors import HmsError, ManyRooms, Overlaps, QueryError, TooMany, UserError
from bot.flows.show_session import show_session
from bot.render import mutes as say
from bot.render.blocks import Message
from bot.render.phrases import Names
from bot.slack.numbers import no_such, read_number, unquoted
from bot.slack.request import Request

UNMUTE, THREADS = "unmute", "threads"
_ON = {"on": True, "yes": True, "off": False, "no": False}


async def mute(request: Request, line: str, *, longer: bool = False) -> Message:
    """Mute what the line says, or a session, until its end; with `longer` never shorter than it is muted already."""
    await request.no_guests()
    zone = await request.local_zone()
    end, query, session_id = read_silence(line, request.now, zone)
    end = end.replace(microsecond=0)  # as its line says it
    local_end = end_line(end.astimezone(ZoneInfo(zone)))
    if session_id:
        query = await _of_session(request, session_id)
    try:
        query = await request.bot.rooms.resolve(query)
    except ManyRooms as error:
        error.scope = MUTE
        error.choices = [
            (name, room_id, f"{said.removeprefix('active ')} {local_end}") for name, room_id, said in error.choices
        ]
        raise
    wanted = Mute(request.team_id, request.channel_id, query, session_id, ms(end), request.user_id, request.now_ms)
    by = request.by(" ".join(filter(None, ("mute", muted(wanted), local_end))))
    try:
        stored, how, before = await request.bot.store.add_mute(wanted, by, longer=longer)
    except TooMany as error:
        raise QueryError.at(error.text, f"mute {line}", (0, len(f"mute {line}")), instead="mutes") from None
    return say.muted(stored, how, before, names=await _names(request, [stored]), zone=zone)


async def mutes(request: Request, line: str) -> Message:
    """The channel's mutes that hold."""
    check_alone("mutes", line)
    here = await _here(request)
    quiets = await _quiets(request)
    zone = await request.local_zone()
    return say.mutes_list(here, quiets, names=await _names(request, here), zone=zone, as_of=request.now)


async def unmute(request: Request, said: str) -> Message:
    """End the mutes that are named: by number, by what they are about, `all`, or the only one."""
    await request.no_guests()
    here, said = await _here(request), unquoted(said)
    ending = here if said.lower() in ("all", "everything") else await _named(request, said, here)
    if not ending:
        raise await no_such(request, said, [each.number for each in here], scope=UNMUTE, what="mute")
    zone = await request.local_zone()
    named = muted(ending[0]) or str(ending[0].number)
    by = request.by(f"unmute {'all' if len(ending) > 1 else named}")
    numbers = [each.number for each in ending]
    gone = await request.bot.store.remove_mutes(request.team_id, request.channel_id, numbers, by)
    if not gone:
        raise UserError("That mute has just ended.")
    left, quiets = await _here(request), await _quiets(request)
    return say.unmuted(gone, left, quiets, names=await _names(request, gone), zone=zone, now=request.now)


async def quiet(request: Request, line: str) -> Message:
    """Set quiet hours, end all or some, or show them."""
    if not line.strip(" ,"):
        return await _shown(request)
    await request.no_guests()
    zone = await request.local_zone()
    wanted, off = read_hours(line, zone)
    if off or not wanted:
        return await _loud(request, line, wanted)
    try:
        how = await request.bot.store.add_quiet(
            request.team_id, request.channel_id, wanted, request.by(quiet_line(wanted))
        )
    except Overlaps as error:
        wrong = QueryError.at(error.text, tidy(line), (0, len(tidy(line))), instead=error.instead)
        wrong.scope = QUIET
        raise wrong from None
    except TooMany as error:
        raise _see_quiets(error.text, line) from None
    quiets = await _quiets(request)
    return say.hushed(wanted, how, quiets, zone=zone, now=request.now, by=request.user_id)


async def threads(request: Request, line: str) -> Message:
    """Whether the channel gets replies: set, or shown."""
    store, said = request.bot.store, unquoted(line).lower()
    if not said:
        return say.threads(request.channel_id not in await store.unthreaded(request.team_id), None)
    await request.no_guests()
    if said not in _ON:
        text = f"{quote(said)} is neither `on` nor `off`."
        error = QueryError.at(text, said, (0, len(said)), nearest(said, _ON), instead="off")
        error.scope = THREADS
        raise error
    on = _ON[said]
    by = request.by(f"threads {'on' if on else 'off'}")
    changed = await store.set_threads(request.team_id, request.channel_id, on, by)
    return say.threads(on, changed, by=request.user_id)


async def _named(request: Request, said: str, here: Sequence[Mute]) -> Sequence[Mute]:
    """The mute that is meant, if any."""
    if not said:
        return here if len(here) == 1 else ()
    if (number := read_number(said)) is not None:
        return [each for each in here if each.number == number]
    if is_id(said.lower()):
        return [each for each in here if each.session_id == said.lower()]
    try:
        query = await request.bot.rooms.resolve(parse(said, scope=MUTE))
    except UserError:  # its fix would mute
        return ()
    return [each for each in here if each.query == query and not each.session_id]


async def _loud(request: Request, line: str, wanted: Quiet | None) -> Message:
    """End all quiet hours, or the wanted ones; those of these times where no others are."""
    here = [quiet for quiet, _ in await _quiets(request)]
    if wanted and wanted not in here:
        alike = [each for each in here if (each.start, each.end) == (wanted.start, wanted.end)]
        if len(alike) != 1:
            raise _see_quiets(f"This channel has no quiet hours {quote(str(wanted))}.", line)
        wanted = alike[0]
    by = request.by(f"quiet off {wanted}" if wanted else "quiet off")
    gone = await request.bot.store.clear_quiets(request.team_id, request.channel_id, by, wanted)
    return say.loud(gone, [quiet for quiet, _ in await _quiets(request)])


def _see_quiets(text: str, line: str) -> QueryError:
    line = f"{QUIET} {tidy(line)}"
    return QueryError.at(text, line, (0, len(line)), instead=QUIET)


async def _of_session(request: Request, session_id: str) -> Query:
    """The room of a session, by which a mute of it is told; any where 100ms doesn't say. Raises NotFound, and UserError
    for one that is over."""
    try:
        session, _ = await show_session(request.bot.hms, request.bot.rooms, session_id)
    except HmsError:
        return Query()
    if not session.active:
        raise UserError("That session has ended: nothing comes of it that could be muted.")
    return Query(terms=(Term("room", RoomId(session.room_id)),)) if is_id(session.room_id) else Query()


async def _shown(request: Request) -> Message:
    quiets, zone = await _quiets(request), await request.local_zone()
    return say.quiets_list(quiets, zone=zone, as_of=request.now, channel_id=request.channel_id)


async def _here(request: Request) -> list[Mute]:
    return await request.bot.store.mutes(request.team_id, request.now_ms, request.channel_id)


async def _quiets(request: Request) -> say.Quiets:
    return (await request.bot.store.quiets(request.team_id, request.channel_id)).get(request.channel_id, [])


async def _names(request: Request, some: Iterable[Mute]) -> Names:
    return await request.bot.rooms.names(room_id for each in some for room_id in each.query.room_ids)
