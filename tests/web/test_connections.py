"""The files, memory and time that strangers can hold, and what Slack can do meanwhile."""

from __future__ import annotations

import asyncio
import resource
import socket
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web

from bot.clock import Clock
from bot.demo.bot_process import BotProcess
from bot.demo.fake_hms import FakeHms
from bot.demo.fake_slack import FakeSlack
from bot.settings import Settings
from bot.web.connections import Bounds, bounded, finish_response, listen, mark_authenticated
from bot.web.ready import Health
from bot.web.server import application
from bot.workspace import Workspaces
from tests.live import until
from tests.web.strangers import Stranger, answer_to, asking, assert_slack_gets_through, health
from tests.work import at_work

TIGHT = Bounds(headers_s=0.4, body_s=0.4, answer_s=0.4, rest_s=1.0)
MB = 1024**2


@pytest.fixture
async def tight(settings: Settings, slack: FakeSlack) -> AsyncIterator[str]:
    """The bot, with little time for strangers."""
    async with at_work(settings, slack, bounds=TIGHT) as started:
        yield started.url


SLOW = {
    "nothing": "",
    "a byte": "P",
    "headers": asking("POST /slack/events", "X-Slow: ").removesuffix("\r\n\r\n"),
    "a body": asking("POST /slack/events", "Content-Length: 1000", body="x"),
    "chunks": asking("POST /slack/events", "Transfer-Encoding: chunked", body="5\r\nabc"),
    "a body of a GET": asking("GET /healthz", "Content-Length: 1000", body="x"),
    "a body that nobody wants": asking("PUT /nowhere", "Content-Length: 1000", body="x"),
    "a second request": asking("GET /healthz") + "GET /health",
}


async def test_slow_clients_are_let_go_and_hold_nobody_up(tight: str, slack: FakeSlack) -> None:
    strangers = [await Stranger.of(tight, begun) for begun in SLOW.values() for _ in range(25)]
    await assert_slack_gets_through(slack)
    await asyncio.gather(*(stranger.answer() for stranger in strangers))


async def test_an_answer_that_nobody_reads(tight: str, slack: FakeSlack) -> None:
    line = socket.socket()
    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    line.connect(("127.0.0.1", int(tight.rpartition(":")[2])))
    _, writer = await asyncio.open_connection(sock=line, limit=1)
    requests = (asking("GET /nowhere") * 1000).encode()
    with pytest.raises(ConnectionError):
        async with asyncio.timeout(8):
            while True:  # until the answers fit in no buffer any more, and the bot has waited long enough
                writer.write(requests)
                await writer.drain()
    assert (await slack.command("help")).status == 200


@asynccontextmanager
async def narrow(served: web.Application, bounds: Bounds) -> AsyncIterator[str]:
    """A door, and its URL, over connections whose buffers are full after a few kilobytes."""
    runner = web.AppRunner(served)
    await runner.setup()
    server = await listen(runner, "127.0.0.1", 0, bounds)
    server.sockets[0].setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 2048)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        await runner.cleanup()


def watched(bounds: Bounds) -> web.Application:
    """The bot's, of which nobody asks anything but how it is."""
    return application(None, "", "", Health(Workspaces(0), [], None, Clock()), bounds)


def files() -> int:
    """Count those that this process has open."""
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


class Deaf:
    """Strangers that ask for a page of `/metrics`, which is some 20 KB, and don't read it."""

    def __init__(self, url: str, count: int, *headers: str) -> None:
        self._before = files() + count
        self._lines = [socket.socket() for _ in range(count)]
        for line in self._lines:
            line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
            line.connect(("127.0.0.1", int(url.rpartition(":")[2])))
            line.send(asking("GET /metrics", *headers).encode())

    async def __aenter__(self) -> Deaf:
        await self.held(lambda count: count > 0)
        return self

    async def held(self, enough: Callable[[int], bool]) -> None:
        """Until the bot has so many files for them."""
        await until(lambda: enough(files() - self._before))

    async def __aexit__(self, *_: object) -> None:
        for line in self._lines:
            line.close()


@pytest.mark.parametrize("headers", [(), ("Connection: close",)], ids=["kept", "closed"])
async def test_a_short_answer_that_nobody_reads(headers: tuple[str, ...]) -> None:
    """The bot has closed the connection, and has the answer still to send."""
    async with narrow(watched(TIGHT), TIGHT) as url, Deaf(url, 25, *headers) as deaf:
        await deaf.held(lambda count: count == 0)


