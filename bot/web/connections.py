"""Bounds on incoming connections: their number, the time for each phase, and the bytes they hold.

aiohttp itself bounds the size of headers and the keep-alive between two requests.
"""

from __future__ import annotations

import asyncio
import resource
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import cast

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from bot import log

OTHER_FILES = 500
"""File descriptors reserved for the database, 100ms and Slack; at most half of a low limit."""
LINGER_S = 1.0
"""Seconds for which the rest of a refused request is read, so that the refusal arrives."""
READ_BYTES = 4 * 1024
"""Bytes read from a connection per turn: parsing a body in one-byte chunks is slow."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """Limits on incoming connections. Above `connections` the oldest is closed, those that Slack has used last.
    `headers_s`, `body_s` and `answer_s` bound a request's headers, its body and the reading of its answer; `rest_s` is
    the keep-alive of Slack's connections, longer than load balancers'. `all_bytes` is for all unanswered requests
    together: above it the largest is closed. Slack sends a few kilobytes and waits 3 seconds."""

    connections: int = 2_000
    headers_s: float = 10.0
    body_s: float = 5.0
    answer_s: float = 10.0
    rest_s: float = 150.0
    body_bytes: int = 1024**2
    all_bytes: int = 64 * 1024**2


BOUNDS = Bounds()


class Connection(web.RequestHandler):
    """`busy`: a request with Slack's signature is unanswered, so it isn't evicted. `authenticated`: an earlier one had
    it."""

    __slots__ = ("_budget", "_due", "_line", "authenticated", "busy")

    def __init__(self, server: web.Server, budget: ConnectionBudget) -> None:
        super().__init__(
            server,
            loop=asyncio.get_running_loop(),
            keepalive_timeout=budget.bounds.rest_s,
            lingering_time=LINGER_S,
            auto_decompress=False,  # nothing that Slack sends is compressed
        )
        self._budget = budget
        self._line: asyncio.Transport | None = None  # aiohttp drops its own reference when a close begins
        self._due: asyncio.TimerHandle | None = None
        self.busy = self.authenticated = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._line = cast(asyncio.Transport, transport)
        self._line.set_write_buffer_limits(0)  # any unread byte pauses writing
        self._line.max_size = READ_BYTES  # type: ignore[attr-defined]  # asyncio's own default is 256 KB
        self._budget.enter(self)
        super().connection_made(transport)
        self._cut_in(self._budget.bounds.headers_s)

    def data_received(self, data: bytes) -> None:
        self._budget.take(self, len(data))
        super().data_received(data)

    def headers_came(self) -> None:
        if not self.writing_paused:  # the previous answer's deadline still runs
            self._cut_in(None)

    def answered(self) -> None:
        """Record that Slack's request is answered, and release its bytes."""
        self.busy, self.authenticated = False, True
        self._budget.empty(self)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._cut_in(self._budget.bounds.answer_s)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._cut_in(None)

    def connection_lost(self, exc: BaseException | None) -> None:
        self._cut_in(None)
        self._budget.leave(self)
        self._line = None
        super().connection_lost(exc)

    def cut(self) -> None:
        """Abort the connection: a close would wait until written data was read."""
        self._budget.leave(self)
        if self._line is not None:
            self._line.abort()

    def _cut_in(self, seconds: float | None) -> None:
        """Set the deadline in place of the previous one; None clears it."""
        if self._due is not None:
            self._due.cancel()
        self._due = None if seconds is None else asyncio.get_running_loop().call_later(seconds, self.cut)

    async def shutdown(self, timeout: float | None = None) -> None:
        if self.writing_paused:  # a shutdown doesn't wait for slow readers
            self.cut()
        await super().shutdown(timeout)

    def handle_error(
        self, request: web.BaseRequest, status: int = 500, exc: BaseException | None = None, message: str | None = None
    ) -> web.StreamResponse:
        """Answer malformed HTTP without logging or echoing it, as aiohttp would."""
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return super().handle_error(request, status, exc, message)
        response = web.Response(status=status, text=f"{HTTPStatus(status).phrase}\n", headers={"Server": ""})
        response.force_close()
        return response


