"""One change for 1,000 channels: the poll finds it, the outbox sends it. Once a line. Argument: 100ms's base URL."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from typing import Any

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient

from bench.peers.lines import answer
from bench.peers.poll_ours import TEAM, Polled
from bench.servers.data import ACCESS_KEY, SECRET
from bench.servers.live import BEGAN
from bot.db.database import Database
from bot.hms.auth import SignedToken
from bot.hms.client import Hms
from bot.outbox.chat import Chat
from bot.outbox.deliver import Deliver
from bot.tracking.withheld import withheld_until_ms

CHANNELS = 1_000


async def main(url: str) -> None:
    hms = Hms(url, SignedToken(ACCESS_KEY, SECRET))
    store = await Database.open("sqlite:///fanout.db")
    polled = Polled(hms, store)
    await polled.run(BEGAN)
    for number in range(CHANNELS):
        await polled.subscribe_to(f"C{number:04}", "active")
    await polled.deliver()
    async with aiohttp.ClientSession() as http:
        base, token = f"{os.environ['SLACK_API_URL']}/", os.environ["SLACK_BOT_TOKEN"]
        chat = Chat(AsyncWebClient(token, base_url=base, session=http, retry_handlers=[]), "B1")
        deliver = Deliver(store, chat, TEAM, withheld_until_ms, clock=lambda: polled.now)

        async def work(job: dict[str, Any]) -> dict[str, Any]:
            began, cpu = time.perf_counter(), time.process_time()
            await polled.run(job["now"])
            stored = time.perf_counter()
            sent = await deliver.run()
            done = time.perf_counter()
            used = time.process_time() - cpu
            return {"s": done - began, "until_stored_s": stored - began, "cpu_s": used, "sent": sent}

        await answer(work)
    await store.close()
    await hms.close()


asyncio.run(main(sys.argv[1]))
