"""Slack's error codes, by what they are about: one table for every method that the bot calls for messages and views.

Sources: the tables of errors on docs.slack.dev/reference/methods/<method>, which `tests/data/slack/errors.json` holds;
codes marked (seen) stand on no page and were reported by users of Slack's libraries. docs/alerts.md says what follows
from each.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

Whose = Literal["workspace", "channel", "thread", "message", "passing"]

_WORKSPACE = """
    accesslimited account_inactive app_uninstalled deprecated_endpoint enterprise_is_restricted
    invalid_auth invalid_token is_bot method_deprecated no_active_hooks no_service no_service_id no_team
    not_allowed_token_type not_authed org_login_required team_access_not_granted team_added_to_org team_disabled
    team_not_found token_expired token_revoked two_factor_setup_required unknown_method
"""
# The scopes are the workspace's too, but only a try in the channel can tell that they are enough: auth.test can't.
# A person's conversation is a channel as well: (seen) user_disabled, user_not_found, user_not_visible, cannot_dm_bot.
_CHANNEL = """
    access_denied action_prohibited cannot_dm_bot channel_is_archived channel_is_limited_access channel_not_found
    ekm_access_denied is_archived is_inactive messages_tab_disabled method_not_supported_for_channel_type missing_scope
    no_permission not_in_channel posting_to_general_channel_denied restricted_action restricted_action_read_only_channel
    restricted_action_thread_only_channel user_disabled user_not_found user_not_visible
"""
_THREAD = """
    cannot_reply_to_message restricted_action_non_threadable_channel restricted_action_thread_locked thread_not_found
"""
_MESSAGE = """
    app_access_restricted as_user_not_supported attachment_payload_limit_exceeded block_mismatch blocked_file_type
    cannot_parse_attachment cant_broadcast_message cant_delete_message cant_update_message draft_already_deleted
    draft_already_sent draft_has_conflict draft_not_found duplicate_external_id edit_window_closed exchanged_trigger_id
    expired_trigger_id expired_url file_deleted file_is_deleted file_not_found file_share_limit_reached hash_conflict
    invalid_arg_name invalid_arguments invalid_array_arg invalid_attachments invalid_blocks invalid_blocks_format
    invalid_charset invalid_cursor invalid_form_data invalid_json invalid_metadata_filter_keys invalid_metadata_format
    invalid_metadata_schema invalid_payload invalid_post_type invalid_trigger_id invalid_ts_latest invalid_ts_oldest
    json_not_object list_record_comment_fetch_failed markdown_text_conflict max_file_sharing_exceeded message_empty
    message_not_found metadata_must_be_sent_from_app metadata_too_large missing_file_data missing_post_type
    missing_profile_id msg_blocks_too_long msg_too_long no_dual_broadcast_content_update no_text not_enabled not_found
    not_implemented posting_to_channel_denied push_limit_reached send_on_behalf_not_allowed
    slack_connect_blocked_file_type slack_connect_canvas_sharing_blocked slack_connect_clip_sharing_blocked
    slack_connect_file_link_sharing_blocked slack_connect_file_upload_sharing_blocked
    slack_connect_lists_sharing_blocked too_many_attachments too_many_contact_cards unable_to_share_files used_url
    view_too_large
"""
_UNSURE = """
    duplicate_channel_not_found duplicate_message_not_found fatal_error internal_error request_timeout
    service_unavailable update_failed
"""
UNSURE = frozenset(_UNSURE.split())
"""Passing, and "It's possible some aspect of the operation succeeded before the error was raised"."""
WAITS: Mapping[str, float] = {
    "ratelimited": 5.0,
    "rate_limited": 5.0,
    "streaming_state_conflict": 5.0,
    "message_limit_exceeded": 30.0,
    "external_channel_migrating": 60.0,
}
"""Passing, and nothing was done: the seconds to wait where Slack doesn't say."""


def _of(whose: Whose, codes: str) -> dict[str, Whose]:
    return dict.fromkeys(codes.split(), whose)


REFUSALS: Mapping[str, Whose] = {
    **_of("workspace", _WORKSPACE),
    **_of("channel", _CHANNEL),
    **_of("thread", _THREAD),
    **_of("message", _MESSAGE),
    **dict.fromkeys((*UNSURE, *WAITS), "passing"),
}
"""An error code that isn't here says nothing for sure: it is tried again, and never final for more than its message."""

BAD_BLOCKS = frozenset(("block_mismatch", "invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long"))
"""The text alone may be taken."""
FROZEN = frozenset(("cant_update_message", "edit_window_closed"))
"""The message is there, and can't be changed."""
MISSED = frozenset(("cant_update_message", "message_not_found"))
"""Answered to an edit, also once by mistake: the message is looked for before anything is concluded."""
NO_THREAD = "thread_not_found"
"""The thread's first message was deleted: the reply may go to the one that follows."""
NO_HISTORY = "missing_scope"
"""Slack's codes for reading that the token isn't allowed."""
LOST_TOKEN = ("invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired")
"""A token that has to be copied anew."""
