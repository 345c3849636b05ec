"""The command for a channel's quiet hours."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from bot.blockkit.blocks import Message
from bot.errors import Overlaps, QueryError, TooMany
from bot.query.command_lines import Line
from bot.silence import quiet_render, quiet_store
from bot.silence.lines import QUIET, quiet_line, read_hours
from bot.silence.quiet_hours import QuietHours
from bot.slack.registry import Command, Feature
from bot.slack.request import Request
from bot.text import quote, tidy

Read = Callable[[str], tuple[QuietHours | None, bool]]


async def quiet(request: Request, line: str) -> Message:
    """Set quiet hours, end all or some, or show them."""
    if not line.strip(" ,"):
        return await _list_quiet(request)
    await request.no_guests()

    def read(zone: str) -> tuple[QuietHours | None, bool]:
        return read_hours(line, zone)

    wanted, off = read(await request.local_zone())
    if off or not wanted:
        return await _end_quiet(request, line, wanted, read)
    await request.may_set_up()
    await request.in_local_zone(read, _in_city)
    try:
        how = await quiet_store.add(
            request.bot.store, request.team_id, request.channel_id, wanted, request.by(quiet_line(wanted))
        )
    except Overlaps as error:
        raise QueryError.at(error.text, tidy(line), (0, len(tidy(line))), instead=error.instead) from None
    except TooMany as error:
        raise _see(error.text, line) from None
    return quiet_render.quiet_set(
        wanted, how, await quiets(request), zone=request.zone, now=request.now, by=request.user_id
    )


async def quiets(request: Request) -> quiet_render.Quiets:
    """The channel's quiet hours with the ids of their makers."""
    return (await quiet_store.read(request.bot.store, request.team_id, request.channel_id)).get(request.channel_id, [])


async def _end_quiet(request: Request, line: str, wanted: QuietHours | None, read: Read) -> Message:
    """End all quiet hours, or the wanted ones; if there are none like them, the only ones at these times."""
    here = [quiet for quiet, _ in await quiets(request)]
    if wanted:
        alike = [each for each in here if (each.start, each.end) == (wanted.start, wanted.end)]
        if len(alike) > 1:
            await request.in_local_zone(read, _in_city)
        if wanted not in here:
            if len(alike) != 1:
                raise _see(f"This channel has no quiet hours {quote(str(wanted))}.", line)
            wanted = alike[0]
    by = request.by(f"quiet off {wanted}" if wanted else "quiet off")
    gone = await quiet_store.clear(request.bot.store, request.team_id, request.channel_id, by, wanted)
    return quiet_render.quiet_ended(gone, [quiet for quiet, _ in await quiets(request)])


async def _list_quiet(request: Request) -> Message:
    zone = await request.local_zone()
    return quiet_render.quiets_list(await quiets(request), zone=zone, as_of=request.now, channel_id=request.channel_id)


def _in_city(said: tuple[QuietHours | None, bool], city: str) -> str:
    hours, off = said
    return f"{QUIET} {'off ' if off else ''}{replace(hours, zone=city) if hours else ''}".rstrip()


def _see(text: str, line: str) -> QueryError:
    return QueryError.whole(text, f"{QUIET} {tidy(line)}", QUIET)


FEATURE = Feature(
    commands=(
        Command(
            QUIET,
            "quiet [<hours>|off]",
            "hours without new messages: `22:00-7:00 weekdays Berlin`, `7:00-7:00 sat,sun Berlin`; "
            "`off` ends all or one",
            quiet,
            line=Line(lambda line, now, zone: read_hours(line, zone), "22:00-7:00"),
            examples=(
                ("quiet 22:00-7:00", "every night, in your time zone"),
                ("quiet 18:00-8:00 weekdays Berlin", "nights that begin on weekdays"),
                ("quiet off", "no quiet hours any more"),
            ),
        ),
    )
)
