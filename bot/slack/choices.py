"""A filter that was said without its value: what there is to choose from."""

from __future__ import annotations

from bot.blockkit.phrases import listed
from bot.errors import ManyRooms, QueryError, UserError
from bot.query.filters import LIST
from bot.query.parse import RESOLVED_CHARS, parse
from bot.query.tokenizer import quoted
from bot.slack.request import Request
from bot.text import fold, quote

CHOICES = 10
ROLES_MOST = 20


async def with_choices(request: Request, error: QueryError) -> UserError:
    """The error to answer with: one that offers rooms or templates, or the same with the roles that there are."""
    what = error.asks.lstrip("-")
    rooms, templates = request.workspace.rooms, request.workspace.hms.templates
    if what in ("role", "missing", "template"):
        await templates.ready()
    if what in ("role", "missing") and (roles := sorted(templates.current.roles())):
        there = listed([quote(each) for each in roles[:ROLES_MOST]])
        error.text += f" There are {there}." if len(roles) > 1 else f" There is {there}."
        error.fix = f"{error.asks}:{quoted(roles[0])}"
    some = [(each.name, each.id) for each in await rooms.newest(CHOICES + 1)] if what == "room" else []
    if what == "template":
        some = sorted(((each.name, each.id) for each in templates.current.all), key=lambda each: fold(each[0]))
    choices = [
        (name, id_, f"{error.line[: error.start]}{error.asks}:{id_}{error.line[error.end :]}")
        for name, id_ in some[:CHOICES]
    ]
    if not choices or not _read(choices[0][2], error.scope):
        return error
    many = ManyRooms(
        "", choices, fits=False, more=len(some) > CHOICES, what="template" if what == "template" else "room"
    )
    many.scope = error.scope
    return many


def _read(line: str, scope: str) -> bool:
    """False for a list's line that has another error, too."""
    try:
        return scope != LIST or parse(line, most_chars=RESOLVED_CHARS) is not None
    except QueryError:
        return False
