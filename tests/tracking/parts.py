"""An account, and polls of it for one channel."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

from bot.alerts import store as alerts_store
from bot.alerts.subscription import Subscription
from bot.db.database import Database
from bot.db.setting_change import SettingChange
from bot.demo.fake_hms import Account
from bot.demo.fake_hms.records import Session
from bot.hms.client import Hms
from bot.outbox import claims
from bot.outbox import store as outbox_store
from bot.outbox.message import Outgoing
from bot.query.parse import parse
from bot.rooms.names import Rooms
from bot.silence import mute_store
from bot.silence.mute import Mute
from bot.tracking.poll import Poll

TEAM, CHANNEL = "T1", "C1"
BY = SettingChange(0, "U1", "a line")
HOUR = timedelta(hours=1)


class World:
    """An account, and polls of it for one channel. `poll` gives the texts of what it would send, each with its kind."""

    def __init__(self, account: Account, store: Database, hms: Hms) -> None:
        self.store, self.hms = store, hms
        self.ahead = timedelta()
        self.account = account
        self.room = account.add_room("Town hall")
        self.restart()

    def restart(self, hms: Hms | None = None) -> None:
        """Go on as another process, which knows what is stored."""
        hms = hms or self.hms
        self.polls = Poll(hms, Rooms(hms, self.store, TEAM), self.store, TEAM, self.now)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    @property
    def now_ms(self) -> int:
        return int(self.now().timestamp() * 1000)

    def open(self) -> Session:
        return self.account.open_session(self.room, time.time())

    def join(self, session: Session, name: str) -> None:
        self.account.join(session, name=name, role="guest", at=time.time())

    def end(self, session: Session) -> None:
        self.account.end(session, time.time())

    async def mute(self, session_id: str = "") -> Mute:
        ends_ms = self.now_ms + 3_600_000
        new = Mute(TEAM, CHANNEL, parse(""), session_id, ends_ms, "U1", self.now_ms)
        return (await mute_store.add(self.store, new, BY))[0]

    async def subscribe(self, line: str) -> None:
        """In place of what the channel had."""
        numbers = [each.number for each in await alerts_store.read(self.store, TEAM, CHANNEL)]
        await alerts_store.unsubscribe(self.store, TEAM, CHANNEL, numbers, BY)
        wanted = Subscription(TEAM, CHANNEL, parse(line), frozenset(("start",)), "U1", self.now_ms)
        await alerts_store.subscribe(
            self.store, wanted, [], Outgoing(line, TEAM, CHANNEL, "post", "hello", []), by=None
        )
        assert await self.poll() == [("post", "hello")]

    async def poll(self) -> list[tuple[str, str]]:
        assert await self.polls.run()
        return await self.sent()

    async def sent(self) -> list[tuple[str, str]]:
        sent = []
        while rows := await claims.claim(self.store, TEAM, self.now_ms, 20_000, 10):
            sent += [(row.kind, row.text.split("\n")[0]) for row in rows]
            await outbox_store.sent(self.store, [(row, "1.0") for row in rows], self.now_ms, gap_ms=0)
        return sent
