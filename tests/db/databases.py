"""Databases of each kind for whichever test asks, by copy of one that is migrated once per worker."""

from __future__ import annotations

import asyncio
import shutil
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from bot.db.database import Database
from tests.db.server import migrate, named, new_database, postgres_server, run_sql


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """The URL of a PostgreSQL server. A missing one is a failure."""
    with postgres_server() as url:
        yield url


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file at the newest revision, to copy: migrating each anew takes a third of a second."""
    path = tmp_path_factory.mktemp("migrated") / "bot.db"
    migrate(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def migrated_database(server: str) -> Iterator[str]:
    """The name of a PostgreSQL database at the newest revision, to copy."""
    name = f"bot_test_{uuid.uuid4().hex[:12]}"
    asyncio.run(run_sql(server, f"CREATE DATABASE {name}"))
    migrate(named(server, name))
    yield name
    asyncio.run(run_sql(server, f"DROP DATABASE {name}"))


@pytest.fixture
def empty() -> bool:
    """True where a test wants empty databases; else they are at the newest revision."""
    return False


@pytest.fixture
def sqlite(tmp_path: Path, migrated_file: Path, empty: bool) -> str:
    """The URL of an SQLite file; where it is to be empty there is none yet."""
    path = tmp_path / "bot.db"
    if not empty:
        shutil.copy(migrated_file, path)
    return f"sqlite:///{path}"


@pytest.fixture
async def postgres(server: str, migrated_database: str, empty: bool) -> AsyncIterator[str]:
    """The URL of a PostgreSQL database of the test's own."""
    async with new_database(server, "template1" if empty else migrated_database) as url:
        yield url


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest) -> str:
    """A database of each kind."""
    return request.getfixturevalue(request.param)


@pytest.fixture
async def store(url: str) -> AsyncIterator[Database]:
    opened = await Database.open(url)
    yield opened
    await opened.close()
