"""Fetch and decode what a digest of a week reads, and keep nothing of it, with the bot's own client. Argument: base
URL."""

from __future__ import annotations

import asyncio
import sys
import time
from datetime import UTC, datetime
from typing import Any

from bench.peers.lines import answer
from bench.servers.data import ACCESS_KEY, SECRET
from bench.servers.weeks import DUE, WEEK_S
from bot.hms.auth import SignedToken
from bot.hms.client import Hms
from bot.query.times import api_time

BEFORE = {"before": api_time(datetime.fromtimestamp(DUE, UTC))}
AFTER = {"after": api_time(datetime.fromtimestamp(DUE - 2 * WEEK_S - 13 * 3_600, UTC))}


async def main(url: str) -> None:
    hms = Hms(url, SignedToken(ACCESS_KEY, SECRET))

    async def work(job: dict[str, Any]) -> dict[str, Any]:
        began, before = time.perf_counter(), time.process_time()
        for params in ({"active": "true", **BEFORE}, {"active": "false", **BEFORE, **AFTER}):
            start: str | None = None
            while not (batch := await hms.list_sessions(params, limit=100, start=start)).last:
                start = batch.sessions[-1].id
        return {"s": time.perf_counter() - began, "cpu_s": time.process_time() - before}

    await answer(work)
    await hms.close()


asyncio.run(main(sys.argv[1]))
