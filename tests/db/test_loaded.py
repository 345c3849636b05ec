"""An SQLite file costs no memory for what only PostgreSQL needs."""

from __future__ import annotations

import subprocess
import sys

from tests.conftest import ROOT

PROGRAM = """if True:
    import asyncio, sys
    from bot import app  # all that the bot loads
    from bot.db.database import Database
    async def main():
        store = await Database.open(sys.argv[1])
        await store.revision()
        await store.close()
    asyncio.run(main())
    print(*(name for name in ("psycopg", "greenlet", "sqlalchemy.orm", "alembic") if name in sys.modules))"""


def loaded(url: str) -> list[str]:
    done = subprocess.run([sys.executable, "-c", PROGRAM, url], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.split()


def test_a_file_at_the_newest_revision_needs_no_driver_of_servers_and_no_orm(sqlite: str) -> None:
    assert loaded(sqlite) == []


def test_a_server_needs_its_driver(postgres: str) -> None:
    assert loaded(postgres) == ["psycopg"]
