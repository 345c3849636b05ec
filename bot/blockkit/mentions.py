"""Mentions of people and user groups: no other module writes one, so that no text of people's can become one."""

from __future__ import annotations

import re

_ID = re.compile(r"[UWS][A-Z0-9]+")


def mention(slack_id: str) -> str:
    """Return the mention of a person (`U…`, `W…`) or a user group (`S…`). Raises ValueError for anything else, so that
    `here`, `channel` and `everyone` can't be mentioned (docs.slack.dev/messaging/formatting-message-text)."""
    if not _ID.fullmatch(slack_id):
        raise ValueError("not the id of a person or a user group")
    return f"<!subteam^{slack_id}>" if slack_id.startswith("S") else f"<@{slack_id}>"
