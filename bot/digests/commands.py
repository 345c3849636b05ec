"""The commands for a channel's digests, which buttons run too."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Literal

from bot.blockkit import actions as ids
from bot.blockkit.blocks import Message, button
from bot.digests import store as digests_store
from bot.digests.count import preview
from bot.digests.lines import PREVIEW, digest_line, read_digest, schedule_line
from bot.digests.list_render import announced, digests_list, ended, halted_or_resumed, made
from bot.digests.model import Digest
from bot.errors import ManyRooms, QueryError, TooMany, UserError, WhichZone, said_for
from bot.outbox import conversations
from bot.outbox.card import key_of
from bot.outbox.message import Outgoing
from bot.outbox.settled import settled
from bot.query.command_lines import Line, check_alone, terms
from bot.query.filters import DIGEST
from bot.query.model import Query
from bot.query.schedule import Schedule
from bot.slack.access import permit
from bot.slack.numbers import find_settings, no_such, read_number, unquoted
from bot.slack.registry import Command, Feature
from bot.slack.request import Request

PREVIEW_SHARE = 0.8
"""Share of the time for an answer that reading the account may take; names and posting need the rest."""
_LISTS = ("", "list", "digests")


async def digest(request: Request, line: str) -> Message:
    """Make a digest and announce it in its channel at once, or run the verb that `line` begins with."""
    verb, _, rest = line.strip(" ,").partition(" ")
    if run := VERBS.get(verb.lower()):
        return await run(request, unquoted(rest))
    if line.strip(" ,").lower() in _LISTS:
        await permit(request, "digests")
        return await digests(request)
    await request.may_set_up()
    wanted = await _read(request, line, stored_by="digest")
    store, place, names = request.bot.store, (request.team_id, request.channel_id), await request.names(wanted.query)
    message = announced(wanted, by=await request.display_name(), names=names)
    key = key_of("digest", *place, str(wanted.schedule), str(wanted.query), str(wanted.created_ms))
    first = Outgoing(key, *place, "post", message.text, message.blocks)
    try:
        stored, how = await digests_store.add(store, wanted, request.by(digest_line(wanted)), first)
    except TooMany as error:
        raise QueryError.whole(error.text, f"digest {line}", "digests") from None
    waiting = how != "changed" and not await settled(store, place, key, request.bot.settled_s)
    channel = await conversations.read(store, *place)
    answer = made(
        stored,
        how,
        names=names,
        now=request.now,
        invite=request.workspace.invite,
        paused=channel.paused or "",
        waiting=waiting,
        heard=channel.last_ms is not None,
    )
    return await request.noted(wanted.query, answer)


async def digests(request: Request, line: str = "") -> Message:
    """List the channel's digests with their states."""
    check_alone("digests", line)
    store, team_id = request.bot.store, request.team_id
    found = await digests_store.read(store, team_id, request.channel_id)
    channel = await conversations.read(store, team_id, request.channel_id)
    names = await request.names(*(each.query for each in found))
    stale = await request.workspace.stale()
    return digests_list(found, channel, names=names, as_of=request.now, stale=stale, invite=request.workspace.invite)


async def _preview(request: Request, said: str) -> Message:
    """Preview the newest finished period of one of the channel's digests, or of a line that would make one."""
    request.again = button("Try again", ids.RUN, ids.write(f"{PREVIEW} {said}"))
    if said and read_number(said) is None:
        with said_for(PREVIEW):  # what an error offers is a preview, too
            wanted = await _read(request, said)
    else:
        wanted = await _one(request, "preview", said)
    most_s = PREVIEW_SHARE * request.bot.answer_s - (request.bot.clock() - request.now).total_seconds()
    return await preview(request.workspace.hms, request.workspace.rooms, wanted, request.now, most_s)


