"""An SQLite file: locked by whatever name, closed to other users, and looked through for damage."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from pathlib import Path

import pytest

from bot.db import database
from bot.db.database import Database
from bot.db.integrity import look_through
from bot.outbox import counts as outbox_counts
from bot.outbox import store as outbox_store
from tests.db.parts import commit, message, send
from tests.db.test_open import holder, refused, unfit

pytestmark = pytest.mark.slow


@asynccontextmanager
async def held(path: Path) -> AsyncIterator[None]:
    """Another process of the bot has it open."""
    process = await holder(f"sqlite:///{path}")
    try:
        yield
    finally:
        await process.communicate(b"")


@contextmanager
def mounted(path: Path, at: Path) -> Iterator[None]:
    at.touch()
    if subprocess.run(["mount", "--bind", path, at], capture_output=True).returncode:
        pytest.skip("this user may not mount")
    try:
        yield
    finally:
        subprocess.run(["umount", at], check=True)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere only the name is locked")
async def test_a_file_under_another_name_is_locked_too(tmp_path: Path) -> None:
    """Two processes would destroy it: SQLite's log lies beside each name."""
    path, other = tmp_path / "bot.db", tmp_path / "folder" / "other.db"
    other.parent.mkdir()
    async with held(path):
        other.hardlink_to(path)
        assert "another process of the bot uses" in await refused(f"sqlite:///{other}")
        look = await Database.look(f"sqlite:///{other}")
        assert look is not None and await look.running()
        await look.close()
    await (await Database.open(f"sqlite:///{other}")).close()
    other.unlink()
    async with held(path):
        with mounted(path, other):
            assert "another process of the bot uses" in await refused(f"sqlite:///{other}")


async def test_the_locks_of_sqlite_last_while_the_bot_runs(tmp_path: Path) -> None:
    """No descriptor of the file is closed: another program that writes has to wait for the bot's transaction."""
    path = tmp_path / "bot.db"
    store = await Database.open(f"sqlite:///{path}")
    await commit(store, message("m"))

    program = (
        "import sqlite3, sys; sqlite3.connect(sys.argv[1], timeout=0, isolation_level=None).execute('BEGIN IMMEDIATE')"
    )

    def refuse(_: object) -> None:
        done = subprocess.run([sys.executable, "-c", program, str(path)], capture_output=True, text=True)
        assert "database is locked" in done.stderr

    await store.run(refuse)
    assert len(await send(store)) == 1
    await store.close()


async def test_only_its_user_may_read_it(tmp_path: Path) -> None:
    path = tmp_path / "bot.db"
    before = os.umask(0)
    try:
        store = await Database.open(f"sqlite:///{path}")
        await commit(store, message("m"))
        assert {each.name: oct(each.stat().st_mode & 0o777) for each in tmp_path.iterdir()} == dict.fromkeys(
            ("bot.db", "bot.db-wal", "bot.db-shm", "bot.db.lock"), "0o600"
        )
    finally:
        os.umask(before)
    await store.close()


async def test_a_file_that_others_may_read_is_told_and_closed_at_the_start(tmp_path: Path) -> None:
    path = tmp_path / "bot.db"
    await (await Database.open(f"sqlite:///{path}")).close()
    path.chmod(0o644)
    look = await Database.look(f"sqlite:///{path}")
    assert look is not None and look.exposed
    await look.close()
    store = await Database.open(f"sqlite:///{path}")
    assert not store.exposed and path.stat().st_mode & 0o777 == 0o600
    await store.close()


async def test_a_damaged_file_is_not_started_with(tmp_path: Path) -> None:
    path = tmp_path / "bot.db"
    store = await Database.open(f"sqlite:///{path}")
    await commit(store, *(message(f"m{n}", text="x" * 500) for n in range(200)))
    await store.close()
    with closing(sqlite3.connect(path)) as plain:
        (page,) = plain.execute("SELECT rootpage FROM sqlite_master WHERE name = 'outbox_key'").fetchone()
    with path.open("r+b") as file:
        file.seek((page - 1) * 4096)
        file.write(b"\xff" * 4096)
    assert "the file is damaged; put a backup in its place" in await unfit(f"sqlite:///{path}")


def test_a_large_file_is_looked_through_for_a_bounded_time(tmp_path: Path) -> None:
    path = tmp_path / "large.db"
    with closing(sqlite3.connect(path)) as plain:
        plain.execute("CREATE TABLE t (a)")
        plain.executemany("INSERT INTO t VALUES (?)", ((bytes(3_000),) for _ in range(40_000)))
        plain.commit()
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(size // 4096 * 9 // 10 * 4096)
        file.write(b"\xff" * 4096)
    with pytest.raises(sqlite3.DatabaseError, match="malformed"):
        look_through(path, 60.0)
    look_through(path, 0.001)


async def test_who_has_no_time_left_waits_for_no_lock(tmp_path: Path) -> None:
    """Another program has the file, and transactions queue: one whose caller has gone is never begun."""
    path = tmp_path / "bot.db"
    store = await Database.open(f"sqlite:///{path}", busy_s=60)
    await outbox_counts.read(store)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        calls = [asyncio.create_task(outbox_store.add(store, [message(f"m{n}")], 0)) for n in range(3)]
        await asyncio.sleep(0.2)
        for call in calls:
            call.cancel()
        done, waiting = await asyncio.wait(calls, timeout=5)
        assert len(done) == 3 and not waiting
        other.execute("ROLLBACK")
    assert [await outbox_store.status(store, f"m{n}") for n in range(3)] == ["", "", ""]
    await store.close()


async def test_a_person_hears_of_a_database_that_is_held_before_their_time_is_over() -> None:
    """The question if their request was begun before comes first, and is given up sooner."""
    from bot.slack.once import WAIT_S
    from bot.slack.request import ANSWER_S

    assert WAIT_S + database.QUEUE_S + database.BUSY_S < ANSWER_S
