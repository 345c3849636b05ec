"""One database: its threads, transactions, and errors in our words."""

from __future__ import annotations

import asyncio
import random
import socket
import sqlite3
import time
from collections.abc import Callable, Hashable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from contextvars import copy_context
from dataclasses import dataclass, field
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, delete, false

from bot.db import leases
from bot.db.address import Postgres, SqliteFile, read_address
from bot.db.engine import CONNECTIONS, LOOK_S, postgres_engine, sqlite_engine
from bot.db.file_lock import check, lock_file, locked, open_to_others
from bot.db.integrity import look_through
from bot.db.migrate import revision_of, upgrade
from bot.db.problems import ERRORS, StoreError, in_words, passes
from bot.db.tables import leases as leases_table
from bot.db.transaction import TOPICS
from bot.errors import ConfigError

T = TypeVar("T")

TRIES = 5
"""For a transaction that another replica was in the way of."""
BUSY_S = 5.0
"""Seconds that SQLite waits for another program that writes to the file."""
QUEUE_S = 10.0
"""Seconds that a transaction waits for those before it; with BUSY_S and a question before, less than a person waits."""
END_S = 1.0
"""Seconds that a caller whose own time is over waits for a transaction that has begun."""
HUNG_S = 60.0
"""Seconds after which a transaction's server is taken for hung: it ends each statement after half of that itself."""
THROUGH_S = 2.0
"""Seconds spent on looking an SQLite file through for damage: some gigabytes, from a disk of today."""


@dataclass(slots=True)
class _Progress:
    """Its progress: it has `begun`; somebody `still` waits for it. `driver`: its connection, as PostgreSQL's driver has
    it. `topics`: those that it announces, once it is stored."""

    begun: bool = False
    still: bool = True
    driver: Any = None
    topics: set[Hashable] = field(default_factory=set)

    def cut(self) -> None:
        """End the connection from outside: its thread, which waits for the server, finds it closed."""
        if self.driver is not None:
            with suppress(Exception), socket.fromfd(self.driver.fileno(), socket.AF_UNIX, socket.SOCK_STREAM) as line:
                line.shutdown(socket.SHUT_RDWR)


