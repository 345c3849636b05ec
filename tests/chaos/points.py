"""The named points: each side of each commit and of each call. Ends or stops this process at one of a commit.

Those of commits are SQLAlchemy's own events, so nothing of the bot is changed. A transaction has the name that
`Database.run` was given; only those that write count. Calls are watched by the stand-ins (`doors`).
"""

from __future__ import annotations

import json
import os
import re
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, Pool, event

NAMES = (
    "tracking.store.commit", "tracking.store.failed", "db.leases.take", "outbox.claims.claim", "outbox.store.sent", "outbox.store.slow_down", "outbox.store.again", "outbox.store.unsure", "outbox.claims.overdue", "outbox.store.held", "outbox.store.dead",
    "outbox.store.replaced", "outbox.store.add", "outbox.channel_pause.pause", "outbox.channel_pause.resume", "outbox.channel_pause.release", "outbox.workspaces.refused", "outbox.workspaces.taken", "alerts.store.subscribe", "alerts.store.unsubscribe", "alerts.firing_store.take", "outbox.prune.prune_some",
    "digests.store.add", "digests.store.pause", "digests.store.remove", "digests.store.send", "digests.store.failed", "silence.mute_store.add", "silence.mute_store.remove",
    "tracking.hint_store.add", "tracking.hint_store.take", "silence.quiet_store.add", "silence.quiet_store.clear", "outbox.threads.turn", "slack.store.begin",
)  # fmt: skip
"""The transactions that write."""
OPEN = "open"
"""The migration, in an empty database."""
CALLS = (
    "auth.test", "chat.postMessage", "chat.update", "conversations.history", "conversations.replies",
    "conversations.open", "sessions", "session", "rooms",
)  # fmt: skip
"""Methods of Slack, and the lists and records of 100ms."""
COMMIT_SIDES, CALL_SIDES = ("before", "after"), ("arrives", "done")
_WRITES = re.compile(r"\s*(INSERT|UPDATE|DELETE)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Point:
    """`side` of the commit or call `of` that name; without a side, a random time."""

    side: str
    of: str

    def __str__(self) -> str:
        return f"{self.side} {self.of}".strip()


TIME = Point("", "any time")
POINTS = tuple(
    Point(side, of)
    for sides, names in ((COMMIT_SIDES, NAMES), (CALL_SIDES, CALLS))
    for of in names
    for side in sides
)  # fmt: skip
NAMED = {*NAMES, *CALLS}
STARTS = tuple(Point(side, OPEN) for side in COMMIT_SIDES)


LED = {
    "tracking.store.commit",
    "tracking.store.failed",
    "tracking.hint_store.take",
    "db.leases.take",
    "sessions",
    "session",
    "rooms",
    "digests.store.send",
    "digests.store.failed",
}
"""Points that only the process comes to which polls."""
SHARED = {"tracking.hint_store.add", "tracking.hint_store.take"}
"""Points that come only where processes share a database."""


class Armed:
    """This process's orders: at one side of a commit it says so, and gets a signal."""

    def __init__(self) -> None:
        self._orders: list[str] | None = None
        listen(self._reached)

    def take(self, line: str) -> None:
        """`[side, name, signal]` as JSON, or null; the last orders count, once."""
        self._orders = json.loads(line)

    def _reached(self, *point: str) -> None:
        if self._orders and (*self._orders[:2],) == point:
            said, self._orders = self._orders, None
            os.write(sys.stdout.fileno(), json.dumps(said).encode() + b"\n")
            os.kill(os.getpid(), signal.Signals[said[2]])


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
            connection.info["committed"] = connection.info.pop("transaction", "") or OPEN
            tell("before", connection.info["committed"])

    @event.listens_for(Pool, "checkin")
    def _given_back(_connection: object, record: Any) -> None:
        if record is not None and (name := record.info.pop("committed", "")):
            tell("after", name)
