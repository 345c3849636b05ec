"""Fetch and decode what a poll reads, and keep nothing of it, with the bot's own client. Argument: base URL."""

from __future__ import annotations

import asyncio
import sys
import time
from datetime import UTC, datetime
from typing import Any

from bench.peers.lines import answer
from bench.servers.data import ACCESS_KEY, SECRET
from bot.hms.auth import SignedToken
from bot.hms.client import Hms
from bot.query.times import api_time


async def one_pass(hms: Hms, params: dict[str, str]) -> int:
    count, start = 0, None
    while True:
        batch = await hms.list_sessions(params, limit=100, start=start)
        count += len(batch.sessions)
        if batch.last:
            return count
        start = batch.sessions[-1].id


async def main(url: str) -> None:
    hms = Hms(url, SignedToken(ACCESS_KEY, SECRET))

    async def work(job: dict[str, Any]) -> dict[str, Any]:
        after = api_time(datetime.fromtimestamp(job["now"] - 180, UTC))
        before = time.process_time()
        sessions = await one_pass(hms, {"active": "true"})
        await one_pass(hms, {"active": "false", "after": after})
        return {"cpu_ms": (time.process_time() - before) * 1_000, "sessions": sessions}

    await answer(work)
    await hms.close()


asyncio.run(main(sys.argv[1]))
