"""Something went wrong: what it was, where, and what to do."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from bot.blockkit import actions as ids
from bot.blockkit.blocks import Block, Message, actions, button, context, section
from bot.blockkit.escape import code, entities, mrkdwn, plain
from bot.blockkit.help import COMMAND, typed
from bot.blockkit.limits import BUTTON_TEXT_CHARS
from bot.errors import BotError, Denied, HmsError, ManyRooms, NotFound, QueryError, StaleButton, UserError, WhichZone
from bot.query.command_lines import Mended
from bot.query.cursor import PageCursor
from bot.query.filters import LIST
from bot.query.parse import RESOLVED_CHARS, parse
from bot.query.tokenizer import quoted
from bot.slack.destination import Destination
from bot.text import quote

NOTE_CHARS = 100
_PLACES_MOST = 20
_WINDOW_CHARS = 64  # a longer line would be wrapped, and the carets with it


def query_problem(error: QueryError, better: Mended) -> Message:
    """Why a line can't be read, and where unless it is all of it. `better` can be run at a press where it asks what was
    meant; else it is an example, if it has to do with what was typed."""
    command = _command(error.scope)
    line = f"{command} {better.line}".strip()
    text = "⚠️ Did you mean this?" if better.sure and better.steps > 1 else f"⚠️ {entities(error.text)}"
    if not better.sure and (better.kept or (better.steps == 1 and error.fix)):
        text += f" For example `{code(line)}`."
    shown = text
    if better.steps == 1 and f"{error.line[: error.start]}{error.line[error.end :]}".strip(" ,"):
        shown += f"\n```{code(_marked(error, command))}```"
    if not better.sure:
        return Message(text, [section(shown)])
    label = f"Run {line}"
    if mrkdwn(label, BUTTON_TEXT_CHARS) != label:  # too long, or not as harmless as a label has to be
        label, shown = "Run it", f"{shown}\n```{code(line)}```"
    run = button(label, ids.RUN, ids.write(line.removeprefix(COMMAND).lstrip()), style="primary")
    return Message(f"{text} `{code(line)}`", [section(shown), actions(run)])


def showing(meant: str, line: str) -> str:
    """The line above an answer to another line than the one that was typed."""
    return entities(f"Showing {quote(meant, NOTE_CHARS)} (you typed {quote(line, NOTE_CHARS)})")


def unknown_name(name: str, line: str) -> UserError:
    """The error for words that are neither ours nor a room's name; `line` takes them for a room's."""
    text = f"I know no command, filter or room called {quote(name)}."
    person = line.replace(f"room:{quoted(name)}", f"user:{quoted(name)}", 1)
    if all(word.isalpha() for word in re.split(r"[ .'-]", name)):
        text += f" For a person: {quote(person, NOTE_CHARS)}."
    return UserError(text)


def _command(scope: str) -> str:
    return COMMAND if scope == LIST else f"{COMMAND} {scope}"


def _press(line: str, scope: str, now: datetime, zone: str) -> tuple[str, str]:
    """The id and the value of a button that does what the line says."""
    if scope == LIST:
        return ids.OPEN, PageCursor.first(parse(line, most_chars=RESOLVED_CHARS), now, zone).write()
    return ids.RUN, ids.write(f"{scope} {line}")


def _marked(error: QueryError, command: str) -> str:
    """The part of the line around the error, with carets under it, and the command in front as it was typed."""
    start = max(0, error.start - _WINDOW_CHARS // 3) if len(error.line) > _WINDOW_CHARS else 0
    window = error.line[start : start + _WINDOW_CHARS]
    before = "…" if start else f"{command} "
    after = "…" if start + len(window) < len(error.line) else ""
    marks = max(1, min(error.end, start + len(window)) - error.start)
    return f"{before}{window}{after}\n{' ' * (len(before) + error.start - start)}{'^' * marks}"


def room_choice(error: ManyRooms, *, now: datetime, zone: str) -> Message:
    """Rooms that may be meant: a button for each; rooms of one name are told apart by the end of their ids."""
    said = f"“{mrkdwn(error.name, 80)}”"
    if not error.name:
        text = f"Which {error.what}?"
    elif error.fits:
        text = f"{said} fits several {error.what}s. Which one?"
    elif error.what == "template":
        text = f"No template is called {said}. These exist:"
    elif error.what == "role":
        text = f"No template has a role {said}. These exist:"
    else:
        text = f"No room is called {said}. Did you mean one of these?"
    names = Counter(name for name, _, _ in error.choices)
    choices = []
    for number, (name, room_id, line) in enumerate(error.choices):
        label = (plain(name, 50) or error.what) + (f" (…{room_id[-6:]})" if names[name] > 1 else "")
        action_id, value = _press(line, error.scope, now, zone)
        choices.append(button(label, f"{action_id}.{number}", value))
    blocks = [section(text), actions(*choices)]
    if error.more and error.what == "role":
        blocks.append(context("There are more."))
    elif error.more:
        more = "more" if error.name else "some"
        blocks.append(context(f"There are more. Say {more} of the name, or `{error.what}:&lt;id&gt;`."))
    return Message(text, blocks)


def which_zone(error: WhichZone) -> Message:
    """Asks for a city, with the line to copy and one to run at a press."""
    line = typed(error.line("Berlin"))
    blocks = [section(entities(error.text))]
    if line:
        blocks.append(section(f"Type it with your city, for example:\n```{line}```"))
    blocks.append(actions(button("Use UTC", ids.RUN, ids.write(error.line("UTC")))))
    return Message(f"{error.text} For example: {line}", blocks)


def problem(error: BotError, *, reference: str, again: Block | None = None) -> Message:
    """Any other error. `again` is a button that tries the same once more."""
    text = f"⚠️ {entities(error.text)}{_places(error.channels) if isinstance(error, Denied) else ''}"
    blocks = [section(text)]
    if isinstance(error, StaleButton):
        blocks.append(section(f"Type the command again to start afresh:\n```{COMMAND} active```"))
    if isinstance(error, NotFound):
        blocks.append(context(f"`{COMMAND} all` lists the newest sessions, each with its room's name and its ids."))
    if again and isinstance(error, HmsError):
        blocks.append(actions(again))
    if not isinstance(error, UserError):
        blocks.append(context(f"Reference `{reference}`, also in the bot's log."))
    return Message(text, blocks)


def _places(channel_ids: Sequence[str]) -> str:
    """Links to channels, which ring for nobody; a direct conversation has none."""
    links = [f"<#{channel_id}>" for channel_id in channel_ids if not Destination(channel_id).is_direct]
    return f" It works in {', '.join(links[:_PLACES_MOST])}." if links else ""


def unexpected(reference: str) -> Message:
    """A defect of ours."""
    text = f"⚠️ Something went wrong in the bot. Please try again; if it stays, report reference `{reference}`."
    return Message(text, [section(text)])


def restarting() -> Message:
    """The bot was told to stop before it had the answer."""
    text = "⚠️ The bot is restarting and couldn't finish this. Please send it again in a moment."
    return Message(text, [section(text)])
