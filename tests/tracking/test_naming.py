"""Polls before and after MASK_NAMES, or the secret behind it, has changed: the same people under other names."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from bot.alerts import store as alerts_store
from bot.alerts.subscription import Subscription
from bot.db.database import Database
from bot.demo.fake_hms import Account, FakeHms, Status
from bot.demo.fake_hms.records import Session
from bot.hms.auth import SignedToken
from bot.hms.client import LIFE_MOST, Hms
from bot.outbox import claims
from bot.outbox import store as outbox_store
from bot.outbox.message import Outgoing, Row
from bot.query.parse import parse
from bot.rooms.names import Rooms
from bot.sessions.mask import Mask
from bot.tracking import store as tracking_store
from bot.tracking.poll import Poll

TEAM = "T1"
NAMINGS = {"open": None, "masked": Mask("one"), "another secret": Mask("two")}


class World:
    """An account with one session, and a channel that hears of all. Each poll is that of a new process."""

    def __init__(self, account: Account, hms: FakeHms, store: Database) -> None:
        self.account, self.hms, self.store = account, hms, store
        self.ahead = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def join(self, session: Session, name: str, user_id: str | None) -> None:
        self.account.join(session, name=name, role="host", user_id=user_id, at=time.time())

    async def poll(self, naming: str) -> list[Row]:
        """What it would send."""
        client = Hms(self.hms.url, SignedToken(self.hms.access_key, self.hms.secret), mask=NAMINGS[naming])
        now_ms = int(self.now().timestamp() * 1000)
        assert await Poll(client, Rooms(client, self.store, TEAM), self.store, TEAM, self.now).run()
        await client.close()
        sent: list[Row] = []
        while rows := await claims.claim(self.store, TEAM, now_ms, 20_000, 10):
            await outbox_store.sent(self.store, [(row, "1.0") for row in rows], now_ms, gap_ms=0)
            sent += rows
        return sent

    async def kept(self) -> str:
        return str((await tracking_store.snapshot(self.store, TEAM)).sessions)


@pytest.fixture
async def world(account: Account, hms: FakeHms, sqlite: str) -> AsyncIterator[World]:
    store = await Database.open(sqlite)
    made = World(account, hms, store)
    wanted = Subscription(TEAM, "C1", parse(""), frozenset(("start", "end", "join", "leave")), "U1", 1)
    await alerts_store.subscribe(store, wanted, [], Outgoing("first", TEAM, "C1", "post", "hello", []), by=None)
    yield made
    await store.close()


@pytest.mark.parametrize("before", NAMINGS)
@pytest.mark.parametrize("after", NAMINGS)
async def test_the_same_people_neither_come_nor_go(world: World, before: str, after: str) -> None:
    await world.poll(before)
    session = world.account.open_session(world.account.add_room("Town hall"), time.time())
    for name, user_id in (("Zyxwada", "zyxwada@example.com"), ("Quorble", None)):
        world.join(session, name, user_id)
    assert [row.kind for row in await world.poll(before)] == ["post"]
    assert ("Zyxwada" in await world.kept()) == (before == "open")

    sent = await world.poll(after)
    assert [row.kind for row in sent] == ([] if before == after else ["edit"])  # the card has their new names
    shown = str([(row.text, row.blocks) for row in sent])
    kept = await world.kept()
    if after != "open":
        assert "Zyxwada" not in shown + kept and "zyxwada@" not in shown + kept and "Quorble" not in shown + kept
    assert await world.poll(after) == []

    for peer in list(session.present()):
        world.account.leave(session, peer, time.time())
    (left,) = [row for row in await world.poll(after) if row.kind == "reply"]
    assert ("Zyxwada" in left.text) == (after == "open") and "left" in left.text


async def test_a_session_without_a_record_keeps_no_name_either(world: World) -> None:
    await world.poll("open")
    session = world.account.open_session(world.account.add_room("Town hall"), time.time() - 600)
    world.join(session, "Zyxwada", "zyxwada")
    await world.poll("open")
    world.account.end(session, time.time())  # by then it is in no list
    world.hms.fail_always(f"/sessions/{session.id}", Status(400))
    await world.poll("masked")
    assert "yxwada" not in await world.kept()
    world.ahead = LIFE_MOST
    (ended,) = await world.poll("masked")
    assert ended.kind == "edit" and "Ended" in ended.text
    assert "yxwada" not in str((ended.text, ended.blocks))
