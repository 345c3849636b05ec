"""Refusals: whether the message is to blame or the channel, and what the people of a paused one are told."""

from __future__ import annotations

from bot.render.blocks import Message, section
from bot.render.help import COMMAND
from bot.render.pauses import pause

# The message itself is wrong: a defect of ours, and no fault of the channel. docs.slack.dev/reference/methods
BAD_MESSAGE = {
    "attachment_payload_limit_exceeded",
    "blocked_file_type",
    "cannot_parse_attachment",
    "invalid_arg_name",
    "invalid_arguments",
    "invalid_array_arg",
    "invalid_blocks",
    "invalid_blocks_format",
    "invalid_charset",
    "invalid_form_data",
    "invalid_json",
    "invalid_metadata_format",
    "invalid_metadata_schema",
    "invalid_post_type",
    "json_not_object",
    "message_empty",
    "metadata_must_be_sent_from_app",
    "metadata_too_large",
    "missing_post_type",
    "msg_blocks_too_long",
    "msg_too_long",
    "no_text",
    "too_many_attachments",
}
NO_THREAD = {"thread_not_found", "cannot_reply_to_message", "restricted_action_thread_locked"}
SHUT_OUT = {
    "not_in_channel",
    "channel_not_found",
    "invalid_auth",
    "not_authed",
    "account_inactive",
    "token_revoked",
    "token_expired",
}
"""Where a channel's history can't be read for one of these, nothing can be posted there either."""

_BY_THEMSELVES = {
    "not_in_channel": "once the bot is invited",
    "channel_not_found": "once the bot is invited",
    "is_archived": "once the channel is unarchived",
}


def paused(channel_id: str, code: str, bot: str) -> Message:
    """What the maker of a subscription is told when its channel is paused. `bot` is its name, with the @."""
    why, do = pause(code, invite=f"/invite {bot}", resume=f"press *Resume* in `{COMMAND} subscriptions` there")
    text = f"⏸️ Session alerts in <#{channel_id}> are paused: {why}. To go on, {do}. Messages wait until then."
    if code in _BY_THEMSELVES:
        text += f" They also go on by themselves {_BY_THEMSELVES[code]}."
    return Message(text, [section(text)])
