"""`COMMANDS`: the subcommands of `/sessions`. A new one is one entry; whatever is none of them is a query."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bot.core.filters import FILTERS, parse_id
from bot.core.place import Place
from bot.core.query import parse
from bot.core.text import from_slack, tidy
from bot.errors import QueryError
from bot.render.help import COMMAND, help_message
from bot.slack.answers import send_page, send_session
from bot.slack.request import Request


@dataclass(frozen=True, slots=True)
class Command:
    """`usage` and `help` are for the help and the README; `run` gets the rest of the line and answers."""

    usage: str
    help: str
    run: Callable[[Request, str], Awaitable[None]]


async def run(request: Request, text: str) -> None:
    """Answer `/sessions <text>`, as Slack sent it."""
    line = tidy(from_slack(text)).removeprefix(COMMAND)  # of a line copied with the command
    name, _, rest = line.strip(" ,").partition(" ")
    if command := COMMANDS.get(name.lower().rstrip(",")):
        await command.run(request, rest)
    else:
        await _list(request, line)


async def _list(request: Request, line: str) -> None:
    query = parse(line, commands=tuple(COMMANDS))
    if query.needs_zone:
        await request.local_zone()
    await send_page(request, Place.first(query, request.now, request.zone))


async def _show(request: Request, rest: str) -> None:
    rest = rest.strip(" ,\"'`")
    try:
        session_id = parse_id(rest)
    except ValueError as error:
        line = f"show {rest}".strip()
        text = f"`show` takes a session's id: {error}." if rest else "`show` needs a session's id."
        text += " Lists of sessions have a Show button too."
        place = len("show ") if rest else len(line)
        fix = f"{'' if rest else ' '}{FILTERS['start'].example}"
        raise QueryError(text, line=line, start=place, end=len(line), fix=fix, faithful=False) from None
    await send_session(request, session_id)


async def _help(request: Request, rest: str) -> None:
    await request.reply(help_message(command_rows()))


COMMANDS: dict[str, Command] = {
    "show": Command("show <session id>", "one session: its people by role, its lengths", _show),
    "help": Command("help", "this list", _help),
}


def command_rows() -> list[tuple[str, str]]:
    """(usage, help) of each, for the help, the README and the usage hint."""
    return [(command.usage, command.help) for command in COMMANDS.values()]
