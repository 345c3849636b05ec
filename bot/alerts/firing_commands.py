"""The command and the button by which a person says that they are on what fires."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from bot.alerts import firing_store
from bot.alerts.firing import Firing
from bot.blockkit import actions as ids
from bot.blockkit.blocks import Message, section
from bot.blockkit.help import COMMAND
from bot.blockkit.phrases import clock, person
from bot.errors import UserError
from bot.query.values import is_id
from bot.slack.numbers import ALL, unquoted
from bot.slack.registry import Action, Command, Feature
from bot.slack.request import Request
from bot.text import quote

ACKNOWLEDGE = "acknowledge"
NOTHING = "Nothing is wrong here just now"


async def acknowledge(request: Request, line: str) -> Message:
    """Note that the person is on what fires here: of a session that is named by its id, of the only one, or of all."""
    await request.no_guests()
    wanted = unquoted(line).lower()
    if is_id(wanted):
        return await _take(request, [wanted])
    if wanted and wanted not in ALL:
        raise UserError(
            f"{quote(wanted)} is not the id of a session. `{COMMAND} {ACKNOWLEDGE}` alone takes the only alert of this "
            f"channel, `{COMMAND} {ACKNOWLEDGE} all` takes all."
        )
    return await _take(request, await _here(request, every=bool(wanted)))


async def _press(request: Request, value: str) -> None:
    await request.no_guests()
    await request.reply(await _take(request, [ids.read_session_id(value)]))


async def _here(request: Request, *, every: bool) -> Sequence[str]:
    """The ids of the sessions of which something fires here. Raises UserError for none, and for several unless `every`
    one is meant."""
    here = await firing_store.fired(request.bot.store, request.team_id, request.channel_id)
    sessions = list(dict.fromkeys(firing.session_id for firing in here))
    if not sessions:
        raise UserError(f"{NOTHING}, as far as this channel's subscriptions ask.")
    if len(sessions) > 1 and not every:
        raise UserError(
            f"There are alerts about {len(sessions)} sessions: press *I'm on it* at the one that you mean, or say its "
            f"id, such as `{COMMAND} {ACKNOWLEDGE} {sessions[0]}`."
        )
    return sessions


async def _take(request: Request, session_ids: Sequence[str]) -> Message:
    name, store = await request.display_name(), request.bot.store
    before: list[Firing] = []
    for session_id in session_ids:
        by = request.by(f"{ACKNOWLEDGE} {session_id}")
        before += await firing_store.take(store, request.team_id, request.channel_id, session_id, name, by)
    text = _answer(before, request)
    return Message(text, [section(text)])


def _answer(before: Sequence[Firing], request: Request) -> str:
    open_ = [firing for firing in before if firing.state == "fired" and firing.untold in ("", "taken")]
    if any(not firing.taken_by for firing in open_):
        return "🙋 You are on it. The channel sees that in a moment, and no more reminders come."
    if open_:
        taken = open_[0]
        mine = taken.taken_by.partition(" ")[0] == request.user_id
        who = "You are" if mine else f"{person(taken.taker)} is"
        return f"{who} on it already, since {clock(_moment(taken.taken_ms), request.now)}."
    over_ms = max((firing.over_ms for firing in before if not firing.open), default=0)
    if over_ms:
        return f"That is over already, since {clock(_moment(over_ms), request.now)}."
    return f"{NOTHING}, as far as this channel's subscriptions ask."


def _moment(at_ms: int) -> datetime:
    return datetime.fromtimestamp(at_ms / 1000, UTC)


FEATURE = Feature(
    commands=(
        Command(
            ACKNOWLEDGE,
            "acknowledge [session id or all]",
            "you are on what is wrong there: the channel sees it, and reminders stop",
            acknowledge,
            also=("ack",),
            examples=(
                ("acknowledge", "the only alert of this channel"),
                ("acknowledge 63172c2d3e3d9fdb008322e1", "that session's alerts"),
                ("acknowledge all", "all that this channel has"),
            ),
        ),
    ),
    actions=(Action(ids.TAKE, _press, (ACKNOWLEDGE,)),),
)
