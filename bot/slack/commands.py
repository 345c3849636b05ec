"""`COMMANDS`: the subcommands of `/sessions`. A new one is one entry; whatever is none of them is a query."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bot.core.parse import parse
from bot.core.place import Place
from bot.core.text import from_slack, tidy
from bot.core.values import parse_id
from bot.errors import QueryError
from bot.render.help import COMMAND, help_message
from bot.slack.answers import send_page, send_session
from bot.slack.request import Request
from bot.slack.subscriptions import send_subscribed, send_subscriptions, send_unsubscribed

_AROUND = re.compile(r"""^(["'`])((?:(?!\1).)*)\1$""")
"""Quotes around all of a text, not around a word at its end."""


@dataclass(frozen=True, slots=True)
class Command:
    """`usage` and `help` are for the help and the README; `run` gets the rest of the line and answers; `also` are other
    first words for it."""

    usage: str
    help: str
    run: Callable[[Request, str], Awaitable[None]]
    also: tuple[str, ...] = ()


async def run(request: Request, text: str) -> None:
    """Answer `/sessions <text>`, as Slack sent it."""
    line = tidy(from_slack(text)).removeprefix(COMMAND)  # of a line copied with the command
    name, _, rest = line.strip(" ,").partition(" ")
    name = name.lower().rstrip(",")
    for own, command in COMMANDS.items():
        if name == own or name in command.also:
            return await command.run(request, rest)
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
        if rest and _is_query(rest):  # `show ended`
            return await _list(request, rest)
        line = f"show {rest}".strip()
        text = f"`show` takes a session's id: {error}." if rest else "`show` needs a session's id."
        text += " Each session in a list has a Show button, too."
        raise QueryError(text, line=line, start=0, end=len(line), fix="active", faithful=False) from None
    await send_session(request, session_id)


def _is_query(line: str) -> bool:
    try:
        parse(line)
    except QueryError:
        return False
    return True


async def _subscribe(request: Request, rest: str) -> None:
    await send_subscribed(request, rest)


async def _subscriptions(request: Request, rest: str) -> None:
    await send_subscriptions(request)


async def _unsubscribe(request: Request, rest: str) -> None:
    await send_unsubscribed(request, _AROUND.sub(r"\2", rest.strip(" ,")).strip())


async def _help(request: Request, rest: str) -> None:
    await request.reply(help_message(command_rows()))


COMMANDS: dict[str, Command] = {
    "show": Command("show <session id>", "one session: its people by role, its lengths", _show, also=("details",)),
    "subscribe": Command(
        "subscribe [query] [on:start,end,join,leave]",
        "tell this channel when sessions open and close",
        _subscribe,
        also=("sub", "follow"),
    ),
    "subscriptions": Command(
        "subscriptions",
        "what this channel is told of, by whose wish, and how that goes",
        _subscriptions,
        also=("subs",),
    ),
    "unsubscribe": Command(
        "unsubscribe <number or query>", "end a subscription of this channel", _unsubscribe, also=("unsub", "unfollow")
    ),
    "help": Command("help", "this list", _help, also=("?", "h", "-h", "-help", "--help", "-?")),
}


def command_rows() -> list[tuple[str, str]]:
    """(usage, help) of each, for the help, the README and the usage hint."""
    return [(command.usage, command.help) for command in COMMANDS.values()]
