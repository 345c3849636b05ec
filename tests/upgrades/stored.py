"""Leftovers of older versions (`make`), put back: their database, the workspace, the account and the time."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from typing import Any

import yaml
from sqlalchemy import Boolean, Connection, MetaData, create_engine, text

from bot.db.migrate import upgrade
from bot.demo.fake_hms import Account, FakeHms, Peer, Session
from bot.demo.fake_slack import Channel, FakeSlack, Message
from tests.chaos.checker import key_of
from tests.chaos.database import Database
from tests.clocks import Wall, set_database
from tests.conftest import ROOT
from tests.upgrades.make import DATA, SCOPES, settings_of
from tests.work import at_work

AWAY_S = 60.0
"""After so long today's bot starts: what the old one had taken is over."""
SENDING = "SELECT count(*) FROM outbox WHERE status = 'sending'"
TABLES = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT IN ('alembic_version', 'sqlite_sequence')"


class Stored:
    """`slack` and `hms` as they were when the old bot was killed, at `url` its database; `wall` is everybody's clock and
    says a time soon after. `due`, `sent`, `paused` and `unconfirmed` are the keys of the messages that were in the outbox."""

    def __init__(self, commit: str, url: str) -> None:
        self.url, self.database = url, Database(url)
        self.rows = sqlite3.connect(":memory:")
        self.rows.executescript((DATA / f"{commit}.sql").read_text())
        self._world: dict[str, Any] = json.loads((DATA / f"{commit}.json").read_text())
        self.wall = Wall(self._world["made_s"] + AWAY_S - time.time())
        self.account = self._account()
        self.hms = FakeHms(self.account, clock=self.wall)
        manifest = yaml.safe_load((ROOT / "manifest.yml").read_text())
        self.slack = FakeSlack(manifest=manifest, scopes=SCOPES, tiers=False, clock=self.wall)
        workspace = self.slack.workspace
        places = [Channel(**{**each, "members": set(each["members"])}) for each in self._world["channels"]]
        workspace.channels = {each.id: each for each in places}
        self.before = [Message(**each) for each in self._world["messages"]]
        workspace._messages = {(each.channel, each.ts): each for each in self.before}
        self.due = self._keys("status IN ('pending', 'sending')")
        self.sent = self._keys("status = 'sent'")
        self.paused = self._keys("status = 'held' AND cause <> 'unconfirmed'")
        self.unconfirmed = self._keys("status = 'held' AND cause = 'unconfirmed'")

    def _account(self) -> Account:
        account = Account(any_names=True, seed=1)  # whose new peers have other ids
        for room in self._world["rooms"]:
            account.add_room(at=room.pop("created_at"), **room)
        for each in self._world["sessions"]:
            peers = {id: Peer(**peer) for id, peer in each["peers"].items()}
            account._keep(Session(**{**each, "peers": peers}))
        return account

    def _keys(self, which: str) -> set[str]:
        """Of messages; edits have none of their own."""
        found = self.rows.execute(f"SELECT key FROM outbox WHERE kind <> 'edit' AND {which}")  # noqa: S608
        return {key for (key,) in found}

    def cards(self, channel: str, status: str = "live") -> list[tuple[Session, Message]]:
        """A channel's cards that the old bot had posted, and their sessions."""
        query = "SELECT session_id, ts FROM cards WHERE channel_id = ? AND status = ? AND ts <> ''"
        place = self.slack.workspace.channel(channel).id
        return [
            (self.account.sessions[session_id], self.now(place, ts))
            for session_id, ts in self.rows.execute(query, (place, status))
        ]

    def open(self, room: str) -> Session:
        """A session that opens now, with its host."""
        at = self.wall()
        place = next(each for each in self.account.rooms.values() if each.name == room)
        session = self.account.open_session(place, at)
        self.account.join(session, name="Ann", role="host", user_id="ann", at=at)
        return session

    def now(self, channel_id: str, ts: str) -> Message:
        """The message as it is now."""
        message = self.slack.workspace.find(channel_id, ts)
        assert message is not None
        return message

    def new(self, channel: str) -> list[Message]:
        """The bot's posts in a channel since."""
        old = {each.ts for each in self.before}
        return [each for each in self.slack.messages(channel) if each.bot_id and each.ts not in old]

    def keys(self) -> Counter[str]:
        """Counts of each message in Slack."""
        return Counter(key_of(each.metadata) for each in self.slack.messages() if each.metadata)

    async def pass_time(self, seconds: float) -> None:
        """Lets so much time pass for everybody, but for no request that is under way."""
        while await self.database.number(SENDING):
            await asyncio.sleep(0.05)
        self.wall.by_s += seconds
        if self.url.startswith("postgres"):
            await set_database(self.url, self.wall.by_s)

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """Today's bot, in the old database."""
        await self._load()
        slack, hms = self.slack, self.hms
        async with hms, slack:
            settings = settings_of(slack, hms, self.url)
            async with at_work(settings, slack, wall=self.wall):
                yield
            assert slack.violations == []

    async def _load(self) -> None:
        if self.url.startswith("sqlite"):
            with closing(sqlite3.connect(self.url.removeprefix("sqlite:///"))) as file:
                self.rows.backup(file)
            return
        await set_database(self.url, self.wall.by_s)
        engine = create_engine(self.url.replace("postgresql:", "postgresql+psycopg:"))
        try:
            with engine.begin() as database:
                self._copy(database)
        finally:
            engine.dispose()

    def _copy(self, database: Connection) -> None:
        """PostgreSQL's tables of that revision are those that its migrations make."""
        ((revision,),) = self.rows.execute("SELECT version_num FROM alembic_version")
        upgrade(database, revision)
        tables = MetaData()
        names = self.rows.execute(TABLES)
        tables.reflect(database, only=[name for (name,) in names])
        for table in tables.sorted_tables:
            flags = [column.name for column in table.columns if isinstance(column.type, Boolean)]
            found = self.rows.execute(f"SELECT * FROM {table.name}")  # noqa: S608
            names = [each[0] for each in found.description]
            rows: list[dict[str, Any]] = [dict(zip(names, row, strict=True)) for row in found]
            for row in rows:
                row.update({name: bool(row[name]) for name in flags})
            if rows:
                database.execute(table.insert(), rows)
            if rows and "id" in names and isinstance(rows[0]["id"], int):
                last = f"SELECT setval(pg_get_serial_sequence('{table.name}', 'id'), {max(row['id'] for row in rows)})"
                database.execute(text(last))
