"""An account, a store, and digests of what happens there."""

from __future__ import annotations

import asyncio
import time
from datetime import datetime, timedelta
from email.utils import formatdate
from typing import Any
from zoneinfo import ZoneInfo

from bot.blockkit.phrases import NO_BREAK
from bot.db.database import Database
from bot.db.setting_change import SettingChange
from bot.demo.fake_hms import Account, FakeHms, Stall, Status
from bot.demo.fake_hms.records import Room, Session
from bot.digests import store as digests_store
from bot.digests.count import READ_MOST_S
from bot.digests.model import Digest, Empty
from bot.digests.produce import Digests
from bot.hms.auth import SignedToken
from bot.hms.client import Hms
from bot.outbox import channel_pause, claims
from bot.outbox import store as outbox_store
from bot.outbox.message import Claimed, Outgoing
from bot.query.parse import parse
from bot.query.schedule_parser import read_schedule
from bot.query.times import ms
from bot.rooms.names import Rooms
from tests.work import ONCE

TEAM = "T1"
ALL = parse("all")
BERLIN = ZoneInfo("Europe/Berlin")
MONDAY = datetime(2026, 11, 16, 12, tzinfo=BERLIN)


def at(day: int, clock: str = "12:00", month: int = 11) -> datetime:
    """In Berlin, in 2026."""
    hour, minute = map(int, clock.split(":"))
    return datetime(2026, month, day, hour, minute, tzinfo=BERLIN)


class World:
    """An account, a store and one process's digests. Its time is the test's."""

    def __init__(self, account: Account, fake: FakeHms, store: Database) -> None:
        self.account, self.fake, self.store = account, fake, store
        self.now = MONDAY
        self.hms = Hms(fake.url, SignedToken(fake.access_key, fake.secret), ONCE)
        self.rooms = Rooms(self.hms, self.store, TEAM)
        self.hall = account.add_room("Town hall")
        self.digests = self.process()

    def process(self, retry_s: float = 0.0, read_s: float = READ_MOST_S) -> Digests:
        """Waits are by the world's time."""
        return Digests(
            self.hms,
            self.rooms,
            self.store,
            TEAM,
            lambda: self.now,
            retry_s=retry_s,
            read_s=read_s,
            monotonic=lambda: self.now.timestamp(),
        )

    def say_time(self, ahead_s: float, times: int = 1) -> None:
        """Let the next `times` lists of 100ms be empty, and its clock be ahead of ours."""
        date = formatdate(time.time() + ahead_s, usegmt=True)
        self.fake.fail("/sessions", *[Status(200, {"Date": date}, {"data": [], "limit": 100})] * times)

    @property
    def by(self) -> SettingChange:
        return SettingChange(ms(self.now), "U1", "a line")

    async def halt(self) -> None:
        """Slack refuses the channel."""
        notice = Outgoing("notice", TEAM, "U1", "post", "The channel is paused.", [])
        await channel_pause.pause(self.store, TEAM, "C1", "is_archived", ms(self.now), lambda _: notice)

    def new(self, line: str = "daily 9:00", query: str = "all", *, empty: Empty = "say", channel: str = "C1") -> Digest:
        schedule, _ = read_schedule(line, "Europe/Berlin")
        return Digest(TEAM, channel, parse(query), schedule, empty, "U1", ms(self.now))

    async def make(self, *line_and_query: str, **more: Any) -> Digest:
        """Store `new` of the same arguments."""
        made, _ = await digests_store.add(self.store, self.new(*line_and_query, **more), self.by)
        return made

    async def pause(self, paused: bool, channel: str = "C1") -> None:
        assert await digests_store.pause(self.store, TEAM, channel, 1, paused, self.by)

    async def remove(self) -> None:
        assert await digests_store.remove(self.store, TEAM, "C1", 1, self.by)

    async def digest(self, number: int = 1) -> Digest:
        return next(each for each in await digests_store.read(self.store, TEAM) if each.number == number)

    async def run(self, day: int, clock: str = "09:01", digests: Digests | None = None) -> int:
        """The job runs at that moment of November; the number of digests it made."""
        self.now = at(day, clock)
        return await (digests or self.digests).run()

    async def stalled(self, day: int) -> asyncio.Task[int]:
        """`run`, which has begun to read and waits for 100ms."""
        self.fake.fail("/sessions", Stall(0.2))
        running = asyncio.create_task(self.run(day))
        while not self.pages():
            await asyncio.sleep(0.01)
        return running

    async def pass_to(
        self, when: datetime, digests: Digests | None = None, step: timedelta = timedelta(hours=6)
    ) -> int:
        """The job runs now and then until `when`; the number of digests it made."""
        made = 0
        while self.now < when:
            self.now = min(self.now + step, when)
            made += await (digests or self.digests).run()
        return made

    async def posted(self) -> list[Claimed]:
        """Send all that is in the outbox."""
        rows, now_ms = [], ms(self.now) + 60_000
        while some := await claims.claim(self.store, TEAM, now_ms, 20_000, 100):
            await outbox_store.sent(self.store, [(row, f"{now_ms}.{row.id}") for row in some], now_ms)
            rows += some
            now_ms += 60_000
        return rows

    async def texts(self) -> list[str]:
        return [row.text.replace(NO_BREAK, " ") for row in await self.posted()]

    def pages(self) -> int:
        return sum(each.path == "/sessions" for each in self.fake.requests)


def meet(account: Account, room: Room, start: datetime, minutes: float | None, *people: str) -> Session:
    """A session that lasts so long, or goes on."""
    began = start.timestamp()
    session = account.open_session(room, began)
    for name in people or ("Ann",):
        account.join(session, name=name, role="host", user_id=name, at=began)
    if minutes is not None:
        account.end(session, began + minutes * 60)
    return session
