"""A database that can't be used ends the start with one line that says why; one that fails later loses nothing."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import struct
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from sqlalchemy import text

from bot.db import leases
from bot.db.address import Postgres, SqliteFile, read_address
from bot.db.database import Database
from bot.db.migrate import REVISIONS
from bot.db.problems import StoreError
from bot.errors import ConfigError
from bot.outbox import counts as outbox_counts
from bot.tracking import store as tracking_store
from tests.conftest import ROOT
from tests.db.parts import NOW, TEAM, card, commit, message, poll, post, send, tracked
from tests.db.server import named, run_sql

pytestmark = pytest.mark.slow

NOBODY = 65534


@pytest.fixture
def empty() -> bool:
    return True


_HOLDER = """if True:
    import asyncio, sys
    from bot.db.database import Database
    async def main():
        store = await Database.open(sys.argv[1])
        print("open", flush=True)
        await asyncio.to_thread(sys.stdin.read)
        await store.close()
    asyncio.run(main())"""


async def holder(url: str) -> asyncio.subprocess.Process:
    """Another process of the bot that has the database open, until its input ends."""
    pipe = asyncio.subprocess.PIPE
    command = (sys.executable, "-c", _HOLDER, url)
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdin=pipe, stdout=pipe)
    assert process.stdout is not None and await process.stdout.readline() == b"open\n"
    return process


async def refused(url: str, busy_s: float = 1) -> str:
    """The one line."""
    with pytest.raises(ConfigError) as caught:
        await Database.open(url, busy_s=busy_s)
    said = caught.value.text
    assert said.startswith("DATABASE_URL")
    assert "\n" not in said
    assert said.endswith(".")
    assert ".." not in said
    return said


SERVER = "me:pa%40ss@db.example:5433/bot?sslmode=require&channel_binding=require"


@pytest.mark.parametrize(
    ("url", "path"),
    [("", "sessions-bot.db"), ("  ", "sessions-bot.db"), ("sqlite:///a/../b.db", "b.db"),
     ("sqlite+aiosqlite:///b%20c.db?x=y", "b c.db"), ("sqlite:////srv/x.db", "/srv/x.db")],
)  # fmt: skip
def test_files(url: str, path: str) -> None:
    assert read_address(url) == SqliteFile(Path(path).resolve())


def test_servers() -> None:
    for scheme in ("postgres", "postgresql", "postgresql+psycopg2", "POSTGRESQL"):
        assert read_address(f"{scheme}://{SERVER}") == Postgres(f"postgresql://{SERVER}")
    for server, name in (
        (SERVER, "db.example:5433/bot"),
        ("/bot?host=/run/postgresql", "/run/postgresql/bot"),
        ("me:pa:ss@a.example:5433,[::1]:5434,c.example/bot", "a.example:5433,[::1]:5434,c.example/bot"),
        ("me:pass@/bot?host=a.example&port=5433", "a.example/bot"),
    ):
        assert str(read_address(f"postgresql://{server}")) == name


@pytest.mark.parametrize(
    ("says", "urls"),
    [
        ("percent-encode the password", [f"postgresql://me:{password}@db.example/bot" for password in (
            "qz/cret", "qz?cret", "qz#cret", "qz@cret", "12?qz=cret", "qz/@cret")]),
        ("from 1 to 65535", [f"postgresql://me:qzcret@{place}" for place in (
            "db:99999/bot", "db:abc/bot", "a:5432,b:70000/bot", "a,,b/bot", "db/bot?port=65536", "[::1]:99999/bot",
            "db.example:/bot?port=x")]),
        ("", ["postgresql://me:qzcret/bot"]),  # the host was forgotten
        ("sqlite:///path", ["mysql://x/y", "bot.db", "postgresql://", "sqlite://", "sqlite:///:memory:", "sqlite:///",
                            "postgresql://[x/y", "sqlite:///a\x00b"]),
    ],
)  # fmt: skip
async def test_an_address_that_is_none_is_told_without_its_password(says: str, urls: list[str]) -> None:
    for url in urls:
        line = await refused(url)
        assert says in line and "qz" not in line and "cret" not in line, url


async def test_the_working_folder_is_the_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    store = await Database.open()
    assert (tmp_path / "sessions-bot.db").exists()
    await store.close()


async def test_a_file_serves_one_process(tmp_path: Path) -> None:
    (tmp_path / "other.db").symlink_to(tmp_path / "bot.db")
    store = await Database.open(f"sqlite:///{tmp_path / 'bot.db'}")
    for name in ("bot.db", "other.db"):
        assert "another process of the bot uses" in await refused(f"sqlite:///{tmp_path / name}")
    await commit(store, message("m"))
    await store.close()
    store = await Database.open(f"sqlite:///{tmp_path / 'other.db'}")
    assert len(await send(store)) == 1
    await store.close()


async def test_a_killed_process_leaves_the_file_free(sqlite: str) -> None:
    process = await holder(sqlite)
    assert "another process" in await refused(sqlite)
    process.kill()
    await process.communicate()
    await (await Database.open(sqlite)).close()


@contextmanager
def as_nobody() -> Iterator[None]:
    """For a while without the rights of root, where the tests have them: permissions keep that user from nothing."""
    root = os.geteuid() == 0
    if root:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)


async def unfit(url: str) -> str:
    """The words of the start, which a look says too."""
    said = await refused(url)
    with pytest.raises(ConfigError) as caught:
        await Database.look(url)
    assert caught.value.text == said
    return said


async def test_a_file_that_is_none(tmp_path: Path) -> None:
    """None of this leaves anything behind; and what root may write to nevertheless is no file."""
    for path, says in (
        (Path("/dev/null"), "/dev/null can't be opened: it is no regular file"),
        (Path("/proc/1/x"), "x.lock can't be opened (No such file or directory)"),
        (tmp_path / "none" / "bot.db", "a folder that is there"),
        (tmp_path, "can't be opened: it is no regular file"),
        (Path("/dev/null/bot.db"), "a folder that is there"),
    ):
        assert says in await unfit(f"sqlite:///{path}")
    assert not Path("/dev/null.lock").exists() and list(tmp_path.iterdir()) == []
    (tmp_path / "bot.db.lock").mkdir()
    assert "bot.db.lock can't be opened (Is a directory)" in await unfit(f"sqlite:///{tmp_path / 'bot.db'}")
    (tmp_path / "text.db").write_text("not a database, and longer than its header is " * 99)
    assert "is not an SQLite database" in await unfit(f"sqlite:///{tmp_path / 'text.db'}")


async def test_what_may_not_be_written_to() -> None:
    with TemporaryDirectory() as name:  # that of a test is its user's alone
        folder = Path(name)
        url, file, lock = f"sqlite:///{folder / 'bot.db'}", folder / "bot.db", folder / "bot.db.lock"
        await (await Database.open(url)).close()
        folder.chmod(0o777), lock.chmod(0o666), file.chmod(0o444)
        with as_nobody():
            assert "it can't be written to" in await unfit(url)
        file.chmod(0o666), lock.chmod(0o444)
        with as_nobody():
            assert "bot.db.lock can't be opened (Permission denied)" in await unfit(url)
        file.unlink(), lock.unlink(), folder.chmod(0o555)
        with as_nobody():
            assert "a folder that is there and that it may write to" in await unfit(url)
        folder.chmod(0o755)


async def test_a_file_that_another_program_has_locked(tmp_path: Path) -> None:
    path = tmp_path / "bot.db"
    await (await Database.open(f"sqlite:///{path}")).close()
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    assert "another program has it locked" in await refused(f"sqlite:///{path}", busy_s=0.2)
    other.close()
    await (await Database.open(f"sqlite:///{path}")).close()


async def test_a_disk_that_is_full_at_the_start(tmp_path: Path) -> None:
    program = """if True:
        import asyncio, resource, signal, sys
        from bot.errors import ConfigError
        from bot.db.database import Database
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192))
        try:
            asyncio.run(Database.open(sys.argv[1]))
        except ConfigError as error:
            print(error.text)"""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-B", "-c", program, f"sqlite:///{tmp_path / 'bot.db'}", cwd=ROOT, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    said, _ = await process.communicate()
    assert "disk" in said.decode()
    await (await Database.open(f"sqlite:///{tmp_path / 'bot.db'}")).close()


async def test_a_disk_that_fills_up_later(sqlite: str) -> None:
    store = await Database.open(sqlite)
    some = [tracked(f"s{n}") for n in range(2_000)]
    await commit(store, message("m"))
    await store.run(lambda db: db.execute(text("PRAGMA max_page_count = 1")))  # as many as there are
    with pytest.raises(StoreError, match="the disk is full"):
        await poll(store, 1, post(card()), cards=[card()], changed=some)
    assert (await tracking_store.state(store, TEAM)).seq == 1
    assert (await tracking_store.snapshot(store, TEAM)).sessions == {}
    assert (await outbox_counts.read(store)).waiting == 1
    await store.run(lambda db: db.execute(text("PRAGMA max_page_count = 1000000")))
    await commit(store, changed=some)
    await store.close()


async def test_a_cancelled_call_leaves_nothing_half_done(store: Database) -> None:
    some = [tracked(f"s{n}") for n in range(2_000)]
    for wait_s in (0.0, 0.002, 0.01, 0.03, 0.05):
        seq = (await tracking_store.state(store, TEAM)).seq
        task = asyncio.create_task(poll(store, seq, cards=[card()], changed=some))
        await asyncio.sleep(wait_s)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        known = await tracking_store.snapshot(store, TEAM)
        assert len(known.sessions) == (2_000 if known.seq else 0)
    await commit(store, message("m"))
    assert len(await send(store)) == 1


async def test_servers_that_cannot_be_used(server: str) -> None:
    assert "check that it is running" in await refused("postgresql://me:secret@127.0.0.1:1/bot")
    assert "check that it is running" in await refused("postgresql://me:secret@nowhere.invalid/bot")
    assert "no such database" in await refused(named(server, "not_there"))
    assert "secret" not in await refused("postgresql://me:secret@127.0.0.1:1/bot")


@pytest.mark.parametrize("migrated", [False, True])
async def test_a_server_that_is_read_only(server: str, postgres: str, migrated: bool) -> None:
    if migrated:
        await (await Database.open(postgres)).close()
    name = postgres.partition("?")[0].rpartition("/")[2]
    await run_sql(server, f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    assert "a standby, or set to read only" in await refused(postgres)


async def test_a_connection_that_is_cut_is_made_anew(postgres: str) -> None:
    store = await Database.open(postgres)
    await commit(store, message("m"))
    cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
    await run_sql(postgres, f"{cut} AND pid <> pg_backend_pid()")
    assert len(await send(store)) == 1
    await store.close()


@pytest.mark.parametrize("error", [ConnectionResetError(), TimeoutError()], ids=lambda error: type(error).__name__)
async def test_a_connection_that_is_lost_is_the_databases_trouble(sqlite: str, error: Exception) -> None:
    """Also where SQLAlchemy doesn't wrap what the driver raises."""
    database = await Database.open(sqlite)

    def lose(_: object) -> None:
        raise error

    with pytest.raises(StoreError, match=type(error).__name__):
        await database.run(lose)
    await database.close()


