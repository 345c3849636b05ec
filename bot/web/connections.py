"""Connections from outside: how many there may be, how long each may take, and how much it may bring.

aiohttp bounds the size of headers by itself, and how long a connection rests between two requests.
"""

from __future__ import annotations

import asyncio
import resource
from collections.abc import Iterator
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import cast

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from bot import log

OTHER_FILES = 500
"""Of the database, and of connections to 100ms and Slack. Where there are few, at most half of them."""
LINGER_S = 1.0
"""So long what is too much is still read, for the refusal to arrive."""
READ_BYTES = 4 * 1024
"""So much of a connection is read before it is another's turn: a body in chunks of a byte takes its time."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """At most `connections` at once: for one more the oldest goes, and those that Slack has used go last. Seconds until
    the headers of a request are there, until its body is, and until somebody has read their answer; `rest_s` between
    two requests of Slack's is more than balancers take. Slack sends a few kilobytes, and waits 3 seconds. `all_bytes`
    may all bring together: for more, who brought most goes."""

    connections: int = 2_000
    headers_s: float = 10.0
    body_s: float = 5.0
    answer_s: float = 10.0
    rest_s: float = 150.0
    body_bytes: int = 1024**2
    all_bytes: int = 64 * 1024**2


BOUNDS = Bounds()


class Connection(web.RequestHandler):
    """`busy` from Slack's signature on until the answer: it isn't cut for others then. `authenticated`: Slack has asked
    on it before."""

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
        self._line: asyncio.Transport | None = None  # aiohttp forgets its own when it closes, which may take long
        self._due: asyncio.TimerHandle | None = None
        self.busy = self.authenticated = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._line = cast(asyncio.Transport, transport)
        self._line.set_write_buffer_limits(0)  # whatever is unread pauses writing
        self._line.max_size = READ_BYTES  # type: ignore[attr-defined]  # of asyncio's transports, where it is 256 KB
        self._budget.enter(self)
        super().connection_made(transport)
        self._cut_in(self._budget.bounds.headers_s)

    def data_received(self, data: bytes) -> None:
        self._budget.take(self, len(data))
        super().data_received(data)

    def headers_came(self) -> None:
        if not self.writing_paused:  # its answer before has a time of its own
            self._cut_in(None)

    def answered(self) -> None:
        """Slack's request is: what it brought counts no more."""
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
        """End it now: a close would wait until what is written has been read."""
        self._budget.leave(self)
        if self._line is not None:
            self._line.abort()

    def _cut_in(self, seconds: float | None) -> None:
        """Replaces the time that was set before; None: none is."""
        if self._due is not None:
            self._due.cancel()
        self._due = None if seconds is None else asyncio.get_running_loop().call_later(seconds, self.cut)

    async def shutdown(self, timeout: float | None = None) -> None:
        if self.writing_paused:  # nobody waits for the reader when the bot stops
            self.cut()
        await super().shutdown(timeout)

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """What isn't HTTP is neither logged nor sent back, which aiohttp does."""
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return super().handle_error(request, status, exc, message)
        response = web.Response(status=status, text=f"{HTTPStatus(status).phrase}\n", headers={"Server": ""})
        response.force_close()
        return response


class ConnectionBudget:
    """What all connections may take together. Where it isn't enough some are cut, but none that is `busy`."""

    def __init__(self, bounds: Bounds) -> None:
        self.bounds = bounds
        self._brought: dict[Connection, int] = {}  # bytes, of the oldest first
        self._bytes = 0

    def enter(self, connection: Connection) -> None:
        while len(self._brought) >= self.bounds.connections and (oldest := next(self._idle(), None)):
            oldest.cut()
        self._brought[connection] = 0

    def take(self, connection: Connection, count: int) -> None:
        if connection not in self._brought:  # it is cut
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
        """The oldest first, but those on which Slack has asked before, and may again, last."""
        return (
            each for used in (False, True) for each in self._brought if each.authenticated is used and not each.busy
        )


def allow_files(bounds: Bounds) -> Bounds:
    """Let the process open as many files as its connections ask for, if it may: often it begins with 1,024. The bounds
    with as many connections as it may have then."""
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
    """`runner` is set up, and cleaned up once the server that this returns is closed. Raises OSError where it can't."""
    server, budget = cast(web.Server, runner.server), ConnectionBudget(bounds)
    return await asyncio.get_running_loop().create_server(lambda: Connection(server, budget), host, port)


def bounded(bounds: Bounds) -> Middleware:
    """Middleware that reads the body before anything is done with a request that `listen` took. One that is too long or
    too slow is refused."""

    @web.middleware
    async def whole(request: web.Request, handler: Handler) -> web.StreamResponse:
        connection = cast(Connection, request.protocol)
        connection.headers_came()
        try:
            if (request.content_length or 0) > bounds.body_bytes:
                raise web.HTTPRequestEntityTooLarge(bounds.body_bytes)
            async with asyncio.timeout(bounds.body_s):
                await request.read()
        except TimeoutError:
            raise web.HTTPRequestTimeout from None
        except (web.RequestPayloadError, ConnectionError):
            raise web.HTTPBadRequest from None
        return await handler(request)

    return whole


def mark_authenticated(request: web.Request) -> None:
    """Keep the connection until the answer: its request has Slack's signature."""
    cast(Connection, request.protocol).busy = True


async def finish_response(request: web.Request, response: web.StreamResponse) -> None:
    """A signal handler: answers don't say which versions of what run here, and only Slack's connection rests after one.
    While it rests aiohttp keeps its last request, however long that was."""
    response.headers.popall("Server", None)
    connection = cast(Connection, request.protocol)
    if connection.busy:
        connection.answered()
    else:
        response.headers["Connection"] = "close"
        response.force_close()
