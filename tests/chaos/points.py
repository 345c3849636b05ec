"""Ends or stops this process at a named point: just before a transaction is committed, or just after.

The points are SQLAlchemy's own events, so nothing of the bot is changed. A transaction has the name of the method of
`Store` that it belongs to; only those that write count.
"""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, Engine, Pool, event

NAMES = ("commit_poll", "poll_failed", "lead", "claim", "sent", "again", "unsure", "later", "overdue", "subscribe")
SIDES = ("before", "after")
_WRITES = re.compile(r"\s*(INSERT|UPDATE|DELETE)", re.IGNORECASE)


def arm(side: str, name: str, nth: int, which: str = "SIGKILL") -> None:
    """End at the `nth` time that this side of the commit is reached; or with SIGSTOP stand still there, and say so."""
    left = nth

    def reached(at: str, of: str) -> None:
        nonlocal left
        if (at, of) == (side, name):
            left -= 1
            if left == 0:
                os.write(sys.stdout.fileno(), b"\n")
                os.kill(os.getpid(), signal.Signals[which])

    listen(reached)


def listen(tell: Callable[[str, str], None]) -> None:
    """`tell(side, name)` at each commit of a transaction that has written."""

    @event.listens_for(Engine, "begin")
    def _begun(connection: Connection) -> None:
        connection.info.update(wrote=False, committed="")

    @event.listens_for(Engine, "after_cursor_execute")
    def _executed(connection: Connection, cursor: Any, statement: str, *_: object) -> None:
        if _WRITES.match(statement) and cursor.rowcount:
            connection.info["wrote"] = True

    @event.listens_for(Engine, "commit")
    def _committing(connection: Connection) -> None:
        if connection.info.get("wrote"):
            connection.info["committed"] = _name()
            tell("before", connection.info["committed"])

    @event.listens_for(Pool, "checkin")
    def _given_back(_connection: object, record: Any) -> None:
        if record is not None and (name := record.info.pop("committed", "")):
            tell("after", name)


def _name() -> str:
    """Of the transaction that this task runs: Database._run's `work` is a lambda in a method of Store."""
    task = asyncio.current_task()
    frame = getattr(task.get_coro(), "cr_frame", None) if task else None
    work = frame.f_locals.get("work") if frame else None
    return getattr(work, "__qualname__", "").removeprefix("Store.").partition(".")[0] or "open"
