"""The ids of buttons and menus, and the values that are not places.

`sessions.list.1` is `sessions.list`: an id has to be unique in its block.
"""

from __future__ import annotations

from bot.core.filters import is_id
from bot.core.place import VERSION
from bot.errors import StaleButton

MORE = "sessions.more"
BACK = "sessions.back"
REFRESH = "sessions.refresh"
SHARE = "sessions.share"
OPEN = "sessions.list"
SHOW = "sessions.show"
SHOW_AGAIN = "sessions.show_again"


def session_value(session_id: str) -> str:
    """`1|<session id>`."""
    return f"{VERSION}|{session_id}"


def read_session_value(value: str) -> str:
    """The session id. Raises StaleButton."""
    version, _, session_id = value.partition("|")
    if version != VERSION or not is_id(session_id):
        raise StaleButton()
    return session_id