@pytest.fixture
async def breaks_off() -> AsyncIterator[str]:
    """The URL of a PostgreSQL server that lets everybody in and is gone at their first word."""

    def message(kind: bytes, body: bytes) -> bytes:
        return kind + struct.pack("!I", len(body) + 4) + body

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        (size,) = struct.unpack("!I", await reader.readexactly(4))
        await reader.readexactly(size - 4)
        status = b"server_version\x0016.0\x00"
        writer.write(message(b"R", bytes(4)) + message(b"S", status) + message(b"Z", b"I"))
        await reader.read(1)
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield f"postgresql://me@127.0.0.1:{server.sockets[0].getsockname()[1]}/bot?sslmode=disable"


async def test_a_server_that_goes_away_while_one_connects(breaks_off: str) -> None:
    assert "the connection to it was lost" in await refused(breaks_off)


async def test_a_look_changes_nothing(url: str, tmp_path: Path) -> None:
    """Neither beside a process that works with the database, nor after it has ended."""
    assert await Database.look(f"sqlite:///{tmp_path / 'none.db'}") is None
    store = await Database.open(url)
    await commit(store, message("m"))
    await leases.take(store, "poller", "me", 60_000)
    for running in (True, False):
        if not running:
            await leases.take(store, "poller", "me", -1)
            await store.close()
        before = {path.name: path.read_bytes() for path in tmp_path.iterdir() if not path.name.endswith("-shm")}
        look = await Database.look(url)
        assert look is not None
        assert (await look.revision(), (await outbox_counts.read(look)).waiting, await look.running()) == (
            REVISIONS[-1],
            1,
            running,
        )
        with pytest.raises(StoreError):
            await tracking_store.failed(look, TEAM, NOW, "x")
        await look.close()
        after = {path.name: path.read_bytes() for path in tmp_path.iterdir() if not path.name.endswith("-shm")}
        assert after == before
