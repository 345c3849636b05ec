"""What goes wrong with a database, in words. The database's own text is for the log, never for people: it may hold
values."""

from __future__ import annotations

import asyncpg  # type: ignore[import-untyped]
from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError

from bot.errors import BotError

READ_ONLY = "it can't be written to: check who owns the file and its folder"
_DRIVER = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
"""asyncpg's own: SQLAlchemy wraps them, but not while a new connection is made ready."""
ERRORS = (SQLAlchemyError, *_DRIVER, OSError, ValueError)
"""All that a driver raises. OSError: no connection, a lost one, a time-out; ValueError: a URL that it can't read."""

_IN_WORDS = (
    # SQLite, by the words of its message; sqlite.org/rescode.html
    ("database or disk is full", "the disk is full"),
    ("disk I/O error", "the disk can't be read or written to: check its room and health"),
    ("readonly database", READ_ONLY),
    ("database is locked", "another program has it locked"),
    ("file is not a database", "the file is not an SQLite database"),
    ("malformed", "the file is damaged; put a backup in its place"),
    ("unable to open database file", "the file can't be opened: check that its folder is there and can be written to"),
    ("already exists", "there are tables of another program in it; give the bot a database of its own"),
)
_STATES = {
    # PostgreSQL, by SQLSTATE or its class; postgresql.org/docs/current/errcodes-appendix.html
    "08": "the connection to it was lost",
    "25006": "it can't be written to: it is a standby, or set to read only",
    "28": "the user or password was not accepted",
    "3D": "the server has no such database",
    "42501": "the user may not create or write tables there",
    "42P07": "there are tables of another program in it; give the bot a database of its own",
    "53": "the server has no room left: disk, memory or connections",
    "55P03": "something else keeps it locked",
    "57": "the server stopped the work, or is starting or shutting down",
}


class StoreError(BotError):
    """The database did not do what was asked, and nothing of it was stored."""

    def __init__(self, error: BaseException) -> None:
        super().__init__(
            "My database doesn't do its work just now, so nothing was changed. Please try again in a moment.",
            cause=cause(error),
        )


def sqlstate(error: BaseException) -> str:
    """PostgreSQL's code of five characters, or ""."""
    origin = error.orig if isinstance(error, DBAPIError) else error
    return getattr(origin, "sqlstate", None) or ""


def passes(error: BaseException) -> bool:
    """Whether the same may work at once: two replicas were in each other's way, and the database undid one of them."""
    if isinstance(error, IntegrityError):
        return "one_in_flight" in str(error.orig)
    return sqlstate(error) in ("40001", "40P01")


def cause(error: BaseException) -> str:
    """For the log: kinds and codes, no values."""
    origin = error.orig if isinstance(error, DBAPIError) and error.orig else error
    return " ".join(filter(None, (type(origin).__name__, sqlstate(error), _known(error))))


def in_words(error: BaseException) -> str:
    """Why a database can't be used, for the operator."""
    if isinstance(error, TimeoutError):
        return "it doesn't answer: check host and port, and that a firewall lets the bot through"
    if known := _known(error):
        return known
    if isinstance(error, OSError):
        why = error.strerror or type(error).__name__
        return f"it can't be reached ({why}); check that it is running, and the host and port"
    return f"it can't be used ({cause(error)})"


def _known(error: BaseException) -> str:
    if state := sqlstate(error):
        return _STATES.get(state) or _STATES.get(state[:2], "")
    return next((words for part, words in _IN_WORDS if part in str(error)), "")
