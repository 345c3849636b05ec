"""`help`: how to ask, or one command or filter with examples."""

from __future__ import annotations

from bot.blockkit.blocks import Message
from bot.blockkit.help import command_help, help_message
from bot.query.filters import FILTERS, SYNONYMS
from bot.slack.access import denial
from bot.slack.registry import HELP, HELP_WORDS, Command, Feature
from bot.slack.request import Request


async def show_help(request: Request, rest: str) -> Message:
    """The help of the command or filter that is named, else of all."""
    registry = request.bot.registry
    words = rest.lower().rstrip(".!?").split(" ")
    if entry := FILTERS.get(SYNONYMS.get(words[0], words[0]).strip("-:")):
        return command_help(entry.form, entry.help, [(entry.line, "")])
    for name in (registry.words.get(word, "") for word in words):
        if name != HELP and (command := registry.commands.get(name)):
            return command_help(command.usage, command.help, command.examples)
    closed = [name for name in dict.fromkeys(registry.ruled.values()) if await denial(request, name)]
    return help_message(registry.rows, closed=closed)


FEATURE = Feature(
    commands=(
        Command(
            HELP,
            "help [command or filter]",
            "this list, or one command with examples",
            show_help,
            also=(*HELP_WORDS[1:], "h", "hello", "hi", "hey"),
            examples=(("help", "this list"), ("help mute", "one command"), ("help after", "one filter")),
            reads=True,
            free=True,
            anywhere=True,
        ),
    )
)