async def test_connections_whose_answers_nobody_reads_are_counted() -> None:
    bounds = Bounds(connections=10, answer_s=60.0)
    async with narrow(watched(bounds), bounds) as url, Deaf(url, 25, "Connection: close") as deaf:
        await deaf.held(lambda count: count == 10)
        assert await health(url, "/healthz") == "ok\n"


async def test_an_answer_that_nobody_reads_is_not_waited_for_at_the_end() -> None:
    bounds = Bounds(answer_s=60.0)
    async with asyncio.timeout(20), AsyncExitStack() as strangers, narrow(watched(bounds), bounds) as url:
        await strangers.enter_async_context(Deaf(url, 3))


async def test_a_long_body_takes_turns_with_others() -> None:
    turns, loop, kilobytes = 0, asyncio.get_running_loop(), 60

    def turn() -> None:
        nonlocal turns
        turns += 1
        loop.call_soon(turn)

    async with narrow(watched(TIGHT), TIGHT) as url:
        stranger = await Stranger.of(url)
        size = kilobytes * 1024
        stranger.writer.write(asking("PUT /healthz", f"Content-Length: {size}", body="x" * size).encode())
        assert stranger.writer.transport.get_write_buffer_size() == 0  # all is on its way
        turn()
        assert (await stranger.answer()).startswith("HTTP/1.1 405 ")
        assert turns > kilobytes / 4


async def test_slack_gets_through_when_somebody_holds_all_there_are(settings: Settings, slack: FakeSlack) -> None:
    async with at_work(settings, slack, bounds=Bounds(connections=20)) as started:
        strangers = [await Stranger.of(started.url, "P") for _ in range(50)]
        await assert_slack_gets_through(slack)
        ended = [asyncio.create_task(stranger.answer(20)) for stranger in strangers]
        done, held = await asyncio.wait(ended, timeout=0.2)
        assert 0 < len(held) < 20 < len(done)
        for each in held:
            each.cancel()


async def test_slack_gets_through_when_all_there_are_wait_for_the_database(
    settings: Settings, slack: FakeSlack, tmp_path: Path
) -> None:
    async with at_work(settings, slack, bounds=Bounds(connections=5)) as started:
        other = sqlite3.connect(tmp_path / "bot.db", isolation_level=None, check_same_thread=False)
        await asyncio.to_thread(other.execute, "BEGIN EXCLUSIVE")  # the bot has to go on meanwhile
        strangers = []
        for _ in range(12):
            strangers.append(await Stranger.of(started.url, asking("GET /readyz")))
            assert await health(started.url, "/healthz") == "ok\n"  # so what came before it has been read
        await assert_slack_gets_through(slack)
        answers = await asyncio.gather(*(stranger.answer(20) for stranger in strangers))
        other.close()
        async with asyncio.timeout(8):
            while await health(started.url, "/readyz") != "ready\n":
                await asyncio.sleep(0.05)
    assert answers[:7] == [""] * 7 and answers[-1].endswith("\r\n\r\nready\nalerts wait: the database doesn't answer\n")


def signed(events: Callable[[], Awaitable[None]], bounds: Bounds) -> web.Application:
    """A door at which all that comes is Slack's."""

    async def handle(request: web.Request) -> web.Response:
        mark_authenticated(request)
        await events()
        return web.Response(text="ok")

    served = web.Application(middlewares=[bounded(bounds)])
    served.on_response_prepare.append(finish_response)
    served.router.add_post("/slack/events", handle)
    return served


async def test_slacks_request_is_answered_when_others_need_room() -> None:
    bounds, begun, let = Bounds(connections=1, all_bytes=1_000), asyncio.Event(), asyncio.Event()

    async def events() -> None:
        begun.set()
        await let.wait()

    async with narrow(signed(events, bounds), bounds) as url:
        request = asking("POST /slack/events", "Connection: close", "Content-Length: 900", body="x" * 900)
        slacks = await Stranger.of(url, request)
        await begun.wait()
        assert [await answer_to(url, text) for text in ("P" * 500, "P" * 500)] == [""] * 2
        let.set()
        assert (await slacks.answer()).endswith("\r\n\r\nok")


