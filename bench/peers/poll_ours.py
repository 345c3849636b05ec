"""The bot's poll of an account, for so many subscriptions. Arguments: base URL, `first`, `timed` or how many
subscriptions; `timed` is one and 1,000 whose answers change as time passes.

With a number the account is polled once before anybody subscribes, and then once a line; `first` polls for the first
time at each line. What a poll leaves in the outbox is sent to nobody after it, outside of the measurement.
"""

from __future__ import annotations

import asyncio
import sys
import time
from datetime import UTC, datetime
from typing import Any

import bot.app  # noqa: F401 - so that memory has all that the bot has
from bench.peers.lines import answer
from bench.servers.data import ACCESS_KEY, SECRET
from bench.servers.live import BEGAN, ROOM_IDS
from bot.alerts import store as alerts_store
from bot.alerts.subscription import Subscription
from bot.db.database import Database
from bot.hms.auth import SignedToken
from bot.hms.client import Hms
from bot.outbox import claims
from bot.outbox import counts as outbox_counts
from bot.outbox import store as outbox_store
from bot.outbox.card import key_of
from bot.outbox.message import Outgoing
from bot.query.parse import parse
from bot.rooms.names import Rooms
from bot.tracking.poll import Poll

TEAM = "T1"
CHANNELS, TIMED = 200, 1_000
KINDS = ("start", "end")


def line_of(number: int) -> str:
    """Of ten, nine are of one room: four say no more, three ask for a role, of which one is there, two for more people
    than most have. The tenth is of any room, and of so many people that hardly any has as many."""
    room = f"room:{ROOM_IDS[number // 10 % len(ROOM_IDS)]}"
    more = ("", "role:host", "", "peers:>=12", "", "role:moderator", "", "peers:>=16", "role:guest -role:speaker")
    place = number % 10
    return f"{room} {more[place]}" if place < 9 else f"peers:>={25 + number // 10 % 10}"


def timed_line(number: int) -> str:
    """Of one room, about what lasts there, as people ask for it; no two are the same."""
    room, minutes = f"room:{ROOM_IDS[number % len(ROOM_IDS)]}", 5 + number // len(ROOM_IDS)
    what = ("idle:{}m", "alone:{}m", "missing:host>{}m", "ending:{}m")[number % 4]
    return f"{room} {what.format(minutes)}"


class Polled:
    """A store with subscriptions, and its poll. The clock is the account's."""

    def __init__(self, hms: Hms, store: Database) -> None:
        self.store = store
        self.now = BEGAN
        self.poll = Poll(hms, Rooms(hms, store, TEAM), store, TEAM, lambda: datetime.fromtimestamp(self.now, UTC))

    async def subscribe(self, count: int) -> None:
        for number in range(count):
            kinds = (*KINDS, *(("join", "leave") if number % 5 == 0 else ()))
            await self.subscribe_to(f"C{number % CHANNELS:04}", line_of(number), kinds)

    async def subscribe_to(self, channel: str, line: str, kinds: tuple[str, ...] = KINDS) -> None:
        query = parse(line, scope="subscribe")
        made = Subscription(TEAM, channel, query, frozenset(kinds), "U1", self.now * 1000)
        hello = Outgoing(key_of(channel, line), TEAM, channel, "post", "Subscribed.", [])
        await alerts_store.subscribe(self.store, made, [], hello, by=None)

    async def run(self, now: int) -> float:
        """Milliseconds of processor time, of all threads."""
        self.now = now
        before = time.process_time()
        assert await self.poll.run()
        return (time.process_time() - before) * 1_000

    async def deliver(self) -> int:
        """Mark everything as sent; how much it was."""
        count, now_ms = 0, self.now * 1000
        while (await outbox_counts.read(self.store)).waiting:
            now_ms += 20_000
            rows = await claims.claim(self.store, TEAM, now_ms, 20_000, 1_000)
            await outbox_store.sent(
                self.store, [(row, f"{self.now}.{row.id:06}") for row in rows], self.now * 1000 - 60_000
            )
            count += len(rows)
        return count


async def main(url: str, asked: str) -> None:
    hms = Hms(url, SignedToken(ACCESS_KEY, SECRET))
    if asked == "first":
        count = 0

        async def first(job: dict[str, Any]) -> dict[str, Any]:
            nonlocal count
            count += 1
            store = await Database.open(f"sqlite:///first-{count}.db")
            cpu_ms = await Polled(hms, store).run(job["now"])
            await store.close()
            return {"cpu_ms": cpu_ms}

        await answer(first)
    else:
        polled = Polled(hms, await Database.open(f"sqlite:///{asked}.db"))
        await polled.run(BEGAN)
        await polled.subscribe(1 if asked == "timed" else int(asked))
        for number in range(TIMED if asked == "timed" else 0):
            await polled.subscribe_to(f"C{number % CHANNELS:04}", timed_line(number))
        await polled.deliver()

        async def again(job: dict[str, Any]) -> dict[str, Any]:
            cpu_ms = await polled.run(job["now"])
            return {"cpu_ms": cpu_ms, "messages": await polled.deliver()}

        await answer(again)
        await polled.store.close()
    await hms.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2]))
