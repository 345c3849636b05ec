"""One database: connections, transactions, and errors in our words."""

from __future__ import annotations

import asyncio
import random
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import quote

from sqlalchemy import URL, Connection, delete, event, false
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool

from bot.db.address import Postgres, SqliteFile, read_address
from bot.db.file_lock import check, lock_file, locked, open_to_others
from bot.db.integrity import look_through, to_read
from bot.db.migrate import revision_of, upgrade
from bot.db.problems import ERRORS, StoreError, in_words, passes
from bot.db.tables import leases
from bot.errors import ConfigError

T = TypeVar("T")

TRIES = 5
"""For a transaction that another replica was in the way of."""
BUSY_S = 5.0
"""How long SQLite waits for another program that writes to the file."""
QUEUE_S = 10.0
"""Seconds that a transaction waits for those before it; with BUSY_S and a question before, less than a person waits."""
END_S = 1.0
"""Seconds that a caller whose own time is over waits for a transaction that has begun."""
THROUGH_S = 2.0
"""Seconds spent on looking an SQLite file through for damage: some gigabytes, from a disk of today."""
CONNECT_S = 10.0
LOOK_S = 3.0
"""How long one that is only looked at may take to connect, or for a statement."""
_SESSION = {
    # A stopped process (SIGSTOP, a hung host) must not keep rows from the other replicas.
    "idle_in_transaction_session_timeout": "5s",
    "lock_timeout": "10s",
    "statement_timeout": "30s",
}
_READS = {"default_transaction_read_only": "on", "statement_timeout": f"{LOOK_S:.0f}s"}


@dataclass(slots=True)
class Wanted:
    """A transaction's progress: it has `begun`; somebody `still` waits for it."""

    begun: bool = False
    still: bool = True


class Database:
    """`single`: no other process uses it. `served`: a process of the bot has opened this SQLite file; `exposed`: other
    users of this machine may read it; both as they were when this was made."""

    def __init__(
        self,
        engine: AsyncEngine,
        *,
        single: bool,
        lock: ExitStack | None = None,
        served: bool = False,
        exposed: bool = False,
    ) -> None:
        self.engine = engine
        self.single = single
        self.served = served
        self.exposed = exposed
        self._lock = lock
        self._under_way: set[asyncio.Task[Any]] = set()

    @classmethod
    async def open(cls, url: str, *, busy_s: float = BUSY_S) -> Database:
        """Connected and at the newest revision. Raises ConfigError with one line that says what to mend."""
        address = read_address(url)
        if isinstance(address, SqliteFile):
            lock = await asyncio.to_thread(lock_file, address.path)
            exposed = open_to_others(address.path)
            database = cls(_sqlite(address, busy_s), single=True, lock=lock, served=True, exposed=exposed)
        else:
            database = cls(_postgres(address), single=False)
        try:
            if isinstance(address, SqliteFile):
                await asyncio.to_thread(look_through, address.path, THROUGH_S)
            async with database.engine.begin() as connection:
                await connection.run_sync(upgrade)
                # nothing to upgrade is nothing written: a database that is read only would be noticed at the first poll
                await connection.execute(delete(leases).where(false()))
        except (*ERRORS, sqlite3.Error) as error:
            await database.close()
            raise ConfigError(f"DATABASE_URL: {address}: {in_words(error)}.") from None
        except BaseException:
            await database.close()
            raise
        return database

    @classmethod
    async def look(cls, url: str) -> Database | None:
        """As it is, to read: nothing is upgraded, made or locked, whoever uses it meanwhile. None where there is no
        file yet. Raises ConfigError, also where a file could be read but `open` would fail."""
        address = read_address(url)
        if isinstance(address, SqliteFile):
            served = locked(address.path)
            if not served:  # whoever holds it could open it
                await asyncio.to_thread(check, address.path)
            if not address.path.exists():
                return None
            exposed = open_to_others(address.path)
            database = cls(_sqlite(address, LOOK_S, reads=True), single=True, served=served, exposed=exposed)
        else:
            database = cls(_postgres(address, LOOK_S, reads=True), single=False)
        try:
            if isinstance(address, SqliteFile):
                await asyncio.to_thread(look_through, address.path, THROUGH_S, reads=True)
            async with database.engine.begin() as connection:
                await connection.run_sync(revision_of)
        except (*ERRORS, sqlite3.Error) as error:
            await database.close()
            raise ConfigError(f"DATABASE_URL: {address}: {in_words(error)}.") from None
        except BaseException:
            await database.close()
            raise
        return database

    async def run(self, work: Callable[[AsyncConnection], Awaitable[T]]) -> T:
        """What `work` gives, in a transaction of its own: all of it is stored, or nothing and StoreError is raised.
        `work` may be called again after it was undone. When the caller is cancelled while the transaction waits for the
        database, it isn't begun any more; one that has begun comes to its end: a driver that is cut off in the middle
        leaves a connection that nobody can use."""
        wanted = Wanted()
        transaction = asyncio.create_task(self._run(work, wanted))
        self._under_way.add(transaction)
        transaction.add_done_callback(self._over)
        try:
            return await asyncio.shield(transaction)
        except asyncio.CancelledError:
            wanted.still = False
            if wanted.begun:
                await asyncio.wait([transaction], timeout=END_S)
            raise

    async def _run(self, work: Callable[[AsyncConnection], Awaitable[T]], wanted: Wanted) -> T:
        for tries_left in reversed(range(TRIES)):
            try:
                async with self.engine.begin() as connection:
                    if not wanted.still:
                        raise asyncio.CancelledError
                    wanted.begun = True
                    return await work(connection)
            except ERRORS as error:
                if not (passes(error) and tries_left):
                    raise StoreError(error) from error
            await asyncio.sleep(random.uniform(0.01, 0.1))
        raise AssertionError("the last try returns or raises")

    def _over(self, transaction: asyncio.Task[Any]) -> None:
        self._under_way.discard(transaction)
        if not transaction.cancelled():
            transaction.exception()  # it has been looked at: the caller may be gone

    async def close(self) -> None:
        """Let what is under way come to its end, and close."""
        if self._under_way:
            await asyncio.wait(self._under_way)
        await self.engine.dispose()
        if self._lock is not None:
            self._lock.close()


