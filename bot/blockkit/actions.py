"""The ids of buttons and menus, and the values that are not places.

`sessions.list.1` is `sessions.list`: an id has to be unique in its block.
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
    """`1|<session id>`."""
    return f"{VERSION}|{session_id}"


def read_session_value(value: str) -> str:
    """The session id. Raises StaleButton."""
    version, _, session_id = value.partition("|")
    if version != VERSION or not is_id(session_id):
        raise StaleButton()
    return session_id


def line_value(line: str) -> str:
    """`1|<a line as it is typed, without the command>`."""
    return f"{VERSION}|{line}"


def read_line_value(value: str) -> str:
    """The line. Raises StaleButton."""
    version, _, line = value.partition("|")
    if version != VERSION:
        raise StaleButton()
    return line


def set_value(channel_id: str, view: str, line: str) -> str:
    """`1|<channel id>|<view>|<line>`: do what the line says, and show the view anew; both as in `line_value`."""
    return f"{VERSION}|{channel_id}|{view}|{line}"


def read_set_value(value: str) -> tuple[str, str, str]:
    """The channel's id, the view and the line. Raises StaleButton."""
    version, channel_id, view, line = [*value.split("|", 3), "", "", ""][:4]
    return read_channel_value(f"{version}|{channel_id}"), view, line


def channel_value(channel_id: str) -> str:
    """`1|<channel id>`."""
    return f"{VERSION}|{channel_id}"


def read_channel_value(value: str) -> str:
    """The channel's id. Raises StaleButton."""
    version, _, channel_id = value.partition("|")
    if version != VERSION or not _CHANNEL.fullmatch(channel_id):
        raise StaleButton()
    return channel_id
