"""Row 9: from a webhook of 100ms to the message about it, beside what polls give."""

from __future__ import annotations

import asyncio
import json
import os
import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from bench.processes import HELPERS, SUBJECT, Failed, free_port
from bench.setup import Bench
from bench.table import Row, Target, percentile
from bot.demo.bot_process import BotProcess
from bot.demo.fake_hms import Account, FakeHms
from bot.demo.fake_hms.records import Session
from bot.demo.fake_slack import FakeSlack
from bot.demo.fake_slack.model import Channel
from bot.demo.fake_slack.seed import ADA, BOT_USER

CHANNELS, LIVE = 50, 20
HMS_S = 0.05
"""The time in which 100ms answers."""
POLL_S = 15
"""The default interval of polls."""
RATES: Mapping[int, int] = {1: 1, 50: 10}
"""Webhooks a second, and the sessions among them that open; of the others people join in sessions that are live."""


@dataclass
class Studio:
    """An account of which each room has a channel that hears of what opens there."""

    slack: FakeSlack
    account: Account = field(default_factory=lambda: Account(seed=7))
    live: list[Session] = field(default_factory=list)
    began: dict[str, float] = field(default_factory=dict)
    """By session id, when its webhook was sent."""

    def __post_init__(self) -> None:
        self.rooms = [self.account.add_room(f"room-{number}") for number in range(CHANNELS)]
        self.dice = random.Random(7)
        for number in range(CHANNELS):
            channel = Channel(f"C0BENCH{number:03}", f"bench-{number}", {ADA, BOT_USER})
            self.slack.workspace.channels[channel.id] = channel

    def open(self, number: int) -> None:
        if len(self.live) >= LIVE:
            self.account.end(self.live.pop(0), time.time())
        session = self.account.open_session(self.rooms[number % CHANNELS], time.time())
        self.began[session.id] = time.time()
        self.live.append(session)

    def join(self) -> None:
        session = self.dice.choice(self.live)
        self.account.join(session, name="Ann", role="guest", user_id=str(self.dice.random()), at=time.time())

    def lags_ms(self) -> list[float]:
        """The milliseconds from each webhook to its message, of those that opened."""
        told: dict[str, float] = {}
        for call in self.slack.calls:
            if call.method == "chat.postMessage":
                text = json.dumps(call.arguments)
                told |= {key: call.at for key in self.began if key in text and key not in told}
        if missing := len(self.began) - len(told):
            raise Failed(f"{missing} of {len(self.began)} sessions weren't told within {POLL_S} s")
        return [(told[key] - began) * 1_000 for key, began in self.began.items()]


def measure(bench: Bench) -> list[Row]:
    found = asyncio.run(_all(6 if bench.quick else 30))
    rows = []
    for rate, rounds in found.items():
        p50, p99 = ([percentile(lags, share) for lags in rounds] for share in (0.5, 0.99))
        what = (
            f"From a webhook to chat.postMessage, {rate} a second, {LIVE} sessions, {CHANNELS} channels, 100ms in 50 ms"
        )
        polls = [POLL_S * 500.0] * len(p50)
        goal = Target("≤", 250, of_ours=True)
        rows.append(Row(f"{what}: p50", "ms", p50, f"a poll every {POLL_S} s, computed", polls, target=goal))
        last = [POLL_S * 990.0] * len(p99)
        goal = Target("≤", 1_000, of_ours=True)
        rows.append(Row("… p99", "ms", p99, f"a poll every {POLL_S} s, computed", last, target=goal))
    return rows


async def _all(seconds: int) -> dict[int, list[list[float]]]:
    """By webhooks a second, the milliseconds of each round."""
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, HELPERS)
    try:
        return {rate: [await _round(rate, opens, seconds) for _ in range(3)] for rate, opens in RATES.items()}
    finally:
        os.sched_setaffinity(0, cores)


async def _round(rate: int, opens: int, seconds: int) -> list[float]:
    async with FakeSlack() as slack:
        studio = Studio(slack)
        hms = FakeHms(studio.account)
        hms.webhooks.plan = _wanted
        runner = web.AppRunner(_slow(hms), access_log=None)
        await runner.setup()
        port = free_port()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        async with BotProcess(slack, hms, f"http://127.0.0.1:{port}/v2", POLL_INTERVAL_S=str(POLL_S)) as bot:
            await bot.start()
            os.sched_setaffinity(bot.pid, SUBJECT)
            if not await bot.ready():
                raise Failed("the bot didn't start")
            for number, room in enumerate(studio.rooms):
                await slack.command(f"subscribe room:{room.id} on:start", channel=f"bench-{number}", user=ADA)
            for number in range(LIVE):
                studio.open(number)
            await asyncio.sleep(3.0)
            studio.began.clear()
            for number in range(seconds * rate):
                at = asyncio.get_running_loop().time() + 1 / rate
                studio.open(LIVE + number * opens // rate) if number * opens % rate < opens else studio.join()
                await asyncio.sleep(max(0.0, at - asyncio.get_running_loop().time()))
            await asyncio.sleep(3.0)
        await runner.cleanup()
        await hms.stop()
        return studio.lags_ms()


def _wanted(event: Mapping[str, Any]) -> Sequence[float]:
    """Webhooks of sessions that open and of people who join."""
    return (0.0,) if event["type"] in ("session.open.success", "peer.join.success") else ()


def _slow(hms: FakeHms) -> web.Application:
    @web.middleware
    async def wait(request: web.Request, handler: Any) -> web.StreamResponse:
        await asyncio.sleep(HMS_S)
        response: web.StreamResponse = await handler(request)
        return response

    app = web.Application(middlewares=[wait])
    app.add_routes(hms.routes)
    return app
