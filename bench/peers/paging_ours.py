"""Page through every session with the bot's own client. Arguments: base URL, timed passes."""

from __future__ import annotations

import asyncio
import json
import resource
import sys
import time

from bench.servers.data import ACCESS_KEY, SECRET
from bot.hms.auth import SignedToken
from bot.hms.client import Hms


async def one_pass(hms: Hms) -> tuple[int, int]:
    sessions = peers = 0
    start = None
    while True:
        batch = await hms.list_sessions({}, limit=100, start=start)
        for session in batch.sessions:
            sessions += 1
            peers += len(session.peers or ())
        if batch.last:
            return sessions, peers
        start = batch.sessions[-1].id


async def main(url: str, passes: int) -> None:
    hms = Hms(url, SignedToken(ACCESS_KEY, SECRET))
    seen = await one_pass(hms)
    times_ms = []
    for _ in range(passes):
        began = time.perf_counter()
        assert await one_pass(hms) == seen
        times_ms.append((time.perf_counter() - began) * 1_000)
    await hms.close()
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seen": seen, "times_ms": times_ms, "peak_mb": peak_mb}))


asyncio.run(main(sys.argv[1], int(sys.argv[2])))