class ConnectionBudget:
    """The shared budget of all connections. Above it some are closed, but never a `busy` one."""

    def __init__(self, bounds: Bounds) -> None:
        self.bounds = bounds
        self._brought: dict[Connection, int] = {}  # bytes, oldest connection first
        self._bytes = 0

    def enter(self, connection: Connection) -> None:
        while len(self._brought) >= self.bounds.connections and (oldest := next(self._idle(), None)):
            oldest.cut()
        self._brought[connection] = 0

    def take(self, connection: Connection, count: int) -> None:
        if connection not in self._brought:  # it was aborted
            return
        self._brought[connection] += count
        self._bytes += count
        brought = self._brought.__getitem__
        while self._bytes > self.bounds.all_bytes and (most := max(self._idle(), key=brought, default=None)):
            most.cut()

    def empty(self, connection: Connection) -> None:
        if connection in self._brought:
            self._bytes -= self._brought[connection]
            self._brought[connection] = 0

    def leave(self, connection: Connection) -> None:
        self._bytes -= self._brought.pop(connection, 0)

    def _idle(self) -> Iterator[Connection]:
        """Yield the connections that may be closed, oldest first, authenticated ones last."""
        return (
            each for used in (False, True) for each in self._brought if each.authenticated is used and not each.busy
        )


def allow_files(bounds: Bounds) -> Bounds:
    """Raise the process's file limit to what `bounds` need, if it may; often it starts at 1,024. Return the bounds,
    with fewer connections if the limit stays below."""
    files, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = bounds.connections + OTHER_FILES
    if files == resource.RLIM_INFINITY or files >= wanted:
        return bounds
    files = wanted if most == resource.RLIM_INFINITY else min(wanted, most)
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, most))
    if files == wanted:
        return bounds
    fewer = replace(bounds, connections=min(bounds.connections, max(files - OTHER_FILES, files // 2)))
    log.warning("few_files", files=files, wanted=wanted, connections=fewer.connections)
    return fewer


async def listen(runner: web.AppRunner, host: str, port: int, bounds: Bounds) -> asyncio.Server:
    """Serve `runner`, which is set up, and is cleaned up after the returned server is closed. Raises OSError."""
    server, budget = cast(web.Server, runner.server), ConnectionBudget(bounds)
    return await asyncio.get_running_loop().create_server(lambda: Connection(server, budget), host, port)


def bounded(bounds: Bounds, gates: Mapping[Handler, Callable[[web.Request], int]] = {}) -> Middleware:
    """Return middleware that reads the whole body before the handler runs, and refuses one that is too long or too
    slow. A handler's gate sees the request before its body is read, and returns the bytes that it may have, or raises.
    It needs a server of `listen`."""

    @web.middleware
    async def whole(request: web.Request, handler: Handler) -> web.StreamResponse:
        connection = cast(Connection, request.protocol)
        connection.headers_came()
        gate = gates.get(handler)
        most = bounds.body_bytes
        if gate is not None:
            most = gate(request)
            request = request.clone(client_max_size=most)
        try:
            if (request.content_length or 0) > most:
                raise web.HTTPRequestEntityTooLarge(most)
            async with asyncio.timeout(bounds.body_s):
                await request.read()
        except TimeoutError:
            raise web.HTTPRequestTimeout from None
        except (web.RequestPayloadError, ConnectionError):
            raise web.HTTPBadRequest from None
        return await handler(request)

    return whole


def mark_authenticated(request: web.Request) -> None:
    """Protect the connection of a request with Slack's signature until it is answered."""
    cast(Connection, request.protocol).busy = True


async def finish_response(request: web.Request, response: web.StreamResponse) -> None:
    """Signal handler: drop the Server header, and close all but Slack's connections after the answer. While one is kept
    alive aiohttp holds its last request, however long."""
    response.headers.popall("Server", None)
    connection = cast(Connection, request.protocol)
    if connection.busy:
        connection.answered()
    else:
        response.headers["Connection"] = "close"
        response.force_close()
