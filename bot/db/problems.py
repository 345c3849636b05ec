"""Database errors in words. The database's own text is for the log, never for people: it may hold
values."""

from __future__ import annotations

import re

from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError

from bot.errors import BotError

READ_ONLY = "it can't be written to: check who owns the file and its folder"
ERRORS = (SQLAlchemyError, OSError, ValueError)
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
    # libpq
    (
        "invalid URI query parameter",
        "its address has a parameter that libpq doesn't know; a setting of the server is "
        "given as in options=-csearch_path%3Dbot",
    ),
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
_WITHOUT_STATE = (
    # libpq gives no SQLSTATE for a connection that is lost or can't be made, only its own and the server's words
    ("authentication failed|no password supplied|no pg_hba.conf entry", "28"),
    ("role .* does not exist|not permitted to log in", "28"),
    ("database .* does not exist", "3D"),
    ("too many (clients|connections)|connection slots", "53"),
    ("starting up|shutting down|not currently accepting|in recovery mode", "57"),
    ("server closed|connection is (lost|closed)|connection has been closed|could not (send|receive) data", "08"),
)
_UNREACHED = re.compile("refused|unreachable|No route to host|No such file|resolve host|translate host")


class StoreError(BotError):
    """The database did not do what was asked, and nothing of it was stored."""

    def __init__(self, error: BaseException) -> None:
        super().__init__(
            "My database doesn't do its work just now, so nothing was changed. Please try again in a moment.",
            cause=cause(error),
        )


def sqlstate(error: BaseException) -> str:
    """PostgreSQL's code of five characters, or its class of two, or ""."""
    origin = _origin(error)
    if state := getattr(origin, "sqlstate", None):
        return str(state)
    if not hasattr(origin, "sqlstate"):
        return ""
    return next((state for words, state in _WITHOUT_STATE if re.search(words, str(origin))), "")


def passes(error: BaseException) -> bool:
    """True for a serialization failure or deadlock: retry the transaction."""
    if isinstance(error, IntegrityError):
        return "one_in_flight" in str(error.orig)
    return sqlstate(error) in ("40001", "40P01")


def cause(error: BaseException) -> str:
    """For the log: kinds and codes, no values."""
    return " ".join(filter(None, (type(_origin(error)).__name__, sqlstate(error), _known(error))))


def in_words(error: BaseException) -> str:
    """Why a database can't be used, for the operator."""
    said = str(_origin(error))
    if isinstance(error, TimeoutError) or "timeout expired" in said or "timed out" in said:
        return "it doesn't answer: check host and port, and that a firewall lets the bot through"
    if known := _known(error):
        return known
    if unreached := _UNREACHED.search(said):
        return f"it can't be reached ({unreached[0]}); check that it is running, and the host and port"
    if isinstance(error, OSError):
        why = error.strerror or type(error).__name__
        return f"it can't be reached ({why}); check that it is running, and the host and port"
    return f"it can't be used ({cause(error)})"


def _origin(error: BaseException) -> BaseException:
    """The driver's own error: SQLAlchemy's has the statement and its values, too."""
    return error.orig if isinstance(error, DBAPIError) and error.orig is not None else error


def _known(error: BaseException) -> str:
    if state := sqlstate(error):
        return _STATES.get(state) or _STATES.get(state[:2], "")
    return next((words for part, words in _IN_WORDS if part in str(_origin(error))), "")
