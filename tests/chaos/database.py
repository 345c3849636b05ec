"""The database, read and written past the bot, as an operator would."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import Callable
from typing import Any

import psycopg

from tests.chaos.waits import Patience, TooLongError, within

ANSWER_S = 30.0
"""The longest that a statement takes: a process that is stopped in a transaction goes on within seconds."""
STILL_S = 60.0
"""The longest that a number which is waited for stays the same: the bot has settled when nothing waits to be sent."""


class Database:
    """`url` is a DATABASE_URL."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._path = url.removeprefix("sqlite:///") if url.startswith("sqlite:///") else ""

    async def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """The rows of a query; a statement that writes is committed."""
        if self._path:
            return await asyncio.to_thread(self._sqlite_rows, statement)
        return await within(ANSWER_S, statement, self._postgres_rows(statement))

    async def number(self, query: str) -> int:
        ((number,),) = await self.rows(query)
        return int(number)

    async def until(self, query: str, holds: Callable[[int], bool], still_s: float = STILL_S) -> None:
        """Wait until that holds for the number. TooLongError where it stays the same for `still_s`."""
        patience = Patience(still_s)
        while not holds(number := await self.number(query)):
            if patience.over(number):
                raise TooLongError(f"{query} has been {number} for {still_s:g} s")
            await asyncio.sleep(0.1)

    async def _postgres_rows(self, statement: str) -> list[tuple[Any, ...]]:
        async with await psycopg.AsyncConnection.connect(self._url, autocommit=True) as connection:
            found = await connection.execute(statement)
            return await found.fetchall() if found.description else []

    def _sqlite_rows(self, statement: str) -> list[tuple[Any, ...]]:
        mode = "ro" if statement.startswith("SELECT") else "rw"  # the bot is to find the file as it left it
        address = f"file:{self._path}?mode={mode}"
        with contextlib.closing(sqlite3.connect(address, uri=True, timeout=10, isolation_level=None)) as connection:
            return connection.execute(statement).fetchall()
