"""The stand-ins' doors: each request is known by the replica that made it, may meet a fault, and is told of when it
arrives, before anything is done, and when it is done, before the answer."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler

from bot.demo import fake_hms
from bot.demo.fake_hms import FakeHms
from bot.demo.fake_slack import ApiError, Dropped, FakeSlack, Fault, HttpError, Message, RateLimited, Stalled
from bot.demo.fake_slack.ledger import Change
from tests.chaos.bot import PACE
from tests.chaos.checker import key_of

LATE_S = PACE.post_s + 0.5
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

LURES: dict[str, tuple[str, Fault]] = {
    "outbox.store.again": ("message", Dropped()),
    "conversations.history": ("message", Dropped(after_doing=True)),
    "conversations.open": ("direct message", Dropped(after_doing=True)),
    "conversations.replies": ("reply", Dropped(after_doing=True)),
    "outbox.store.dead": ("direct message", ApiError("user_disabled")),
    "outbox.store.held": ("message", Dropped()),
    "outbox.claims.overdue": ("message", Dropped(after_doing=True)),
    "outbox.channel_pause.release": ("message", Dropped()),
    "outbox.store.add": ("message", Dropped()),
    "outbox.store.slow_down": ("message", RateLimited(1)),
    "outbox.store.unsure": ("message", Dropped(after_doing=True)),
    "outbox.workspaces.refused": ("message", ApiError("token_revoked")),
}
"""The fault that a process which waits for this meets when it posts something of that kind."""
RARE = {"direct message", "reply", "conversations.open", "conversations.replies"}
HELD = {"outbox.store.held", "outbox.channel_pause.release", "outbox.store.add"}
"""They come where channels can't be read. That is so only for messages that are certainly not there: one that is would
be sent twice by the person who is asked."""


class Doors:
    """`reached(replica, side, method)` is called, side being `arrives` or `done`; `wants(replica)` is what its process
    waits for, `stale(replica)` whether it sends what it was about to send long ago. Without `reconcile` the bot finds
    nothing in any channel."""

    def __init__(
        self,
        slack: FakeSlack,
        hms: FakeHms,
        replicas: int,
        dice: random.Random,
        *,
        reached: Callable[[int, str, str], None] = lambda *_: None,
        wants: Callable[[int], str] = lambda _: "",
        stale: Callable[[int], bool] = lambda _: False,
        reconcile: bool = True,
    ) -> None:
        self._slack, self._hms, self._dice, self._reached = slack, hms, dice, reached
        self._wants, self._stale = wants, stale
        self._reconcile = reconcile
        self.healed = False
        self.others: list[Doors] = []
        """Those of other workspaces, which the same addresses lead to: by its token a request is one's."""
        self.slack_day: Callable[[str, Mapping[str, Any]], Fault | None] = lambda *_: None
        """On a bad day (`days`): the fault that a request to Slack meets, by its method and arguments."""
        self.hms_day: Callable[[str, Mapping[str, str]], fake_hms.Fault | None] = lambda *_: None
        """The same for a request to 100ms, by its name and query."""
        self.met: Counter[str] = Counter()
        self.held: set[str] = set()
        """Keys of messages that are left to a person, who sends them when others have been sent already."""
        self.first: dict[str, Message] = {}
        """Each message as it was posted, by its ts."""
        slack._site.ledger.listeners.append(self._see)
        self._last: dict[str, str] = {}  # by channel: the key of what was posted last, or tried to be
        self._decks: dict[str, list[Fault]] = {}
        self._ports: list[int] = []
        self._runner: web.AppRunner | None = None
        (api,) = (route for route in slack.app.router.routes() if route.resource.canonical == "/api/{method}")  # type: ignore[union-attr]
        self._slack_doors = [self._slack_door(replica, api.handler) for replica in range(replicas)]
        for replica, door in enumerate(self._slack_doors):
            slack.app.router.add_route("*", f"/replica-{replica}/api/{{method}}", door)
        self._replicas = replicas

    async def open(self) -> None:
        """Let 100ms listen, on a port for each replica."""
        app = web.Application(middlewares=[self._hms_door])
        app.add_routes(self._hms.routes)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await self._runner.setup()
        for _ in range(self._replicas):
            await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        for doors in (self, *self.others):
            doors._ports = [address[1] for address in self._runner.addresses]

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
            token = request.headers.get("Authorization", "").removeprefix("Bearer ")
            for each in self.others:
                if token == each._slack.bot_token:
                    return await each._slack_doors[replica](request)
            method = request.match_info["method"]
            await request.read()  # so that the handler doesn't wait, and takes the fault that is meant for it
            arguments = await _arguments(request)
            fault = self._fault(replica, method, arguments) if not self.healed else self.slack_day(method, arguments)
            if fault is not None:
                self.met[type(fault).__name__] += 1
                self._slack.fail(method, fault)
            if method == "chat.postMessage":
                self._last[str(arguments["channel"])] = key_of(arguments.get("metadata"))
            self._reached(replica, "arrives", method)
            if not self._reconcile and method in ("conversations.history", "conversations.replies"):
                answer: web.StreamResponse = web.json_response({"ok": True, "messages": []})
            else:
                answer = await handler(request)
            self._reached(replica, "done", method)
            return answer

        return door

    def _fault(self, replica: int, method: str, arguments: Mapping[str, Any]) -> Fault | None:
        """The fault that the process is to meet for its point to come, or any. The first request of a method surely meets one:
        what was done and looks as if it wasn't."""
        if method == "chat.postMessage" and self._stale(replica):
            return Dropped()  # docs/alerts.md: a process that is stopped as it sends is what can't be helped
        wanted = self._wants(replica)
        kind = _kind(arguments) if method == "chat.postMessage" else method
        lures = [LURES.get(self._wants(each), ("", None)) for each in range(self._replicas)]
        wanted_by = [each for each, (lure, _) in enumerate(lures) if kind in (self._wants(each), lure)]
        if replica in wanted_by:
            return lures[replica][1]
        if wanted_by and kind in RARE:
            return RateLimited(1)  # that one of those who wait for it may have it
        if wanted in HELD and method == "conversations.history" and (key := self._absent(str(arguments["channel"]))):
            self.held.add(key)
            return ApiError("missing_scope")
        if method not in FAULTS:
            return None
        faults, share = FAULTS[method]
        if method not in self._decks:
            self._decks[method] = []
            return Dropped(after_doing=True)
        if self._dice.random() >= share:
            return None
        if not self._decks[method]:
            self._decks[method] = self._dice.sample(faults, len(faults))
        return self._decks[method].pop()

    def _absent(self, channel: str) -> str:
        """The key of the message that the bot looks for, if it isn't there. One of a channel is in flight at a time."""
        key = self._last.get(channel, "")
        return "" if any(key_of(each.metadata) == key for each in self.first.values()) else key

    def _see(self, change: Change) -> None:
        if change.kind == "message.posted" and change.message is not None:
            self.first[change.message.ts] = change.message

    @web.middleware
    async def _hms_door(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        for each in self.others:
            if each._hms.owns(request.headers.get("Authorization")):
                return await each._pass(request, each._hms.handle)
        return await self._pass(request, handler)

    async def _pass(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        port = request.transport.get_extra_info("sockname")[1] if request.transport else 0
        replica = self._ports.index(port)
        name = _name(request.path)
        fault = None
        if not self.healed and name != "rooms":
            fault = self._listing_fault(self._wants(replica), of_a_digest="before" in request.query)
        elif self.healed:
            fault = self.hms_day(name, request.query)
        if fault is not None:
            self.met[f"100ms {type(fault).__name__}"] += 1
            self._hms.fail("/sessions*", fault)
        self._reached(replica, "arrives", name)
        answer = await handler(request)
        self._reached(replica, "done", name)
        return answer

    def _listing_fault(self, wanted: str, *, of_a_digest: bool) -> fake_hms.Fault | None:
        """A digest that can't be read waits for a minute, so its reading fails only where that is wanted: on any
        page."""
        if wanted == "tracking.store.failed":
            return fake_hms.Status(404)
        share = LISTING_SHARE if not of_a_digest else 0.5 if wanted == "digests.store.failed" else 0.0
        return self._dice.choice(LISTING) if self._dice.random() < share else None


async def _arguments(request: web.Request) -> dict[str, Any]:
    """As slack_sdk sends them: JSON, or a form."""
    if request.content_type == "application/json":
        return dict(json.loads(await request.text() or "{}"))
    return {**request.query, **await request.post()}


def _kind(arguments: Mapping[str, Any]) -> str:
    if str(arguments["channel"])[:1] in "UW":
        return "direct message"
    return "reply" if arguments.get("thread_ts") else "message"


def _name(path: str) -> str:
    """`sessions` for their lists, `session` for the record of one, `rooms`."""
    list_, *record = path.strip("/").split("/")[1:]
    return "session" if list_ == "sessions" and record else list_
