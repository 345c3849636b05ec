"""The HTTP side of the stand-in: the read calls of the 100ms server API, and faults on demand."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from email.utils import formatdate
from http import HTTPStatus
from typing import Any, Self

from aiohttp import web

from . import query, reads, tokens, wire
from .account import Account
from .faults import BadJson, CutOff, Drop, Fault, FaultQueue, FirstPage, Html, Stall, Status, WrongTypes
from .oddities import Oddities
from .webhooks import Webhooks

PREFIX = "/v2"
DEMO_ACCESS_KEY = "demo-access-key"
# As long as HS256 wants its key (32 bytes); it opens nothing but a stand-in.
DEMO_SECRET = "demo-secret-for-the-stand-in-only-0123456789"  # noqa: S105

_REQUESTS_KEPT = 100_000
_STATUSES = frozenset(HTTPStatus)


@dataclass(slots=True)
class Request:
    """A request as it came in: `path` is below the prefix, `at` is Unix seconds by the server's clock.

    `token` is what followed `Bearer`. `status` stays None while no status line was sent.
    """

    method: str
    path: str
    query: dict[str, str]
    at: float
    token: str | None
    status: int | None = None


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    body: bytes


class FakeHms:
    """Serves an account under `/v2`: sessions, rooms, active rooms and templates, read only.

    Stand alone with `start`/`stop` or `async with`, or as `routes` in another aiohttp application.
    `beside`: a stand-in whose address serves this account too; a token is of one account.
    `oddities` may be set at any time. `requests` keeps the latest 100,000 requests. `webhooks` are sent once they have
    a URL.
    """

    def __init__(
        self,
        account: Account,
        *,
        access_key: str = DEMO_ACCESS_KEY,
        secret: str = DEMO_SECRET,
        clock: Callable[[], float] = time.time,
        oddities: Oddities | None = None,
        beside: Self | None = None,
    ) -> None:
        self.account = account
        self.access_key = access_key
        self.secret = secret
        self.clock = clock
        self.oddities = oddities or Oddities()
        self.requests: list[Request] = []
        self.webhooks = Webhooks(account, clock)
        self._accounts = [self]
        if beside is not None:
            beside._accounts.append(self)
        self._faults = FaultQueue()
        self._writer = wire.Writer(account)
        self._runner: web.AppRunner | None = None
        self._origin = ""
        self._stopping = asyncio.Event()

    @property
    def routes(self) -> list[web.RouteDef]:
        """The routes, for an application that serves other things too."""
        return [web.route("*", PREFIX, self._handle), web.route("*", PREFIX + "/{tail:.*}", self._handle)]

    @property
    def app(self) -> web.Application:
        """A new application that serves nothing else."""
        app = web.Application()
        app.add_routes(self.routes)
        return app

    @property
    def url(self) -> str:
        """The base URL, "http://127.0.0.1:port/v2"; raises `RuntimeError` when not started."""
        if self._runner is None:
            raise RuntimeError("the stand-in is not started")
        return self._origin + PREFIX

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """Listen; port 0 takes a free one. Raises `OSError` when the port is taken."""
        self._stopping.clear()
        self._runner = web.AppRunner(self.app, access_log=None, shutdown_timeout=1)
        await self._runner.setup()
        await web.TCPSite(self._runner, host, port).start()
        self._origin = f"http://{host}:{self._runner.addresses[0][1]}"

    async def stop(self) -> None:
        """Stop listening; requests that a fault holds back are answered at once."""
        self._stopping.set()
        await self.webhooks.stop()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    def token(self, **overrides: Any) -> str:
        """A management token for this stand-in; overrides replace claims, None drops one."""
        return tokens.sign(self.access_key, self.secret, self.clock(), **overrides)

    def fail(self, path_pattern: str, *faults: Fault) -> None:
        """Give the next requests whose path below the prefix fits ("/sessions*") one fault each."""
        self._faults.add(path_pattern, *faults)

    def fail_always(self, path_pattern: str, fault: Fault) -> None:
        """Give every request that fits the pattern this fault, until `heal`."""
        self._faults.add_standing(path_pattern, fault)

    def heal(self) -> None:
        """Forget all faults, queued and standing."""
        self._faults.clear()

    def owns(self, authorization: str | None) -> bool:
        """True for a token of this account."""
        try:
            tokens.check(authorization, access_key=self.access_key, secret=self.secret, now=self.clock())
        except tokens.TokenRefused:
            return False
        return True

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        authorization = request.headers.get("Authorization")
        account = next((each for each in self._accounts if each.owns(authorization)), self)
        return await account.handle(request)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer a request for this account."""
        path = request.path.removeprefix(PREFIX).rstrip("/") or "/"
        authorization = request.headers.get("Authorization")
        record = Request(
            request.method,
            path,
            dict(request.query),
            self.clock(),
            authorization.removeprefix("Bearer ") if authorization else None,
        )
        if len(self.requests) >= _REQUESTS_KEPT:
            del self.requests[: _REQUESTS_KEPT // 2]
        self.requests.append(record)
        fault = self._faults.take(path)
        if isinstance(fault, Drop):
            _close(request)
            return web.Response()
        if isinstance(fault, Stall):
            await self._stall(fault.seconds)
        if isinstance(fault, CutOff):
            answer = self._answer(record, authorization)
            record.status = answer.status
            return await _cut_off(request, answer)
        response = self._respond(fault, record, authorization)
        response.headers.setdefault("Date", formatdate(self.clock(), usegmt=True))
        record.status = response.status
        return response

    def _respond(self, fault: Fault, record: Request, authorization: str | None) -> web.Response:
        match fault:
            case Status(status, headers, body):
                if body is None:
                    body = wire.error(status, _phrase(status), "fault on demand", self.oddities)
                return _json(_Answer(status, wire.encoder.encode(body)), headers)
            case Html(status):
                text = f"<html><body><h1>{status} {_phrase(status)}</h1></body></html>"
                return web.Response(status=status, text=text, content_type="text/html")
            case BadJson():
                answer = self._answer(record, authorization)
                return _json(_Answer(answer.status, b'{"limit": 10, "data": [{"id": }'))
            case WrongTypes():
                wrong = {"limit": "ten", "data": {"id": 7}, "last": 42, "id": 7, "active": "yes", "peers": 3}
                return _json(_Answer(200, wire.encoder.encode(wrong)))
            case FirstPage():
                asked = {name: value for name, value in record.query.items() if name != "start"}
                record = replace(record, query=asked)
        return _json(self._answer(record, authorization))

    async def _stall(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._stopping.wait(), seconds)
        except TimeoutError:
            return

    def _answer(self, record: Request, authorization: str | None) -> _Answer:
        try:
            tokens.check(authorization, access_key=self.access_key, secret=self.secret, now=self.clock())
            found = reads.found(self.account, self._writer, self.oddities, record.method, record.path, record.query)
            return _Answer(200, wire.encoder.encode(found))
        except (tokens.TokenRefused, reads.Refused) as refused:
            status, message, detail = refused.status, refused.message, refused.detail
        except query.BadQuery as bad:
            status, message, detail = 400, "Bad request", str(bad)
        return _Answer(status, wire.encoder.encode(wire.error(status, message, detail, self.oddities)))


def _phrase(status: int) -> str:
    return HTTPStatus(status).phrase if status in _STATUSES else "Unknown"


def _json(answer: _Answer, headers: Mapping[str, str] | None = None) -> web.Response:
    return web.Response(status=answer.status, body=answer.body, headers=headers, content_type="application/json")


async def _cut_off(request: web.Request, answer: _Answer) -> web.StreamResponse:
    response = web.StreamResponse(status=answer.status, headers={"Content-Type": "application/json"})
    response.content_length = len(answer.body)
    await response.prepare(request)
    await response.write(answer.body[: len(answer.body) // 2])
    _close(request)
    return response


def _close(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.close()
