"""Functions that are transactions."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import update_wrapper
from typing import TYPE_CHECKING, Concatenate, Generic, ParamSpec, TypeVar

from sqlalchemy import Connection

if TYPE_CHECKING:  # which uses leases, which are transactions
    from bot.db.database import Database

P = ParamSpec("P")
T = TypeVar("T")
TOPICS = "topics"
"""The topics that a transaction announces, in the `info` of its connection."""


class Transaction(Generic[P, T]):
    """A function over a connection, called with the database: all that it does is stored, or nothing is and StoreError
    is raised. `within`: the function itself, to be part of another transaction. `name`: its package, module and own."""

    def __init__(self, within: Callable[Concatenate[Connection, P], T]) -> None:
        self.within = within
        self.name = f"{within.__module__}.{within.__name__}".removeprefix("bot.")
        update_wrapper(self, within)

    async def __call__(self, database: Database, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return await database.run(lambda db: self.within(db, *args, **kwargs), self.name)


def announce(db: Connection, topic: Hashable) -> None:
    """Call whoever listens to `topic` in this process (`Database.listen`), once and as soon as the transaction is
    stored."""
    db.info.setdefault(TOPICS, set()).add(topic)


def transaction(work: Callable[Concatenate[Connection, P], T]) -> Transaction[P, T]:
    """Make a function over a connection a transaction. Times, and lengths of time, are milliseconds; `now_ms` is the
    caller's clock."""
    return Transaction(work)
