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
TAKE = "sessions.acknowledge"

_CHANNEL = re.compile(r"[A-Z0-9]{2,32}")


def write(*parts: str) -> str:
    """Write `1|<session id>`, `1|<channel id>`, `1|<line without the command>`, or `1|<channel id>|<view>|<line>` for a
    button that runs the line and renders the view again."""
    return "|".join((VERSION, *parts))


def read_line(value: str) -> str:
    """Return the line. Raises StaleButton."""
    version, _, line = value.partition("|")
    if version != VERSION:
        raise StaleButton()
    return line


def read_session_id(value: str) -> str:
    """Return the session id. Raises StaleButton."""
    if not is_id(session_id := read_line(value)):
        raise StaleButton()
    return session_id


def read_channel_id(value: str) -> str:
    """Return the channel's id. Raises StaleButton."""
    if not _CHANNEL.fullmatch(channel_id := read_line(value)):
        raise StaleButton()
    return channel_id


def read_set(value: str) -> tuple[str, str, str]:
    """Return the channel's id, the view and the line. Raises StaleButton."""
    version, channel_id, view, line = [*value.split("|", 3), "", "", ""][:4]
    return read_channel_id(f"{version}|{channel_id}"), view, line
