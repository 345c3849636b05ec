"""The stand-ins' doors: each request is known by the replica that made it, may meet a fault, and is told of when it
arrives, before anything is done, and when it is done, before the answer."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler

from bot.demo import fake_hms
from bot.demo.fake_hms import FakeHms
from bot.demo.fake_slack import ApiError, Dropped, FakeSlack, Fault, HttpError, RateLimited, Stalled
from tests.chaos.bot import DELIVERY

LATE_S = DELIVERY["post_s"] + 0.5
"""Later than the bot waits for, and before it takes a message for settled."""
SENDING: list[Fault] = [
    Dropped(),
    *[Dropped(after_doing=True)] * 3,
    HttpError(500, "oops"),
    *[HttpError(500, "oops", after_doing=True)] * 2,
    HttpError(502, "no JSON", content_type="application/json", after_doing=True),
    ApiError("internal_error"),
    ApiError("fatal_error", after_doing=True),
    Stalled(LATE_S),
    *[Stalled(LATE_S, after_doing=True)] * 2,
    *[RateLimited(1)] * 2,
]
READING: list[Fault] = [Dropped(), HttpError(503, "busy"), ApiError("internal_error"), RateLimited(1)]
LISTING: list[fake_hms.Fault] = [
    fake_hms.Status(500),
    fake_hms.Status(429, {"Retry-After": "1"}),
    fake_hms.Status(404),
    fake_hms.Html(),
    fake_hms.CutOff(),
    fake_hms.BadJson(),
    fake_hms.WrongTypes(),
    fake_hms.Drop(),
    fake_hms.Stall(1.5),
]
FAULTS: dict[str, tuple[list[Fault], float]] = {
    "chat.postMessage": (SENDING, 0.2),
    "chat.update": (SENDING, 0.15),
    "conversations.history": (READING, 0.1),
    "conversations.replies": (READING, 0.1),
}
"""Faults of a method, and how many of its requests meet one."""
LISTING_SHARE = 0.08

Reached = Callable[[int, str, str], None]


class Doors:
    """`reached(replica, side, method)`, side being `arrives` or `done`; 100ms's method is `sessions`."""

    def __init__(self, slack: FakeSlack, hms: FakeHms, replicas: int, dice: random.Random, reached: Reached) -> None:
        self._slack, self._hms, self._dice, self._reached = slack, hms, dice, reached
        self.healed = False
        self.met: Counter[str] = Counter()
        self._decks: dict[str, list[Fault]] = {}
        self._ports: list[int] = []
        self._runner: web.AppRunner | None = None
        (api,) = (route for route in slack.app.router.routes() if route.resource.canonical == "/api/{method}")  # type: ignore[union-attr]
        for replica in range(replicas):
            slack.app.router.add_route(
                "*", f"/replica-{replica}/api/{{method}}", self._slack_door(replica, api.handler)
            )
        self._replicas = replicas

    async def open(self) -> None:
        """Let 100ms listen, on a port for each replica."""
        app = web.Application(middlewares=[self._hms_door])
        app.add_routes(self._hms.routes)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await self._runner.setup()
        for _ in range(self._replicas):
            await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self._ports = [address[1] for address in self._runner.addresses]

    async def close(self) -> None:
        await self._hms.stop()
        if self._runner is not None:
            await self._runner.cleanup()

    def urls(self, replica: int) -> dict[str, str]:
        """The two settings that lead through this replica's doors."""
        return {
            "SLACK_API_URL": f"{self._slack.url}/replica-{replica}/api",
            "HMS_API_URL": f"http://127.0.0.1:{self._ports[replica]}/v2",
        }

    def _slack_door(self, replica: int, handler: Any) -> Handler:
        async def door(request: web.Request) -> web.StreamResponse:
            method = request.match_info["method"]
            if not self.healed and method in FAULTS and (fault := self._fault(method)):
                self.met[type(fault).__name__] += 1
                self._slack.fail(method, fault)
            self._reached(replica, "arrives", method)
            answer: web.StreamResponse = await handler(request)
            self._reached(replica, "done", method)
            return answer

        return door

    def _fault(self, method: str) -> Fault | None:
        """The first request of a method surely meets one: what was done and looks as if it wasn't."""
        faults, share = FAULTS[method]
        if method not in self._decks:
            self._decks[method] = []
            return Dropped(after_doing=True)
        if self._dice.random() >= share:
            return None
        if not self._decks[method]:
            self._decks[method] = self._dice.sample(faults, len(faults))
        return self._decks[method].pop()

    @web.middleware
    async def _hms_door(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        port = request.transport.get_extra_info("sockname")[1] if request.transport else 0
        replica = self._ports.index(port)
        if not self.healed and "/sessions" in request.path and self._dice.random() < LISTING_SHARE:
            fault = self._dice.choice(LISTING)
            self.met[f"100ms {type(fault).__name__}"] += 1
            self._hms.fail("/sessions*", fault)
        self._reached(replica, "arrives", "sessions")
        answer = await handler(request)
        self._reached(replica, "done", "sessions")
        return answer
