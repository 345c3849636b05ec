"""`COMMANDS`: the subcommands of `/sessions`. A new one is one entry; whatever is none of them is a query."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bot.core.filters import LIST
from bot.core.kinds import ON
from bot.core.parse import parse
from bot.core.place import Place
from bot.core.text import from_slack, tidy
from bot.core.values import parse_id
from bot.errors import QueryError
from bot.render.blocks import Message, context
from bot.render.help import COMMAND, help_message
from bot.slack.access import denial, permit
from bot.slack.answers import send_page, send_session
from bot.slack.digests import digest, digests
from bot.slack.doctor import doctor
from bot.slack.mutes import mute, mutes, unmute
from bot.slack.quiet import quiet
from bot.slack.request import Request
from bot.slack.settings import settings
from bot.slack.subscriptions import subscribe, subscriptions, unsubscribe
from bot.slack.threads import threads


@dataclass(frozen=True, slots=True)
class Command:
    """`usage` and `help` are for the help and the README; `run` gets the rest of the line, and gives the answer, or
    None where it has answered itself; `also` are other first words for it."""

    usage: str
    help: str
    run: Callable[[Request, str], Awaitable[Message | None]]
    also: tuple[str, ...] = ()


async def run(request: Request, text: str) -> None:
    """Answer `/sessions <text>`, as Slack sent it."""
    await run_line(request, tidy(from_slack(text)).removeprefix(COMMAND))  # of a line copied with the command


async def run_line(request: Request, line: str, *, view: str | None = None) -> None:
    """Answer a tidy line; with `view`, the line of a list, in place of the message at hand by that list anew, under
    what has been done, or by the answer alone where `view` is empty. Raises Denied before anything is done where the
    person may not do both."""
    names = [_read(each)[0] for each in ([line, view] if view else [line])]
    if request.name == "other":  # a button keeps its own
        request.name = names[0]
    await permit(request, *names)
    answer = await _perform(request, line)
    if answer is None:
        return
    if view and (shown := await _perform(request, view)):
        answer = Message(f"{answer.head}\n{shown.head}", [context(answer.head), *shown.blocks])
    await request.reply(answer, replace=view is not None and request.in_place)


async def _perform(request: Request, line: str) -> Message | None:
    """Do what a tidy line says. The answer, or None where it is given already."""
    name, rest = _read(line)
    if name in COMMANDS:
        return await COMMANDS[name].run(request, rest)
    await _list(request, line)
    return None


def _read(line: str) -> tuple[str, str]:
    """The command that a line calls, and the rest of it; LIST, and all of it, where it is a query."""
    word, _, rest = line.strip(" ,").partition(" ")
    name = command_words().get(word.lower().rstrip(","), LIST)
    return (name, rest) if name in COMMANDS else (LIST, line)


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
            return await run_line(request, rest)
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


async def _help(request: Request, rest: str) -> None:
    closed = [name for name in dict.fromkeys(command_words().values()) if await denial(request, name)]
    await request.reply(help_message(command_rows(), closed=closed))


COMMANDS: dict[str, Command] = {
    "show": Command("show <session id>", "one session: its people by role, its lengths", _show, also=("details",)),
    "subscribe": Command(
        f"subscribe [query] [{ON}]",
        "tell this channel when sessions open and close",
        subscribe,
        also=("sub", "follow"),
    ),
    "subscriptions": Command(
        "subscriptions",
        "this channel's subscriptions: who made them, and their state",
        subscriptions,
        also=("subs",),
    ),
    "unsubscribe": Command(
        "unsubscribe <number, query or all>",
        "end subscriptions of this channel",
        unsubscribe,
        also=("unsub", "unfollow"),
    ),
    "digest": Command(
        "digest <schedule> [query]",
        "the figures since the last one: `weekdays 9:00`, `weekly mon,thu 17:00 Berlin`; "
        "`digest preview`, `pause`, `resume`, `remove` and a number",
        digest,
    ),
    "digests": Command(
        "digests", "this channel's digests: who made them, when they come next, and their state", digests
    ),
    "mute": Command(
        "mute [query] <end>",
        "no new messages for a while: `2h`, `until 17:00`, `until tomorrow`, `until monday 9:00`, 30 days at most",
        mute,
        also=("snooze", "silence"),
    ),
    "mutes": Command("mutes", "this channel's mutes: who made them, and when they end", mutes),
    "unmute": Command("unmute [number, query or all]", "end a mute now", unmute, also=("unsnooze",)),
    "quiet": Command(
        "quiet [<hours>|off]",
        "hours without new messages: `22:00-7:00 weekdays Berlin`, `7:00-7:00 sat,sun Berlin`; `off` ends all or one",
        quiet,
    ),
    "threads": Command("threads [on|off]", "whether joins and leaves are posted in threads", threads),
    "settings": Command(
        "settings [changes]",
        "everything that is set for this channel, with buttons; `changes`: who set it",
        settings,
        also=("config",),
    ),
    "doctor": Command(
        "doctor [details]",
        "whether everything works: Slack, 100ms, the database, the clock, waiting messages; `details`: each check",
        doctor,
    ),
    "help": Command("help", "this list", _help, also=("?", "h", "-h", "-help", "--help", "-?")),
}


FREE = ("help",)
"""What nobody can be kept from."""


def command_words() -> dict[str, str]:
    """The command for each first word that calls it; LIST is the word for a query in the settings alone."""
    words = {word: name for name, command in COMMANDS.items() for word in (name, *command.also)}
    return {LIST: LIST, **words}


def command_rows() -> list[tuple[str, str]]:
    """(usage, help) of each, for the help, the README and the usage hint."""
    return [(command.usage, command.help) for command in COMMANDS.values()]
