"""The bot's digest of a week, one a line. Argument: base URL. Every line makes a digest in a channel of its own, which
is due at once: read, counted, drawn and stored for sending."""

from __future__ import annotations

import asyncio
import sys
import time
from datetime import UTC, datetime
from typing import Any

import bot.app  # noqa: F401 - so that memory has all that the bot has
from bench.peers.lines import answer
from bench.servers.data import ACCESS_KEY, SECRET
from bench.servers.weeks import A_WEEK, DUE, NOW
from bot.db.database import Database
from bot.db.setting_change import SettingChange
from bot.digests import store as digests_store
from bot.digests.model import Digest
from bot.digests.produce import Digests
from bot.hms.auth import SignedToken
from bot.hms.client import Hms
from bot.outbox import claims
from bot.outbox import store as outbox_store
from bot.query.parse import parse
from bot.query.schedule_parser import read_schedule
from bot.rooms.names import Rooms

TEAM = "T1"
LINE = "weekly mon 09:00"
BEFORE_MS = (DUE - 86_400) * 1000


async def main(url: str) -> None:
    hms = Hms(url, SignedToken(ACCESS_KEY, SECRET))
    store = await Database.open("sqlite:///digest.db")
    digests = Digests(hms, Rooms(hms, store, TEAM), store, TEAM, lambda: datetime.fromtimestamp(NOW, UTC))
    schedule, _ = read_schedule(LINE, "UTC")
    made = 0

    async def work(job: dict[str, Any]) -> dict[str, Any]:
        nonlocal made
        made += 1
        new = Digest(TEAM, f"C{made}", parse("all"), schedule, "say", "U1", BEFORE_MS)
        await digests_store.add(store, new, SettingChange(BEFORE_MS, "U1", LINE))
        began, before = time.perf_counter(), time.process_time()
        assert await digests.run() == 1
        s, cpu_s = time.perf_counter() - began, time.process_time() - before
        now_ms = (NOW + made * 60) * 1000
        (row,) = await claims.claim(store, TEAM, now_ms, 20_000, 10)
        await outbox_store.sent(store, [(row, "1.0")], now_ms)
        assert f"{A_WEEK:,} sessions" in row.text, row.text
        return {"s": s, "cpu_s": cpu_s}

    await answer(work)
    await store.close()
    await hms.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