async def test_a_connection_that_slack_has_used_outlives_those_of_strangers() -> None:
    """A balancer keeps it for the next request."""
    bounds = Bounds(connections=5)
    async with narrow(signed(lambda: asyncio.sleep(0), bounds), bounds) as url:
        request = asking("POST /slack/events", "Content-Length: 2", body="xx")
        balancer = await Stranger.of(url, request)
        assert (await balancer.reader.readuntil(b"ok")).startswith(b"HTTP/1.1 200 ")
        strangers = [await Stranger.of(url, "P") for _ in range(8)]
        assert [await each.answer() for each in strangers[:4]] == [""] * 4
        balancer.writer.write(request.encode())
        assert (await balancer.reader.readuntil(b"ok")).startswith(b"HTTP/1.1 200 ")
        for each in (*strangers, balancer):
            each.writer.close()


async def test_who_brings_most_goes_when_all_bring_too_much(settings: Settings, slack: FakeSlack) -> None:
    async with at_work(settings, slack, bounds=Bounds(body_s=60.0, all_bytes=2 * MB)) as started:
        small = await Stranger.of(started.url, asking("POST /slack/events", "Content-Length: 1000"))
        large = asking("POST /slack/events", f"Content-Length: {MB}", body="x" * (MB - 1))
        ended = []
        for _ in range(10):
            stranger = await Stranger.of(started.url, large)
            ended.append(asyncio.create_task(stranger.answer(20)))
        await until(lambda: sum(each.done() for each in ended) >= 8)
        await assert_slack_gets_through(slack)
        small.writer.write(b"x" * 1000)
        assert (await small.reader.readline()).startswith(b"HTTP/1.1 401 ")
        small.writer.close()
        for each in ended:
            each.cancel()


async def test_only_slacks_connections_rest(bot: str, slack: FakeSlack) -> None:
    """One that rests holds the request before."""
    for line in ("GET /healthz", "GET /nowhere", "POST /slack/events"):
        assert "\r\nConnection: close\r\n" in await answer_to(bot, asking(line))
    await slack.command("help")
    body, headers = slack.sent
    lines = [f"{name}: {value}" for name, value in {**headers, "Content-Length": len(body)}.items()]
    again = asking("POST /slack/events", *lines, body=body.decode())
    stranger = await Stranger.of(bot)
    for _ in range(2):
        stranger.writer.write(again.encode())
        answer = (await stranger.reader.readuntil(b"\r\n\r\n")).decode()
        assert answer.startswith("HTTP/1.1 200 ") and "Connection" not in answer
    stranger.writer.close()


async def test_long_bodies_are_refused_before_they_are_read(tight: str) -> None:
    chunk = f"{MB + 1:x}\r\n" + "x" * (MB + 1)
    for request in (
        asking("POST /slack/events", f"Content-Length: {MB + 1}"),
        asking("GET /healthz", f"Content-Length: {MB + 1}"),
        asking("POST /slack/events", "Transfer-Encoding: chunked", body=chunk),
        asking("GET /readyz", "Transfer-Encoding: chunked", body=chunk),
    ):
        assert (await answer_to(tight, request)).startswith("HTTP/1.1 413 "), request[:80]
    request = asking("GET /healthz", "Connection: close", f"Content-Length: {MB}", body="x" * MB)
    assert (await answer_to(tight, request)).startswith("HTTP/1.1 200 ")


async def test_connections_are_fewer_than_the_files_there_may_be(
    slack: FakeSlack, hms: FakeHms, capfd: pytest.CaptureFixture[str]
) -> None:
    """In a process of its own, which may open few files: none is missing for Slack, the database and the rest."""
    async with BotProcess(slack, hms, hms.url) as bot:
        await bot.start()
        resource.prlimit(bot.pid, resource.RLIMIT_NOFILE, (100, 400))
        assert await bot.ready()
        strangers = [await Stranger.of(bot.url, "P") for _ in range(450)]
        assert (await slack.command("active")).status == 200
        assert "No sessions match" in (await slack.reply()).plain
        for each in strangers:
            each.writer.close()
    logged = capfd.readouterr().err
    assert logged.count("few_files files=400 wanted=2500 connections=200") == 1
    assert "socket.accept" not in logged and " error " not in logged


def test_a_process_may_open_the_files_that_its_connections_need() -> None:
    """In a process of its own: what it may can't be taken back."""
    code = (
        "import resource as r; from bot.web.connections import BOUNDS, allow_files; kind = r.RLIMIT_NOFILE;"
        "most = r.getrlimit(kind)[1]; r.setrlimit(kind, (1_024, most)); allow_files(BOUNDS); print(r.getrlimit(kind)[0]);"
        "r.setrlimit(kind, (1_024, 1_500)); print(allow_files(BOUNDS).connections, *r.getrlimit(kind))"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said == "2500\n1000 1500 1500\n"
