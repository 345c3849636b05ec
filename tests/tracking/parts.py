"""An account, and polls of it for the channels of a team."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count

from bot.alerts import store as alerts_store
from bot.alerts.subscription import Subscription
from bot.clock import Clock
from bot.db.database import Database
from bot.db.setting_change import SettingChange
from bot.demo.fake_hms import Account, FakeHms
from bot.demo.fake_hms.records import Session
from bot.hms.auth import SignedToken
from bot.hms.client import Hms
from bot.outbox import claims
from bot.outbox import prune as pruning
from bot.outbox import store as outbox_store
from bot.outbox.message import Claimed, Outgoing
from bot.query.parse import parse
from bot.rooms.names import Rooms
from bot.sessions.mask import Mask
from bot.silence import mute_store
from bot.silence.mute import Mute
from bot.tracking import store as tracking_store
from bot.tracking.hooks import Hooks
from bot.tracking.poll import Poll
from bot.tracking.store import Snapshot
from tests.work import ONCE

TEAM, CHANNEL = "T1", "C1"
BY = SettingChange(0, "U1", "a line")
HOUR = timedelta(hours=1)
SOON = timedelta(seconds=15)
HELLO = [("post", "hello")]


class World:
    """An account, a store, and polls in a time that stands still unless the test moves it `ahead`."""

    def __init__(self, account: Account, fake: FakeHms, store: Database) -> None:
        self.account, self.fake, self.store = account, fake, store
        self.began, self.ahead = time.time(), timedelta()
        self.room = account.add_room("Town hall")
        self.clients: list[Hms] = []
        self.keys = map("first {}".format, count())
        self.restart()

    def restart(self, mask: Mask | None = None) -> None:
        """Go on as another process, which knows what is stored."""
        token = SignedToken(self.fake.access_key, self.fake.secret)
        client = Hms(self.fake.url, token, ONCE, mask=mask)
        self.clients.append(client)
        rooms = Rooms(client, self.store, TEAM)
        self.clock = Clock(lambda: self.time, lambda: self.ahead.total_seconds())
        self.hooks = Hooks(self.clock)
        self.polls = Poll(client, rooms, self.store, TEAM, self.now, monotonic=self.clock.steady, hooks=self.hooks)

    @property
    def time(self) -> float:
        return self.began + self.ahead.total_seconds()

    @property
    def now_ms(self) -> int:
        return int(self.time * 1000)

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.time, UTC)

    def open(self) -> Session:
        return self.account.open_session(self.room, self.time)

    def join(self, session: Session, name: str) -> None:
        self.account.join(session, name=name, role="guest", at=self.time)

    def end(self, session: Session) -> None:
        self.account.end(session, self.time)

    async def mute(self, session_id: str = "", length: timedelta = HOUR) -> Mute:
        ends_ms = self.now_ms + int(length.total_seconds() * 1000)
        new = Mute(TEAM, CHANNEL, parse(""), session_id, ends_ms, "U1", self.now_ms)
        return (await mute_store.add(self.store, new, BY))[0]

    async def unmute(self, mute: Mute) -> None:
        await mute_store.remove(self.store, TEAM, CHANNEL, [mute.number], BY)

    async def subscribe(
        self,
        line: str = "",
        kinds: Iterable[str] = ("start", "end"),
        channel: str = CHANNEL,
        *,
        silent: Sequence[str] = (),
        notify: tuple[str, ...] = (),
        every_s: int = 0,
    ) -> None:
        wanted = Subscription(
            TEAM, channel, parse(line), frozenset(kinds), "U1", self.now_ms, notify=notify, every_s=every_s
        )
        first = Outgoing(next(self.keys), TEAM, channel, "post", "hello", [])
        await alerts_store.subscribe(self.store, wanted, silent, first, by=None)

    async def resubscribe(self, line: str = "", kinds: Iterable[str] = ("start", "end")) -> None:
        """In place of what the channel had."""
        numbers = [each.number for each in await alerts_store.read(self.store, TEAM, CHANNEL)]
        await alerts_store.unsubscribe(self.store, TEAM, CHANNEL, numbers, BY)
        await self.subscribe(line, kinds)

    async def prune(self) -> None:
        await pruning.prune(self.store, TEAM, self.now_ms)

    async def snapshot(self) -> Snapshot:
        return await tracking_store.snapshot(self.store, TEAM)

    async def poll(self) -> list[tuple[str, str]]:
        """The kinds of the messages that come of it, each with its first line."""
        assert await self.polls.run()
        return await self.sent()

    async def kinds(self) -> list[str]:
        """The kinds of the messages that come of a poll, sorted."""
        return sorted(kind for kind, _ in await self.poll())

    async def hears_of_the_end(self) -> None:
        """A poll's one message is a card that has its session's end."""
        ((kind, text),) = await self.poll()
        assert (kind, text.partition(" after ")[0]) == ("post", "*Town hall* ended")

    async def sent(self) -> list[tuple[str, str]]:
        return [(row.kind, row.text.split("\n")[0]) for row in await self.rows()]

    async def told(self) -> dict[str, list[str]]:
        """The texts that each channel gets."""
        texts: dict[str, list[str]] = {}
        for row in await self.rows():
            texts.setdefault(row.channel_id, []).append(row.text)
        return texts

    async def rows(self) -> list[Claimed]:
        """The sessions that are due, and the messages sent by that."""
        sent: list[Claimed] = []
        while rows := await claims.claim(self.store, TEAM, self.now_ms, 20_000, 100):
            await outbox_store.sent(self.store, [(row, f"1.{row.id}") for row in rows], self.now_ms, gap_ms=0)
            sent += rows
        return sent