def _sqlite(address: SqliteFile, busy_s: float, *, reads: bool = False) -> AsyncEngine:
    """`reads`: it is never written to."""
    url = URL.create("sqlite+aiosqlite", database=str(address.path))
    if reads:
        url = url.set(database=f"file:{quote(str(address.path))}", query={**to_read(address.path), "uri": "true"})
    engine = create_async_engine(
        url,
        connect_args={"timeout": busy_s, "isolation_level": None},
        # One connection: transactions queue here, fairly, and not in SQLite's busy handler, which sleeps and guesses.
        poolclass=AsyncAdaptedQueuePool,
        pool_size=1,
        max_overflow=0,
        pool_timeout=QUEUE_S,
    )

    @event.listens_for(engine.sync_engine, "connect")
    def _connected(connection: Any, _record: object) -> None:
        cursor = connection.cursor()
        # FULL: in WAL mode NORMAL may lose the last commits when the power fails, and with them what was sent
        for pragma in () if reads else ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def _begun(connection: Connection) -> None:
        # A deferred transaction that reads and then writes fails at once when another program wrote in between
        connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")

    return engine


def _postgres(address: Postgres, patience_s: float = CONNECT_S, *, reads: bool = False) -> AsyncEngine:
    """`patience_s` is for a connection. `reads`: it is never written to, and a statement has no more time either."""
    engine = create_async_engine(
        "postgresql+asyncpg://",
        # asyncpg reads the URL itself, with all that libpq's URLs may say (sslmode, a socket's folder, several hosts)
        connect_args={"dsn": address.dsn, "timeout": patience_s, "command_timeout": patience_s if reads else 60},
        pool_size=5,
        max_overflow=5,
        pool_timeout=QUEUE_S,
        pool_pre_ping=True,
        pool_recycle=1800,
    )

    @event.listens_for(engine.sync_engine, "connect")
    def _connected(connection: Any, _record: object) -> None:
        # Not as settings of the connection's start, which poolers such as PgBouncer refuse
        session = _SESSION | (_READS if reads else {})
        said = "; ".join(f"SET {name} = '{value}'" for name, value in session.items())
        connection.run_async(lambda driver: driver.execute(said))

    return engine
