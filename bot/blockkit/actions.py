"""Action ids of buttons and menus, and the values that are no page cursors.

`sessions.list.1` means `sessions.list`: the suffix makes the id unique in its block.
"""

from __future__ import annotations

import re

from bot.errors import StaleButton
from bot.query.cursor import VERSION
from bot.query.values import is_id

MORE = "sessions.more"
BACK = "sessions.back"
REFRESH = "sessions.refresh"
SHARE = "sessions.share"
OPEN = "sessions.list"
SHOW = "sessions.show"
SHOW_AGAIN = "sessions.show_again"
RUN = "sessions.run"
SET = "sessions.set"
MUTE = "sessions.mute"
RESUME = "sessions.resume"
RELEASE = "sessions.release"

_CHANNEL = re.compile(r"[A-Z0-9]{2,32}")


def session_value(session_id: str) -> str:
    """Write `1|<session id>`."""
    return f"{VERSION}|{session_id}"


def read_session_value(value: str) -> str:
    """Return the session id. Raises StaleButton."""
    version, _, session_id = value.partition("|")
    if version != VERSION or not is_id(session_id):
        raise StaleButton()
    return session_id


def line_value(line: str) -> str:
    """Write `1|<line without the command>`."""
    return f"{VERSION}|{line}"


def read_line_value(value: str) -> str:
    """Return the line. Raises StaleButton."""
    version, _, line = value.partition("|")
    if version != VERSION:
        raise StaleButton()
    return line


def set_value(channel_id: str, view: str, line: str) -> str:
    """Write `1|<channel id>|<view>|<line>`, for a button that runs the line and renders the view again."""
    return f"{VERSION}|{channel_id}|{view}|{line}"


def read_set_value(value: str) -> tuple[str, str, str]:
    """Return the channel's id, the view and the line. Raises StaleButton."""
    version, channel_id, view, line = [*value.split("|", 3), "", "", ""][:4]
    return read_channel_value(f"{version}|{channel_id}"), view, line


def channel_value(channel_id: str) -> str:
    """Write `1|<channel id>`."""
    return f"{VERSION}|{channel_id}"


def read_channel_value(value: str) -> str:
    """Return the channel's id. Raises StaleButton."""
    version, _, channel_id = value.partition("|")
    if version != VERSION or not _CHANNEL.fullmatch(channel_id):
        raise StaleButton()
    return channel_id
