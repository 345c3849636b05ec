"""`COMMANDS`: the subcommands of `/sessions`. A new one is one entry; whatever is none of them is a query."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from bot.alerts.commands import subscribe, subscriptions, unsubscribe
from bot.blockkit.blocks import Message
from bot.blockkit.help import command_help, help_message
from bot.browse.commands import show
from bot.channel.commands import settings
from bot.digests.commands import digest, digests
from bot.health.commands import doctor
from bot.query.filters import FILTERS, LIST, SYNONYMS
from bot.query.kinds import ON
from bot.silence.mute_commands import mute, mutes, unmute
from bot.silence.quiet_commands import quiet
from bot.silence.thread_commands import threads
from bot.slack.access import denial
from bot.slack.request import Request

_HOW = re.compile(r"how (?:to|do i|do we|do you|can i|can we) (.+)", re.IGNORECASE)
HELP = ("help", "?", "-h", "-help", "--help", "-?")


@dataclass(frozen=True, slots=True)
class Command:
    """`usage` and `help` are for the help and the README; `run` gets the rest of the line, and gives the answer, or
    None where it has answered itself; `also` are other first words for it. `examples`: lines, and what each does.
    `reads`: it changes nothing, so that a line with errors can be run as what was probably meant."""

    usage: str
    help: str
    run: Callable[[Request, str], Awaitable[Message | None]]
    also: tuple[str, ...] = ()
    examples: Sequence[tuple[str, str]] = ()
    reads: bool = False


async def _help(request: Request, rest: str) -> Message:
    words = rest.lower().rstrip(".!?").split(" ")
    if entry := FILTERS.get(SYNONYMS.get(words[0], words[0]).strip("-:")):
        return command_help(entry.form, entry.help, [(f"{entry.key}:{entry.example}", "")])
    for command in (COMMANDS.get(command_words().get(word, "")) for word in words):
        if command is not None and command.run is not _help:
            return command_help(command.usage, command.help, command.examples)
    closed = [name for name in dict.fromkeys(command_words().values()) if await denial(request, name)]
    return help_message(command_rows(), closed=closed)


COMMANDS: dict[str, Command] = {
    "show": Command(
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
    ),
    "subscribe": Command(
        f"subscribe [query] [{ON}]",
        "tell this channel when sessions open and close",
        subscribe,
        also=("sub", "follow", "watch", "alert"),
        examples=(
            ("subscribe", "every session's start and end"),
            ("subscribe room:town-hall", "those of one room"),
            ("subscribe role:host on:start,join", "starts and joins of sessions with a host"),
        ),
    ),
    "subscriptions": Command(
        "subscriptions",
        "this channel's subscriptions: who made them, and their state",
        subscriptions,
        also=("subs",),
        examples=(("subscriptions", "what this channel is told about"),),
        reads=True,
    ),
    "unsubscribe": Command(
        "unsubscribe <number, query or all>",
        "end subscriptions of this channel",
        unsubscribe,
        also=("unsub", "unfollow"),
        examples=(
            ("unsubscribe 2", "end number 2"),
            ("unsubscribe room:town-hall", "end the one for that room"),
            ("unsubscribe all", "end all of them"),
        ),
    ),
    "digest": Command(
        "digest <schedule> [query]",
        "the figures since the last one: `weekdays 9:00`, `weekly mon,thu 17:00 Berlin`; "
        "`digest preview`, `pause`, `resume`, `remove` and a number",
        digest,
        examples=(
            ("digest daily 9:00", "every morning, in your time zone"),
            ("digest weekly mon 17:00 Berlin room:town-hall", "one room's week"),
            ("digest preview weekdays 9:00", "see one now; nothing is set"),
        ),
    ),
    "digests": Command(
        "digests",
        "this channel's digests: who made them, when they come next, and their state",
        digests,
        examples=(("digests", "this channel's digests"),),
        reads=True,
    ),
    "mute": Command(
        "mute [query] <end>",
        "no new messages for a while: `2h`, `until 17:00`, `until tomorrow`, `until monday 9:00`, 30 days at most",
        mute,
        also=("snooze", "silence"),
        examples=(
            ("mute 2h", "no new alerts for two hours"),
            ("mute until tomorrow", "until 9 in the morning"),
            ("mute room:town-hall until 17:00", "one room only"),
        ),
    ),
    "mutes": Command(
        "mutes",
        "this channel's mutes: who made them, and when they end",
        mutes,
        examples=(("mutes", "what is muted here, and until when"),),
        reads=True,
    ),
    "unmute": Command(
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
    "quiet": Command(
        "quiet [<hours>|off]",
        "hours without new messages: `22:00-7:00 weekdays Berlin`, `7:00-7:00 sat,sun Berlin`; `off` ends all or one",
        quiet,
        examples=(
            ("quiet 22:00-7:00", "every night, in your time zone"),
            ("quiet 18:00-8:00 weekdays Berlin", "nights that begin on weekdays"),
            ("quiet off", "no quiet hours any more"),
        ),
    ),
    "threads": Command(
        "threads [on|off]",
        "whether joins and leaves are posted in threads",
        threads,
        examples=(
            ("threads", "whether joins and leaves are posted"),
            ("threads off", "stop them"),
            ("threads on", "post them again"),
        ),
    ),
    "settings": Command(
        "settings [changes]",
        "everything that is set for this channel, with buttons; `changes`: who set it",
        settings,
        also=("config",),
        examples=(
            ("settings", "everything set here, with buttons"),
            ("settings changes", "who changed what"),
        ),
        reads=True,
    ),
    "doctor": Command(
        "doctor [details]",
        "whether everything works: Slack, 100ms, the database, the clock, waiting messages; `details`: each check",
        doctor,
        examples=(("doctor", "what isn't well"), ("doctor details", "each check")),
        reads=True,
    ),
    "help": Command(
        "help [command or filter]",
        "this list, or one command with examples",
        _help,
        also=(*HELP[1:], "h", "hello", "hi", "hey"),
        examples=(("help", "this list"), ("help mute", "one command"), ("help after", "one filter")),
        reads=True,
    ),
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


def read(line: str) -> tuple[str, str]:
    """The command that a line calls, and the rest of it; LIST, and all of it, where it is a query."""
    said = line.strip(" ,")
    if found := _HOW.match(said):
        return "help", found[1]
    word, _, rest = said.partition(" ")
    name = command_words().get(word.lower().rstrip(",.!"), LIST)
    if name not in COMMANDS:
        return LIST, line
    return ("help", name) if rest.lower() in HELP else (name, rest)
