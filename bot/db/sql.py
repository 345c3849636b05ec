"""Parts of statements that both databases understand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Connection, FromClause, Row, Select, Table, literal_column
from sqlalchemy.dialects import postgresql, sqlite

T = TypeVar("T")

# Written into the statement, not bound: a database uses a partial index only where it sees that the condition holds.
PENDING: ColumnElement[str] = literal_column("'pending'")
SENDING: ColumnElement[str] = literal_column("'sending'")
SENT: ColumnElement[str] = literal_column("'sent'")
HELD: ColumnElement[str] = literal_column("'held'")
DEAD: ColumnElement[str] = literal_column("'dead'")


def unfinished(rows: FromClause) -> ColumnElement[bool]:
    """The condition of the index `outbox_open`, word for word: SQLite sees that it holds where it stands so."""
    return rows.c.status.in_((PENDING, SENDING, HELD))


LIVE: ColumnElement[bool] = literal_column("sessions.live")
ENDED: ColumnElement[bool] = literal_column("NOT sessions.live")
CLOSED: ColumnElement[str] = literal_column("'closed'")

UNRESOLVED: ColumnElement[bool] = literal_column("(state IN ('fired', 'kept') OR untold <> '')")
OVER: ColumnElement[bool] = literal_column("state IN ('resolved', 'closed')")
"""The condition of firings that are over."""
UNCONFIRMED = "unconfirmed"
"""The cause of a held message whose sending had no clear answer, where nobody can look it up."""

CHUNK = 500
"""Values in one IN: SQLite takes 32,766 of them in a statement, and plans for such lists take long."""
ROWS = 1_000
"""Rows read or written at once, of which there may be very many."""


def insert(db: Connection, table: Table) -> Any:
    """INSERT with the ON CONFLICT of the connection's database. Any: the two are alike and share no type."""
    return (postgresql if db.dialect.name == "postgresql" else sqlite).insert(table)


def parts(db: Connection, query: Select[Any]) -> Iterator[Sequence[Row[Any]]]:
    """The rows of a query that may have very many, ROWS at a time: no more of them are held at once."""
    return db.execute(query, execution_options={"stream_results": True}).partitions(ROWS)


def chunks(values: Iterable[T], size: int = CHUNK) -> Iterator[Sequence[T]]:
    """The values, so many at a time."""
    left = iter(values)
    while some := list(islice(left, size)):
        yield some
