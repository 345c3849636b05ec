"""Engines for SQLite and PostgreSQL."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.pool import QueuePool

from bot.db.address import Postgres, SqliteFile
from bot.db.integrity import to_read

CONNECTIONS = 10
"""To a PostgreSQL server, at most; half of them are kept."""
LOOK_S = 3
"""Seconds that one that is only looked at may take to connect, or for a transaction."""
_CONNECT_S = 10
_SESSION = {
    # A stopped process (SIGSTOP, a hung host) must not keep rows from the other replicas.
    "idle_in_transaction_session_timeout": "5s",
    "lock_timeout": "10s",
    "statement_timeout": "30s",
}
_READS = {"default_transaction_read_only": "on", "statement_timeout": f"{LOOK_S}s"}


def sqlite_engine(address: SqliteFile, busy_s: float, *, reads: bool = False) -> Engine:
    """For one thread, with one connection. `busy_s`: how long to wait for another program that has the file locked.
    `reads`: it is never written to."""
    url = URL.create("sqlite", database=str(address.path))
    if reads:
        url = url.set(database=f"file:{quote(str(address.path))}", query={**to_read(address.path), "uri": "true"})
    engine = create_engine(
        url,
        connect_args={"timeout": busy_s, "isolation_level": None, "check_same_thread": False},
        poolclass=QueuePool,
        pool_size=1,
        max_overflow=0,
    )

    @event.listens_for(engine, "connect")
    def _connected(connection: Any, _record: object) -> None:
        cursor = connection.cursor()
        # FULL: in WAL mode NORMAL may lose the last commits when the power fails, and with them what was sent
        for pragma in () if reads else ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begun(connection: Connection) -> None:
        # A deferred transaction that reads and then writes fails at once when another program wrote in between
        connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")

    return engine


def postgres_engine(address: Postgres, *, reads: bool = False) -> Engine:
    """For as many threads as CONNECTIONS. `reads`: it is never written to."""
    import psycopg  # 8 MB that a file doesn't need

    def connect() -> psycopg.Connection:
        # libpq reads the URL itself, with all that it may say (sslmode, a socket's folder, several hosts). Nothing is
        # prepared: behind a pooler such as PgBouncer the next transaction may be on another of the server's connections
        return psycopg.connect(address.dsn, connect_timeout=LOOK_S if reads else _CONNECT_S, prepare_threshold=None)

    engine = create_engine(
        "postgresql+psycopg://",
        creator=connect,
        use_native_hstore=False,
        pool_size=CONNECTIONS // 2,
        max_overflow=CONNECTIONS - CONNECTIONS // 2,
        pool_pre_ping=True,
        pool_recycle=1800,
    )

    @event.listens_for(engine, "connect")
    def _connected(connection: Any, _record: object) -> None:
        # Not as settings of the connection's start, which poolers such as PgBouncer refuse
        session = _SESSION | (_READS if reads else {})
        connection.execute("; ".join(f"SET {name} = '{value}'" for name, value in session.items()))
        connection.commit()

    return engine
