"""Features' entries for Slack, and the one registry that they make."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from bot.query.command_lines import Line

if TYPE_CHECKING:
    from bot.blockkit.blocks import Message
    from bot.slack.request import Bot, Request
    from bot.workspace import Workspace

T = TypeVar("T")
Payload = Mapping[str, Any]

HELP = "help"
HELP_WORDS = (HELP, "?", "-h", "-help", "--help", "-?")
_HOW = re.compile(r"how (?:to|do i|do we|do you|can i|can we) (.+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Command:
    """A subcommand of `/sessions`. `run` gets the rest of the line, and gives the answer, or None where it has answered
    itself. `usage`, `help` and `examples` (a line, and its effect) are for the help, the README and the usage hint.

    `line`: how its line is read, where it is more than words; an error in it is mended by that. `also`: other first
    words for it. `reads`: it changes nothing, so that a line with errors can be run as what was
    probably meant; `reading`: those of its verbs of which that is true. `echoes`: its answer has a line above it that
    says how such a line was read. `free`: ACCESS can't keep anybody from it. `anywhere`: it isn't about a channel, and
    is answered where there is none."""

    name: str
    usage: str
    help: str
    run: Callable[[Request, str], Awaitable[Message | None]]
    line: Line | None = None
    also: tuple[str, ...] = ()
    examples: Sequence[tuple[str, str]] = ()
    reads: bool = False
    reading: tuple[str, ...] = ()
    echoes: bool = True
    free: bool = False
    anywhere: bool = False


@dataclass(frozen=True, slots=True)
class Right:
    """A name in ACCESS that is no command. `what` begins the sentence that refuses it."""

    name: str
    what: str


@dataclass(frozen=True, slots=True)
class Action:
    """A button or menu in a message or a view, by its `action_id`. `run` gets its value. `commands`: those, and
    rights, that its presser has to be allowed to use; none where `run` reads a line, which names its own."""

    id: str
    run: Callable[[Request, str], Awaitable[None]]
    commands: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Callback:
    """A form, or a global shortcut or one of a message, by its `callback_id`. `run` gets the view as it was submitted,
    or the shortcut's whole payload."""

    id: str
    run: Callable[[Request, Payload], Awaitable[None]]
    commands: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Event:
    """An event of Slack's, by its type; nobody waits for an answer. `manifest.yml` subscribes to it."""

    type: str
    run: Callable[[Bot, Workspace, Payload], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Feature:
    """All that a feature adds. `rights`: names in ACCESS besides those of its commands. `query`: the command for a line
    that calls none; exactly one feature has it."""

    commands: tuple[Command, ...] = ()
    actions: tuple[Action, ...] = ()
    views: tuple[Callback, ...] = ()
    shortcuts: tuple[Callback, ...] = ()
    events: tuple[Event, ...] = ()
    rights: tuple[Right, ...] = ()
    query: Command | None = None


class Registry:
    """The features' entries by name. Raises ValueError where two have the same name."""

    def __init__(self, features: Sequence[Feature]) -> None:
        queries = [each.query for each in features if each.query is not None]
        if len(queries) != 1:
            raise ValueError(f"{len(queries)} features answer a line that calls no command: one has to.")
        self.query = queries[0]
        commands = [self.query, *(command for each in features for command in each.commands)]
        self.words = _unique("word", ((word, each.name) for each in commands for word in (each.name, *each.also)))
        """The command for each first word that calls it. The query's name is a word in the settings alone."""
        self.commands = {each.name: each for each in commands[1:]}
        self.rights = _unique("right", ((one.name, one) for each in features for one in each.rights))
        self.ruled = _unique("word", (*self.words.items(), *((right, right) for right in self.rights)))
        """The command or right for each name that ACCESS may have."""
        self.lines = {
            scope: each.line
            for each in commands
            for scope in (each.name, *(f"{each.name} {verb}" for verb in each.reading))
            if each.line is not None
        }
        """Readers of lines, by the scope of an error in them: a command, or one and its verb."""
        self.actions = _unique("action", ((one.id, one) for each in features for one in each.actions))
        self.views = _unique("view", ((one.id, one) for each in features for one in each.views))
        self.shortcuts = _unique("shortcut", ((one.id, one) for each in features for one in each.shortcuts))
        self.events = _unique("event", ((one.type, one) for each in features for one in each.events))

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all commands but the query."""
        return tuple(self.commands)

    @property
    def free(self) -> tuple[str, ...]:
        """The commands that nobody can be kept from."""
        return tuple(each.name for each in self.commands.values() if each.free)

    @property
    def rows(self) -> list[tuple[str, str]]:
        """(usage, help) of each command, for the help, the README and the usage hint."""
        return [(each.usage, each.help) for each in self.commands.values()]

    def read(self, line: str) -> tuple[Command, str]:
        """The command that a line calls, and the rest of it; the query's, and all of it, where it calls none."""
        said = line.strip(" ,")
        if how := _HOW.match(said):
            return self.commands[HELP], how[1]
        word, _, rest = said.partition(" ")
        command = self.commands.get(self.words.get(word.lower().rstrip(",.!"), ""))
        if command is None:
            return self.query, line
        return (self.commands[HELP], command.name) if rest.lower() in HELP_WORDS else (command, rest)


def _unique(kind: str, entries: Iterable[tuple[str, T]]) -> dict[str, T]:
    table: dict[str, T] = {}
    for name, entry in entries:
        if name in table:
            raise ValueError(f"Two features have the {kind} {name!r}: each needs a name of its own.")
        table[name] = entry
    return table
