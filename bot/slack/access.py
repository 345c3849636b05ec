"""Permission checks by `ACCESS`: the one place that is asked before anything is done for them."""

from __future__ import annotations

from bot.blockkit.help import COMMAND
from bot.errors import Denied, UserError
from bot.query.filters import LIST
from bot.slack.groups import MembersUnknown
from bot.slack.request import Request
from bot.text import quote

_WHY = {
    "missing_scope": "The app lacks the scope `usergroups:read`, which whoever runs this bot can add.",
    "no_such_subteam": "There is no such group (any more): whoever runs this bot can mend ACCESS.",
    "plan_upgrade_required": "This workspace's plan has no user groups: whoever runs this bot can mend ACCESS.",
}
_LATER = "Please try again in a moment."


async def permit(request: Request, *commands: str) -> None:
    """Raises Denied where the person may not use one of these commands or rights here, and UserError where it is about
    a channel and there is none, as in a view."""
    registry = request.bot.registry
    for command in commands:
        if not (request.channel_id or registry.commands.get(command, registry.query).anywhere):
            what = _what(request, command)
            raise UserError(f"{what} is about a channel: type it in that channel.", cause="no channel")
        if denied := await denial(request, command):
            raise denied


async def denial(request: Request, command: str) -> Denied | None:
    """Why the person may not use that command or right here, or None where they may."""
    rule = request.workspace.access.get(command)
    if rule is None:
        return None
    what = _what(request, command)
    try:
        group = await request.workspace.groups.of(request.user_id, rule.asks(request.user_id))
    except MembersUnknown as error:
        text = f"I can't tell whether {what} is for you: Slack doesn't say who is in {quote(error.group_id)}."
        return Denied(f"{text} {_WHY.get(error.cause, _LATER)}", cause=f"{command}: {error.cause}")
    if not rule.admits(request.user_id, (group,)):
        text = f"{what} is for some people only. Whoever runs this bot says who (ACCESS)."
        return Denied(text, cause=f"{command}: who")
    if not rule.holds_in(request.channel_id):
        text = f"{what} isn't for this channel (ACCESS)."
        return Denied(text, cause=f"{command}: where", channels=sorted(rule.channels))
    return None


def _what(request: Request, command: str) -> str:
    if right := request.bot.registry.rights.get(command):
        return right.what
    return "Listing sessions" if command == LIST else f"`{COMMAND} {command}`"
