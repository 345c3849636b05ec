"""The revisions lead to the tables of `bot.db.tables`, from anywhere, also for several replicas at once."""

from __future__ import annotations

import asyncio
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, text

from bot.alerts import store as alerts_store
from bot.db.database import Database
from bot.db.migrate import NEWEST, PLACE, upgrade
from bot.db.tables import metadata
from bot.digests import store as digests_store
from bot.errors import ConfigError
from bot.outbox import audit_log, conversations, threads
from bot.outbox import cards as card_store
from bot.outbox import store as outbox_store
from bot.outbox.card import Card
from bot.outbox.message import Channel
from bot.silence import mute_store
from bot.tracking import store as tracking_store
from bot.tracking.store import Progress, Snapshot
from tests.conftest import ROOT
from tests.db.parts import NOW, TEAM, by, card, commit, edit, message, mute, send, subscription

pytestmark = pytest.mark.slow

FIRST = (
    "INSERT INTO subscriptions VALUES (:team, 'C1', 3, 'active user:ada', 'hash', 'start', 'U1', :now)",
    "INSERT INTO channels VALUES (:team, 'C1', 3, NULL, NULL, :now, 0)",
    "INSERT INTO cards VALUES (:team, 's1', 'C1', 'live', 1, 0, '3', :key, NULL, '1.0', :now)",
    "INSERT INTO polls VALUES (:team, 7, :now, 0, NULL, '')",
)
"""Rows as revision 0001 has stored them."""
REVISIONS = [each.revision for each in ScriptDirectory(str(PLACE)).walk_revisions()]


@pytest.fixture
def empty() -> bool:
    return True


@contextmanager
def begin(url: str) -> Iterator[Connection]:
    """A transaction past the store."""
    made = create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    try:
        with made.begin() as connection:
            yield connection
    finally:
        made.dispose()


def difference(connection: Connection) -> list[object]:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*expression-based")  # such an index can't be read back from SQLite
        return compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), metadata)


def test_the_newest_file_is_the_newest_revision() -> None:
    assert ScriptDirectory(str(PLACE)).get_heads() == [NEWEST]


@pytest.mark.parametrize("revision", REVISIONS)
async def test_from_every_revision(url: str, revision: str) -> None:
    with begin(url) as connection:
        upgrade(connection, revision)
    for number in range(2):
        store = await Database.open(url)
        await commit(store, message(f"m{number}"))
        assert len(await send(store, NOW + number * 1000)) == 1
        await store.close()
    with begin(url) as connection:
        assert difference(connection) == []


async def test_what_the_first_revision_stored_is_still_there(url: str) -> None:
    with begin(url) as connection:
        upgrade(connection, "0001")
        for statement in FIRST:
            connection.execute(text(statement), {"team": TEAM, "now": NOW, "key": card().key})
    store = await Database.open(url)
    assert await alerts_store.read(store, TEAM) == [replace(subscription(line="user:ada", kinds=["start"]), number=3)]
    assert await card_store.read(store, TEAM, ["s1"]) == [Card(TEAM, "C1", "s1", "posted", 1, matched=frozenset((3,)))]
    assert await conversations.read(store, TEAM, "C1") == Channel(last_ms=NOW)
    assert await threads.off(store, TEAM) == set()
    assert await card_store.withheld(store, TEAM) == []
    assert await tracking_store.snapshot(store, TEAM) == Snapshot(7, NOW, {}, progress=Progress(NOW))
    assert await digests_store.read(store, TEAM) == []
    assert await audit_log.read(store, TEAM, "C1") == []
    assert (await mute_store.add(store, mute(), by()))[0].number == 4
    await commit(store, edit(card()), cards=[card(status="final")])
    assert await send(store) == [("edit", "changed", "1.0")]
    await store.close()


async def test_what_was_held_for_a_lost_token_is_sent(url: str) -> None:
    """Up to revision 0007 a token that Slack refused paused the channel: also for what was queued after that."""
    put = (
        "INSERT INTO outbox (key, team_id, channel_id, kind, payload, status, turn, queued_ms, cause, claim, lease_ms)"
        " VALUES (:key, :team, :channel, 'post', :shown, 'held', 1, :now, :cause, :claim, 1)"
    )
    rows = [
        ("flying", "C1", "invalid_auth", "claimed"),
        ("before", "C1", "invalid_auth", None),
        ("after", "C1", "", None),
        ("unsure", "C1", "unconfirmed", None),
        ("archived", "C2", "is_archived", None),
        ("later", "C2", "", None),
    ]
    with begin(url) as connection:
        upgrade(connection, "0004")
        for channel, paused in (("C1", "invalid_auth"), ("C2", "is_archived")):
            row = {"team": TEAM, "channel": channel, "paused": paused, "now": NOW}
            columns = "(team_id, channel_id, paused, paused_ms) VALUES (:team, :channel, :paused, :now)"
            connection.execute(text(f"INSERT INTO channels {columns}"), row)
        for key, channel, cause, claim in rows:
            row = {"key": key, "team": TEAM, "channel": channel, "cause": cause, "claim": claim, "now": NOW}
            connection.execute(text(put), row | {"shown": '{"text": "hello", "blocks": []}'})
    store = await Database.open(url)
    statuses = [await outbox_store.status(store, key) for key, *_ in rows]
    paused = [(await conversations.read(store, TEAM, channel)).paused for channel in ("C1", "C2")]
    await store.close()
    assert statuses == ["sending", "pending", "pending", "held", "held", "held"]
    assert paused == [None, "is_archived"]


async def test_a_file_is_written_ahead_and_in_full(sqlite: str) -> None:
    store = await Database.open(sqlite)
    for pragma, value in (("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1), ("busy_timeout", 5_000)):
        assert await store.run(lambda db, name=pragma: db.scalar(text(f"PRAGMA {name}"))) == value
    await store.close()


async def test_replicas_start_at_once(postgres: str) -> None:
    program = "import asyncio, sys; from bot.db.database import Database; asyncio.run(Database.open(sys.argv[1]))"
    replicas = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-c", program, postgres, cwd=ROOT, stderr=asyncio.subprocess.PIPE
        )
        for _ in range(3)
    ]
    for replica in replicas:
        _, said = await replica.communicate()
        assert (replica.returncode, said.decode()) == (0, "")


async def test_a_newer_revision_is_refused(url: str) -> None:
    await (await Database.open(url)).close()
    with begin(url) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(ConfigError, match=r"newer version of the bot has changed this database \(revision 9999\)"):
        await Database.open(url)
    with pytest.raises(ConfigError, match="newer version"):  # and the file is free again
        await Database.open(url)


async def test_tables_of_another_program_are_left_alone(url: str) -> None:
    with begin(url) as connection:
        connection.execute(text("CREATE TABLE cards (what TEXT)"))
    with pytest.raises(ConfigError, match="tables of another program"):
        await Database.open(url)
    with begin(url) as connection:
        connection.execute(text("SELECT what FROM cards"))
        for table in ("subscriptions", "alembic_version"):  # all or nothing
            found = connection.dialect.has_table(connection, table)
            assert not found, table
