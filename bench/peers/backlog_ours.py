"""The bot after a downtime of two weeks, at the first line. Argument: base URL. It begins with a store that last polled
before all that the account has, and with five channels that hear of everything; then it polls until nothing is left to
be read."""

from __future__ import annotations

import asyncio
import gc
import os
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import bot.app  # noqa: F401 - so that memory has all that the bot has
from bench.peers.lines import answer
from bench.servers.data import ACCESS_KEY, SECRET
from bench.servers.weeks import NOW, WEEK_S
from bot.alerts import store as alerts_store
from bot.alerts.subscription import Subscription
from bot.db.database import Database
from bot.hms.auth import SignedToken
from bot.hms.client import Hms
from bot.outbox.message import Outgoing
from bot.query.parse import parse
from bot.rooms.names import Rooms
from bot.tracking import store as tracking_store
from bot.tracking.poll import Poll

TEAM = "T1"
CHANNELS = 5
WENT_MS = (NOW - 3 * WEEK_S) * 1000
STEP_S = 0.002


@asynccontextmanager
async def blocks() -> AsyncIterator[list[float]]:
    """Milliseconds for which the event loop lets a task wait that asks for its turn again and again."""
    waited: list[float] = []

    async def watch() -> None:
        while True:
            began = time.perf_counter()
            await asyncio.sleep(STEP_S)
            waited.append((time.perf_counter() - began - STEP_S) * 1_000)

    watching = asyncio.create_task(watch())
    await asyncio.sleep(0)
    yield waited
    watching.cancel()


async def away(path: str) -> Database:
    """A store as a process left it that went before the account began."""
    store = await Database.open(path)
    for number in range(CHANNELS):
        place = TEAM, f"C{number}"
        made = Subscription(*place, parse(""), frozenset(("start", "end")), "U1", WENT_MS)
        await alerts_store.subscribe(
            store, made, [], Outgoing(f"hello {number}", *place, "post", "Subscribed.", []), by=None
        )
    reached = tracking_store.Progress(WENT_MS)
    assert await tracking_store.commit(
        store, TEAM, 0, WENT_MS, changed=[], cards=[], outgoing=[], progress=reached, fence=None, known=None
    )
    return store


async def main(url: str) -> None:
    gc.freeze()  # as the bot does
    hms = Hms(url, SignedToken(ACCESS_KEY, SECRET))

    async def work(job: dict[str, Any]) -> dict[str, Any]:
        store = await away(f"sqlite:///backlog-{os.getpid()}.db")
        poll = Poll(hms, Rooms(hms, store, TEAM), store, TEAM, lambda: datetime.fromtimestamp(NOW, UTC))
        polls, began, before = 0, time.perf_counter(), time.process_time()
        async with blocks() as waited:
            while not polls or (await tracking_store.snapshot(store, TEAM)).progress.backlog:
                assert await poll.run()
                polls += 1
        s, cpu_s = time.perf_counter() - began, time.process_time() - before
        sessions = sum(not each.live for each in (await tracking_store.snapshot(store, TEAM)).sessions.values())
        await store.close()
        return {"s": s, "cpu_s": cpu_s, "polls": polls, "block_ms": max(waited), "sessions": sessions}

    await answer(work)
    await hms.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