class Database:
    """`single`: no other process uses it. `served`: a process of the bot has opened this SQLite file; `exposed`: other
    users of this machine may read it; both as they were when this was made. A transaction runs in a thread: an SQLite
    file has one, so that transactions queue here, fairly, and not in SQLite's busy handler, which sleeps and guesses;
    PostgreSQL one for each connection."""

    def __init__(
        self,
        engine: Engine,
        *,
        single: bool,
        lock: ExitStack | None = None,
        served: bool = False,
        exposed: bool = False,
        hung_s: float = HUNG_S,
    ) -> None:
        self.engine = engine
        self.single = single
        self.served = served
        self.exposed = exposed
        self._lock = lock
        self._hung_s = hung_s
        self._threads = ThreadPoolExecutor(1 if single else CONNECTIONS, "database")
        self._under_way: set[asyncio.Future[Any]] = set()
        self._listeners: dict[Hashable, Callable[[], object]] = {}

    @classmethod
    async def open(cls, url: str = "", *, busy_s: float = BUSY_S) -> Database:
        """Connected and at the newest revision. Raises ConfigError with one line that says what to mend."""
        address = read_address(url)
        if isinstance(address, SqliteFile):
            lock = await asyncio.to_thread(lock_file, address.path)
            exposed = open_to_others(address.path)
            engine = sqlite_engine(address, busy_s)
            database = cls(engine, single=True, lock=lock, served=True, exposed=exposed)
        else:
            database = cls(postgres_engine(address), single=False)

        def work(connection: Connection) -> None:
            upgrade(connection)
            # nothing to upgrade is nothing written: a database that is read only would be noticed at the first poll
            connection.execute(delete(leases_table).where(false()))

        await database._begin(address, work, reads=False)
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
            engine = sqlite_engine(address, LOOK_S, reads=True)
            database = cls(engine, single=True, served=served, exposed=exposed)
        else:
            database = cls(postgres_engine(address, reads=True), single=False, hung_s=LOOK_S)
        await database._begin(address, revision_of, reads=True)
        return database

    async def _begin(
        self, address: SqliteFile | Postgres, work: Callable[[Connection], object], *, reads: bool
    ) -> None:
        """The first transaction, of a file that isn't damaged. Closes the database where that can't be."""

        def first() -> None:
            if isinstance(address, SqliteFile):
                look_through(address.path, THROUGH_S, reads=reads)
            with self.engine.begin() as connection:
                work(connection)

        try:
            await asyncio.get_running_loop().run_in_executor(self._threads, first)
        except (*ERRORS, sqlite3.Error) as error:
            await self.close()
            raise ConfigError(f"DATABASE_URL: {address}: {in_words(error)}.") from None
        except BaseException:
            await self.close()
            raise

    async def revision(self) -> str:
        """The one that the database is at, or "" where it is empty."""
        return await self.run(revision_of)

    async def running(self) -> bool:
        """True where a process of the bot, this one or another, works with the database."""
        return self.served if self.single else await self.run(leases.lasts)

    async def time(self) -> float:
        """Epoch seconds by the clock that all processes share: PostgreSQL's. A file has one process, whose own will
        do."""
        return time.time() if self.single else await self.run(leases.time_s)

    def listen(self, topic: Hashable, call: Callable[[], object]) -> None:
        """Have `call` called in the event loop after each transaction of this process that announced `topic`, also
        where its caller is gone. Other processes aren't heard."""
        self._listeners[topic] = call

    async def run(self, work: Callable[[Connection], T], name: str = "") -> T:
        """Return the result of `work`, in a transaction of its own: all is stored, or none and StoreError raised.
        `work` is called in another thread, and again after it was undone. When the caller is cancelled while the
        transaction waits for the database, it isn't begun any more; one that has begun comes to its end. `name` is for
        whoever listens to the connections, as their `info` has it."""
        for tries_left in reversed(range(TRIES)):
            try:
                return await self._once(work, name)
            except ERRORS as error:
                if not (passes(error) and tries_left):
                    raise StoreError(error) from error
            await asyncio.sleep(random.uniform(0.01, 0.1))
        raise AssertionError("the last try returns or raises")

    async def _once(self, work: Callable[[Connection], T], name: str) -> T:
        transaction = _Progress()
        queued = self._threads.submit(copy_context().run, self._transact, work, transaction, name)
        done = asyncio.wrap_future(queued)
        self._under_way.add(done)
        done.add_done_callback(lambda _: self._over(done, transaction))
        hung = asyncio.get_running_loop().call_later(QUEUE_S + self._hung_s, transaction.cut)
        done.add_done_callback(lambda _: hung.cancel())
        try:
            await asyncio.wait((done,), timeout=QUEUE_S)
            if queued.cancel():
                raise TimeoutError
            return await asyncio.shield(done)
        except asyncio.CancelledError:
            transaction.still = False
            if not queued.cancel() and transaction.begun:
                await asyncio.wait((done,), timeout=END_S)
            raise

    def _transact(self, work: Callable[[Connection], T], transaction: _Progress, name: str) -> T:
        try:
            with self.engine.begin() as connection:
                if not transaction.still:
                    raise asyncio.CancelledError
                transaction.begun = True
                connection.info["transaction"] = name
                connection.info[TOPICS] = topics = set[Hashable]()
                if not self.single:
                    transaction.driver = connection.connection.driver_connection
                result = work(connection)
            transaction.topics = topics
            return result
        finally:
            transaction.driver = None

    def _over(self, done: asyncio.Future[Any], transaction: _Progress) -> None:
        self._under_way.discard(done)
        if not done.cancelled():
            done.exception()  # it has been looked at: the caller may be gone
        for topic in transaction.topics & self._listeners.keys():
            self._listeners[topic]()

    async def close(self) -> None:
        """Let what is under way come to its end, and close."""
        if self._under_way:
            await asyncio.wait(self._under_way)
        await asyncio.get_running_loop().run_in_executor(self._threads, self.engine.dispose)
        self._threads.shutdown(wait=False)
        if self._lock is not None:
            self._lock.close()
