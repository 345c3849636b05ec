"""Connections from outside: how many there may be, how long each may take, and how much it may bring.

aiohttp bounds the size of headers by itself, and how long a connection rests between two requests.
"""

from __future__ import annotations

import asyncio
import resource
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any, cast

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from bot import log

OTHER_FILES = 500
"""Of the database, and of connections to 100ms and Slack. Where there are few, at most half of them."""
LINGER_S = 1.0
"""So long what is too much is still read, for the refusal to arrive."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """At most `connections` at once: for one more, the oldest that isn't being answered goes. Seconds until the headers
    of its first request are there, until a body is, and until somebody has read their answer; `rest_s` between requests
    is more than balancers take. Slack sends a few kilobytes, and waits 3 seconds."""

    connections: int = 2_000
    headers_s: float = 10.0
    body_s: float = 5.0
    answer_s: float = 10.0
    rest_s: float = 75.0
    body_bytes: int = 1024**2


BOUNDS = Bounds()


class Connection(web.RequestHandler):
    """`busy` while a whole request of it is answered."""

    __slots__ = ("_bounds", "_headers_due", "_reader_due", "busy")

    def __init__(self, server: web.Server, bounds: Bounds) -> None:
        super().__init__(
            server,
            loop=asyncio.get_running_loop(),
            keepalive_timeout=bounds.rest_s,
            lingering_time=LINGER_S,
            auto_decompress=False,  # nothing that Slack sends is compressed
        )
        self._bounds = bounds
        self._headers_due: asyncio.TimerHandle | None = None
        self._reader_due: asyncio.TimerHandle | None = None
        self.busy = False

    @property
    def open(self) -> bool:
        return self.transport is not None and not self.transport.is_closing()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._headers_due = self._loop.call_later(self._bounds.headers_s, self.cut)

    def headers_came(self) -> None:
        _cancel(self._headers_due)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._reader_due = self._loop.call_later(self._bounds.answer_s, self.cut)

    def resume_writing(self) -> None:
        super().resume_writing()
        _cancel(self._reader_due)

    def connection_lost(self, exc: BaseException | None) -> None:
        _cancel(self._headers_due)
        _cancel(self._reader_due)
        super().connection_lost(exc)

    def cut(self) -> None:
        """End it now: a close would wait until what is written has been read."""
        if self.transport is not None:
            self.transport.abort()

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
    server = cast(web.Server, runner.server)

    def accept() -> Connection:
        _make_room(server, bounds.connections)
        return Connection(server, bounds)

    return await asyncio.get_running_loop().create_server(accept, host, port)


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
            raise _last(web.HTTPRequestTimeout()) from None
        except (web.RequestPayloadError, ConnectionError):
            raise _last(web.HTTPBadRequest()) from None
        except web.HTTPRequestEntityTooLarge as error:
            raise _last(error) from None
        connection.busy = True
        try:
            return await handler(request)
        finally:
            connection.busy = False

    return whole


async def unnamed(_: web.Request, response: web.StreamResponse) -> None:
    """A signal handler: answers don't say which versions of what run here."""
    response.headers.popall("Server", None)


def _make_room(server: web.Server, most: int) -> None:
    connections: list[Any] = server.connections
    if len(connections) < most:
        return
    there = [each for each in connections if each.open]
    too_many = len(there) - most + 1
    for each in [each for each in there if not each.busy][: max(too_many, 0)]:
        each.cut()


def _last(refusal: web.HTTPException) -> web.HTTPException:
    """The last answer on its connection, whose rest can't be read."""
    refusal.force_close()
    return refusal


def _cancel(timer: asyncio.TimerHandle | None) -> None:
    if timer is not None:
        timer.cancel()
