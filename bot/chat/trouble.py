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
NO_THREAD = {"thread_not_found"}
STAYS = {"edit_window_closed", "cannot_reply_to_message", "restricted_action_thread_locked"}
"""The message is there, and must stay as it is."""
LOST_TOKEN = ("invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired")
"""The workspace's trouble, not the channel's: over once the bot starts with a token that Slack takes."""
SHUT_OUT = {"not_in_channel", "channel_not_found", *LOST_TOKEN}
"""Where a channel's history can't be read for one of these, nothing can be posted there either."""


def held(channel_id: str) -> Message:
    """What the makers of a channel's subscriptions and digests are told when a message may not have arrived."""
    text = (
        f"🟠 A message in <#{channel_id}> may not have arrived: Slack's answer was lost, and I can't read the channel "
        f"to see. `{COMMAND} subscriptions` there has a button that sends it."
    )
    return Message(text, [section(text)])


def paused(channel_id: str, code: str, bot: str) -> Message:
    """What those who set something up in a channel are told when it is paused. `bot` is its name, with the @."""
    resume = f"press *Resume* in `{COMMAND} subscriptions` there if they don't go on by themselves"
    why, do = pause(code, channel_id, invite=f"/invite {bot}", resume=resume)
    text = f"⏸️ Messages in <#{channel_id}> are paused: {why}. To go on, {do}. They wait for 30 days."
    return Message(text, [section(text)])
