"""Why a channel gets no messages, and what to do about it."""

from __future__ import annotations

from bot.blockkit.escape import code, plain
from bot.slack.destination import Destination

_CODE_CHARS = 80
_INSTALL = "have someone who manages the app install it again"
_SCOPES = "have someone who manages the app add the scopes of its manifest and install it again"
_PAUSES = {
    "not_in_channel": ("the bot isn't in the channel", "{invite}"),
    "channel_not_found": (
        "Slack doesn't show the channel to the bot (it is private, or was deleted)",
        "{invite}",
    ),
    "is_inactive": ("the channel is archived", "unarchive it"),
    "is_archived": ("the channel is archived", "unarchive it"),
    "token_revoked": ("the bot's token was revoked", _INSTALL),
    "token_expired": ("the bot's token has expired", _INSTALL),
    "invalid_auth": ("Slack refuses the bot's token", _INSTALL),
    "not_authed": ("Slack refuses the bot's token", _INSTALL),
    "account_inactive": ("the bot was switched off", _INSTALL),
    "no_permission": ("the bot lacks a permission", _SCOPES),
    "missing_scope": ("the bot lacks a permission", _SCOPES),
    **dict.fromkeys(
        ("restricted_action", "restricted_action_read_only_channel", "restricted_action_thread_only_channel"),
        ("this workspace doesn't let the bot post there", "have an admin change who may post in the channel"),
    ),
}
"""By Slack's error code: the second goes behind "To go on, "."""


def pause(reason: str, channel_id: str = "", *, invite: str) -> tuple[str, str]:
    """Why, and what to do: two half-sentences in mrkdwn. `reason` is Slack's error code."""
    if Destination(channel_id).is_direct and reason in ("not_in_channel", "channel_not_found"):
        return "the bot isn't part of this conversation, and can't be invited", let_in(invite, channel_id)
    unknown = f"Slack says `{code(plain(reason, _CODE_CHARS))}`", "fix that"
    why, do = _PAUSES.get(reason, unknown)
    return why, do.format(invite=let_in(invite))


def let_in(invite: str, channel_id: str = "") -> str:
    """How the bot gets into a channel; `invite` is the exact line, where it is known. Nobody can be invited into a
    conversation of two people."""
    if Destination(channel_id).is_direct:
        return "use a channel, or your direct conversation with the bot"
    return (
        f"type `{code(plain(invite, _CODE_CHARS))}` there"
        if invite
        else "invite the bot there (`/invite` and its name)"
    )
