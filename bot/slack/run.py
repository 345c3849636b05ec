"""A line that somebody typed or pressed, answered: as it says, or as it was probably meant."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from bot.blockkit import actions as ids
from bot.blockkit.blocks import Message, context
from bot.blockkit.help import COMMAND, asked
from bot.errors import HmsError, ManyRooms, NotFound, QueryError, UserError, said_for
from bot.query.command_lines import Mended
from bot.query.filters import LIST, STATES
from bot.query.model import Query, Term
from bot.query.parse import parse
from bot.query.pasted import typed_lines
from bot.query.values import parse_room
from bot.slack.access import permit
from bot.slack.choices import with_choices
from bot.slack.registry import Action, Feature
from bot.slack.render import showing, unknown_name
from bot.slack.request import Request
from bot.text import mentioned, quote

MENTIONS_MOST = 20
"""Most mentioned people that are looked up by name."""

QUESTIONS = {
    **dict.fromkeys(
        ("status", "info"),
        ("The status of what?", {"Live sessions": "active", "This channel": "settings", "The bot": "doctor"}),
    ),
    **dict.fromkeys(
        ("stop", "end", "cancel", "pause", "off"),
        (
            "Stop what? Each list has the buttons for it.",
            {"Alerts": "subscriptions", "Digests": "digests", "All of it for a while": "help mute"},
        ),
    ),
}
"""Words that may mean several things: what to ask, and the line of each answer."""


async def run(request: Request, text: str) -> None:
    """Answer `/sessions <text>`, as Slack sent it."""
    people = mentioned(text)[:MENTIONS_MOST]
    names = await asyncio.gather(*(request.workspace.people.of(user_id) for user_id in people))
    known = {user_id: person.name for user_id, person in zip(people, names, strict=True)}
    await run_line(request, _one_command(request, typed_lines(text, COMMAND, known)))


def _one_command(request: Request, lines: Sequence[str]) -> str:
    """Return the typed lines as one command. Raises UserError if they are several."""
    line = " ".join(lines)
    registry = request.bot.registry
    begun = [
        each
        for each in lines
        if registry.read(each)[0] is not registry.query or each.partition(" ")[0].lower() in STATES
    ]
    if len(begun) > 1 or COMMAND in line.lower().split(" "):
        first = f"{COMMAND} {lines[0]}".partition(f" {COMMAND}")[0]
        raise UserError(f"One command a line, please: {quote(first)} first, then the next.")
    return line


async def run_line(request: Request, line: str, *, view: str | None = None) -> None:
    """Answer a tidy line; with `view`, the line of a list, in place of the message at hand by that list anew, under
    what has been done, or by the answer alone where `view` is empty. A line with errors is answered as what was meant
    if that only reads. Raises Denied before anything is done where the person may not do both."""
    try:
        await _perform(request, line, view)
    except QueryError as error:
        if meant := await _meant(request, line, error):
            await _perform(request, meant, view)


async def _perform(request: Request, line: str, view: str | None) -> None:
    calls = [request.bot.registry.read(each) for each in ([line, view] if view else [line])]
    if request.name == "other":  # a button keeps its own
        request.name = calls[0][0].name
    await permit(request, *(command.name for command, _ in calls))
    (command, rest), *views = calls
    question = QUESTIONS.get(rest.lower().strip(" ,.!?")) if command.name == LIST else None
    with said_for(command.name):
        answer = asked(*question) if question else await command.run(request, rest)
    if answer is None:  # it is given already
        return
    for command, rest in views:
        if shown := await command.run(request, rest):
            answer = Message(f"{answer.head}\n{shown.head}", [context(answer.head), *shown.blocks])
    await request.reply(answer, replace=view is not None and request.in_place)


async def _meant(request: Request, line: str, error: QueryError) -> str:
    """The line to run in place of one with an error; "" where that was answered by a question. Raises UserError where
    neither can be."""
    if error.asks:
        raise await with_choices(request, error) from None
    better = await request.mended(error)
    meant = better.line if error.scope == LIST else f"{error.scope} {better.line}".strip()
    no_rooms = await _no_rooms(request, better, error.scope)
    question = QUESTIONS.get(line.partition(" ")[0].lower()) if error.scope == LIST else None
    if question and (no_rooms or not better.sure):
        await request.reply(asked(*question))
        return ""
    if no_rooms and better.sure:
        raise UserError(error.otherwise) if error.otherwise else unknown_name(no_rooms[0], meant) from None
    command, rest = request.bot.registry.read(meant)
    if not better.sure or not (command.reads or rest.partition(" ")[0] in command.reading):
        error.no_rooms = frozenset(no_rooms)
        raise error
    if command.echoes:
        shown = str(parse(meant)) if command.name == LIST else meant
        request.note = showing(shown, line)
    return meant


async def _no_rooms(request: Request, better: Mended, scope: str) -> list[str]:
    """The names that no room has: what was typed means something else. A list asks about near ones."""
    missing = []
    for name in better.rooms:
        try:
            await request.workspace.rooms.resolve(Query(terms=(Term("room", parse_room(name)),)))
        except NotFound:
            missing.append(name)
        except HmsError:
            if better.sure:
                raise
            missing.append(name)  # for an example it has to be known
        except ManyRooms as error:
            if not error.fits and scope != LIST:
                missing.append(name)
    return missing


async def _press(request: Request, value: str) -> None:
    await run_line(request, ids.read_line(value))


async def _press_set(request: Request, value: str) -> None:
    channel_id, view, line = ids.read_set(value)
    request.must_be_in(channel_id)
    await run_line(request, line, view=view)


FEATURE = Feature(actions=(Action(ids.RUN, _press), Action(ids.SET, _press_set)))
