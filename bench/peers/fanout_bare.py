"""A bare loop that posts, 20 at a time over pooled connections, what the bot posted last. Once a line. Argument: the
stub's URL."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Iterator
from typing import Any

import aiohttp

from bench.peers.lines import answer

AT_ONCE = 20


async def main(url: str) -> None:
    headers = {"Authorization": f"Bearer {os.environ['SLACK_BOT_TOKEN']}"}
    async with aiohttp.ClientSession(headers=headers) as http:

        async def some(bodies: Iterator[Any]) -> int:
            count = 0
            for body in bodies:
                async with http.post(f"{os.environ['SLACK_API_URL']}/chat.postMessage", json=body) as response:
                    count += (await response.json())["ok"]
            return count

        async def work(job: dict[str, Any]) -> dict[str, Any]:
            async with http.get(f"{url}/bench/bodies") as response:
                bodies = iter(await response.json())
            began, cpu = time.perf_counter(), time.process_time()
            sent = sum(await asyncio.gather(*(some(bodies) for _ in range(AT_ONCE))))
            return {"s": time.perf_counter() - began, "cpu_s": time.process_time() - cpu, "sent": sent}

        await answer(work)


asyncio.run(main(sys.argv[1]))