async def _change(verb: Literal["pause", "resume", "remove"], request: Request, said: str) -> Message:
    """Pause, resume or remove one of the channel's digests."""
    await (request.may_set_up() if verb == "resume" else request.no_guests())
    chosen = await _one(request, verb, said)
    # the schedule and query identify it in the audit log even when it is gone
    by = request.by(f"digest {verb} {chosen.schedule} {terms(chosen.query)}".rstrip())
    which = request.bot.store, request.team_id, request.channel_id, chosen.number
    if verb == "remove":
        changed = await digests_store.remove(*which, by)
    else:
        changed = await digests_store.pause(*which, verb == "pause", by)
    if changed is None:
        raise await _no_such(request, verb, str(chosen.number))
    names = await request.names(changed.query)
    return ended(changed, names) if verb == "remove" else halted_or_resumed(changed, names, request.now)


VERBS: dict[str, Callable[[Request, str], Awaitable[Message]]] = {
    **dict.fromkeys(("preview", "show", "test"), _preview),
    **dict.fromkeys(("pause", "stop"), partial(_change, "pause")),
    **dict.fromkeys(("resume", "start", "continue"), partial(_change, "resume")),
    **dict.fromkeys(("remove", "delete", "end", "cancel", "rm"), partial(_change, "remove")),
}


async def _read(request: Request, line: str, *, stored_by: str = "") -> Digest:
    """The digest that a line would make; `stored_by` is the command in front of it where that stores something. Raises
    WhichZone then."""

    def read(zone: str) -> tuple[Schedule, Query]:
        return read_digest(line, zone)

    def said(found: tuple[Schedule, Query], city: str) -> str:
        schedule, query = found
        return f"{stored_by} {replace(schedule, zone=city)} {terms(query)}".rstrip()

    schedule, query = await request.in_local_zone(read, said) if stored_by else read(await request.local_zone())
    wanted = Digest(
        request.team_id,
        request.channel_id,
        replace(query, state="all").without("empty"),
        schedule,
        query.only("empty") or "say",
        request.user_id,
        request.now_ms,
    )
    try:
        return replace(wanted, query=await request.workspace.rooms.resolve(wanted.query))
    except ManyRooms as error:
        before = schedule_line(wanted)
        error.choices = [
            (name, room_id, f"{before} {said.removeprefix('all ')}") for name, room_id, said in error.choices
        ]
        raise


async def _one(request: Request, verb: str, said: str) -> Digest:
    """The digest that is named by its number or its line; alone, the only one."""
    here = await digests_store.read(request.bot.store, request.team_id, request.channel_id)
    found = await find_settings(said, here, lambda: _alike(request, verb, said, here))
    if not found:
        raise await _no_such(request, verb, said)
    return found[0]


async def _alike(request: Request, verb: str, said: str, here: Sequence[Digest]) -> Sequence[Digest]:
    """The digest that the line `said` would make, if there is one. Raises WhichZone."""
    try:
        wanted = await _read(request, said, stored_by=f"digest {verb}")
    except WhichZone:
        raise
    except UserError:  # its fix would make one
        return ()
    return [each for each in here if (each.schedule, each.query) == (wanted.schedule, wanted.query)]


async def _no_such(request: Request, verb: str, said: str) -> UserError:
    here = await digests_store.read(request.bot.store, request.team_id, request.channel_id)
    return await no_such(request, said, [each.number for each in here], scope=f"{DIGEST} {verb}", what="digest")


FEATURE = Feature(
    commands=(
        Command(
            DIGEST,
            "digest <schedule> [query]",
            "the figures since the last one: `weekdays 9:00`, `weekly mon,thu 17:00 Berlin`; "
            "`digest preview`, `pause`, `resume`, `remove` and a number",
            digest,
            examples=(
                ("digest daily 9:00", "every morning, in your time zone"),
                ("digest weekly mon 17:00 Berlin room:town-hall", "one room's week"),
                ("digest preview weekdays 9:00", "see one now; nothing is set"),
            ),
            line=Line(lambda line, now, zone: read_digest(line, zone), "weekdays 9:00"),
            reading=("preview",),
        ),
        Command(
            "digests",
            "digests",
            "this channel's digests: who made them, when they come next, and their state",
            digests,
            examples=(("digests", "this channel's digests"),),
            reads=True,
        ),
    )
)
