"""What strangers can do to the HTTP door, and what Slack can do meanwhile."""

from __future__ import annotations

import asyncio
import logging
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from multidict import CIMultiDict

from bot.app import running
from bot.demo.fake_hms import Account, FakeHms, WrongTypes
from bot.demo.fake_slack import FakeSlack
from bot.demo.fake_slack.dispatch import signed
from bot.settings import Settings
from bot.web.connections import Bounds
from tests.conftest import ROOT
from tests.slack.live import fill, subscribe

TIGHT = Bounds(headers_s=0.4, body_s=0.4, answer_s=0.4, rest_s=1.0)
MB = 1024**2
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class Stranger:
    """A bare connection to the bot."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    @classmethod
    async def of(cls, url: str, text: str = "") -> Stranger:
        stranger = cls(*await asyncio.open_connection(*url.removeprefix("http://").split(":")))
        stranger.writer.write(text.encode())
        return stranger

    async def answer(self, within_s: float = 5.0) -> str:
        """All that comes until the bot closes the connection."""
        try:
            async with asyncio.timeout(within_s):
                return (await self.reader.read()).decode()
        except ConnectionError:
            return ""
        finally:
            self.writer.close()


@pytest.fixture
async def tight(settings: Settings, slack: FakeSlack) -> AsyncIterator[str]:
    """The bot, with little time for strangers."""
    async with running(settings, "web", bounds=TIGHT) as started:
        slack.bot_events_url = f"{started.url}/slack/events"
        yield started.url


SLOW = {
    "nothing": "",
    "a byte": "P",
    "headers": "POST /slack/events HTTP/1.1\r\nHost: bot\r\nX-Slow: ",
    "a body": "POST /slack/events HTTP/1.1\r\nHost: bot\r\nContent-Length: 1000\r\n\r\nx",
    "chunks": "POST /slack/events HTTP/1.1\r\nHost: bot\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc",
    "a body of a GET": "GET /healthz HTTP/1.1\r\nHost: bot\r\nContent-Length: 1000\r\n\r\nx",
    "a body that nobody wants": "PUT /nowhere HTTP/1.1\r\nHost: bot\r\nContent-Length: 1000\r\n\r\nx",
    "a second request": "GET /healthz HTTP/1.1\r\nHost: bot\r\n\r\nGET /health",
}


@pytest.mark.parametrize("begun", SLOW.values(), ids=SLOW)
async def test_slow_clients_are_let_go_and_hold_nobody_up(tight: str, slack: FakeSlack, begun: str) -> None:
    strangers = [await Stranger.of(tight, begun) for _ in range(200)]
    assert (await slack.command("help")).status == 200
    assert "Filters" in (await slack.reply()).plain
    await asyncio.gather(*(stranger.answer() for stranger in strangers))


async def test_an_answer_that_nobody_reads(tight: str, slack: FakeSlack) -> None:
    line = socket.socket()
    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    line.connect(("127.0.0.1", int(tight.rpartition(":")[2])))
    _, writer = await asyncio.open_connection(sock=line, limit=1)
    asking = ("GET /nowhere HTTP/1.1\r\nHost: bot\r\n\r\n" * 1000).encode()
    with pytest.raises(ConnectionError):
        async with asyncio.timeout(8):
            while True:  # until the answers fit in no buffer any more, and the bot has waited long enough
                writer.write(asking)
                await writer.drain()
    assert (await slack.command("help")).status == 200


async def test_slack_gets_through_when_somebody_holds_all_there_are(settings: Settings, slack: FakeSlack) -> None:
    async with running(settings, "web", bounds=Bounds(connections=20)) as started:
        slack.bot_events_url = f"{started.url}/slack/events"
        strangers = [await Stranger.of(started.url, "P") for _ in range(50)]
        assert (await slack.command("help")).status == 200
        assert "Filters" in (await slack.reply()).plain
        ended = [asyncio.create_task(stranger.answer(20)) for stranger in strangers]
        done, held = await asyncio.wait(ended, timeout=0.2)
        assert 0 < len(held) < 20 < len(done)
        for each in held:
            each.cancel()


LONG = {
    "said": ("POST /slack/events", f"Content-Length: {MB + 1}\r\n\r\n"),
    "said of a GET": ("GET /healthz", f"Content-Length: {MB + 1}\r\n\r\n"),
    "in chunks": ("POST /slack/events", "Transfer-Encoding: chunked\r\n\r\n" + f"{MB + 1:x}\r\n" + "x" * (MB + 1)),
    "of a GET, in chunks": ("GET /readyz", "Transfer-Encoding: chunked\r\n\r\n" + f"{MB + 1:x}\r\n" + "x" * (MB + 1)),
}


@pytest.mark.parametrize(("line", "rest"), LONG.values(), ids=LONG)
async def test_long_bodies_are_refused_before_they_are_read(tight: str, line: str, rest: str) -> None:
    stranger = await Stranger.of(tight, f"{line} HTTP/1.1\r\nHost: bot\r\n{rest}")
    assert (await stranger.answer()).startswith("HTTP/1.1 413 ")


async def test_a_body_of_a_megabyte_is_read(tight: str) -> None:
    head = f"GET /healthz HTTP/1.1\r\nHost: bot\r\nConnection: close\r\nContent-Length: {MB}\r\n\r\n"
    assert (await (await Stranger.of(tight, head + "x" * MB)).answer()).startswith("HTTP/1.1 200 ")


@pytest.mark.parametrize(
    ("asked", "answered"),
    [
        ("GET /healthz", "200 OK"),
        ("HEAD /healthz", "200 OK"),
        ("HEAD /readyz", "200 OK"),
        ("GET /slack/events", "405 Method Not Allowed"),
        ("DELETE /healthz", "405 Method Not Allowed"),
        ("PROPFIND /healthz", "405 Method Not Allowed"),
        ("GET /", "404 Not Found"),
        ("GET /.env", "404 Not Found"),
        ("POST /slack/events", "401 Unauthorized"),
        ("<script> </script>", "400 Bad Request"),
    ],
)
async def test_answers_are_short_and_say_nothing_of_what_runs_here(
    tight: str, asked: str, answered: str, caplog: pytest.LogCaptureFixture
) -> None:
    stranger = await Stranger.of(tight, f"{asked} HTTP/1.1\r\nHost: bot\r\nConnection: close\r\n\r\n")
    answer = await stranger.answer()
    assert answer.partition("\r\n")[0].partition(" ")[2] == answered
    assert len(answer) < 300
    assert not any(word in answer for word in ("aiohttp", "Python", "script", "PROPFIND", ".env"))
    assert not [each for each in caplog.records if each.levelno >= logging.ERROR]


async def test_health_says_nothing_private(
    settings: Settings, slack: FakeSlack, hms: FakeHms, account: Account
) -> None:
    fill(account, 3, room=account.add_room("Merger with Initech"))
    async with running(settings.model_copy(update={"poll_interval_s": 1.0}), "web") as started:
        slack.bot_events_url = f"{started.url}/slack/events"
        await subscribe(slack, 'room:"Merger with Initech"', channel="live-ops")
        hms.fail_always("/sessions*", WrongTypes())
        said = [await health(started.url, "/healthz"), await health(started.url, "/readyz")]
        async with asyncio.timeout(10):
            while said[-1] == "ready\n":
                await asyncio.sleep(0.1)
                said[-1] = await health(started.url, "/readyz")
    assert said[0] == "ok\n"
    assert re.fullmatch(r"ready\nalerts wait: 100ms was last read \d+ s ago \(HmsBadReply\)\n", said[1])


async def health(url: str, path: str) -> str:
    stranger = await Stranger.of(url, f"GET {path} HTTP/1.1\r\nHost: bot\r\nConnection: close\r\n\r\n")
    return (await stranger.answer()).partition("\r\n\r\n")[2]


@pytest.fixture
async def unheard(bot: str, slack: FakeSlack) -> AsyncIterator[bytes]:
    """A command that could be answered, and must not be."""
    await slack.command("help")
    await slack.reply()
    yield slack.sent[0].replace(b"trigger_id=", b"trigger_id=1")
    await asyncio.sleep(0.1)
    assert len(slack.ephemerals()) == 1


@pytest.mark.parametrize("age_s", [301, 3600, -302, -3600])
async def test_old_and_future_requests_are_refused(slack: FakeSlack, unheard: bytes, age_s: int) -> None:
    ack = await slack.post_raw(unheard, FORM | signed(slack.signing_secret, unheard, time.time() - age_s))
    assert ack.status == 401


STAMPS = [None, "", "yesterday", "1e9", "NaN", "-1", "9" * 400, "9" * 5_000, "1_764_000_000", "é"]


@pytest.mark.parametrize("stamp", STAMPS)
async def test_timestamps_that_are_none(slack: FakeSlack, unheard: bytes, stamp: str | None) -> None:
    headers = FORM | signed(slack.signing_secret, unheard, time.time())
    del headers["X-Slack-Request-Timestamp"]
    headers |= {} if stamp is None else {"X-Slack-Request-Timestamp": stamp}
    assert (await slack.post_raw(unheard, headers)).status == 401


@pytest.mark.parametrize("signature", [None, "", "v0=", "v0=é", "v0=" + "0" * 64])
async def test_signatures_that_are_none(slack: FakeSlack, unheard: bytes, signature: str | None) -> None:
    headers = FORM | signed(slack.signing_secret, unheard, time.time())
    del headers["X-Slack-Signature"]
    headers |= {} if signature is None else {"X-Slack-Signature": signature}
    assert (await slack.post_raw(unheard, headers)).status == 401


@pytest.mark.parametrize("twice", ["X-Slack-Signature", "X-Slack-Request-Timestamp"])
async def test_several_signatures_or_times(slack: FakeSlack, unheard: bytes, twice: str) -> None:
    good = FORM | signed(slack.signing_secret, unheard, time.time())
    for others in ([(twice, "v0=0")], [(twice, good[twice])]):
        for headers in ([*good.items(), *others], [*others, *good.items()]):
            assert (await slack.post_raw(unheard, CIMultiDict(headers))).status == 401


async def test_a_request_that_is_sent_again_is_run_once(bot: str, slack: FakeSlack) -> None:
    await slack.command("help")
    reply = await slack.reply()
    assert (await slack.post_raw(*slack.sent)).status == 200
    await slack.act(reply, action_id="sessions.gone", value="x")
    await slack.reply()
    assert (await slack.post_raw(*slack.sent)).status == 200
    await asyncio.sleep(0.1)
    assert len(slack.ephemerals()) == 2


async def test_an_event_that_slack_retries_is_heard_once(
    bot: str, slack: FakeSlack, caplog: pytest.LogCaptureFixture
) -> None:
    await subscribe(slack)
    for retry_num in (None, 1, 2):
        event = {"type": "channel_unarchive", "channel": slack.workspace.channel("live-ops").id, "user": "U1"}
        assert (await slack.event(event, event_id="Ev1", retry_num=retry_num)).status == 200
    assert [each.getMessage() for each in caplog.records].count("repeated") == 2


async def test_connections_are_fewer_than_the_files_there_may_be(
    slack: FakeSlack, settings: Settings, hms: FakeHms, tmp_path: Path
) -> None:
    """In a process of its own, which may open few files: none is missing for Slack, the database and the rest."""
    environment = {
        "SLACK_BOT_TOKEN": slack.bot_token,
        "SLACK_SIGNING_SECRET": slack.signing_secret,
        "SLACK_API_URL": slack.api_url,
        "HMS_ACCESS_KEY": hms.access_key,
        "HMS_SECRET": hms.secret,
        "HMS_API_URL": hms.url,
        "DATABASE_URL": settings.database_url,
        "HOST": "127.0.0.1",
        "PORT": "0",
    }
    code = (
        "import resource as r, runpy, sys; r.setrlimit(r.RLIMIT_NOFILE, (100, 400)); sys.argv = ['bot', 'web'];"
        "runpy.run_module('bot', run_name='__main__')"
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, cwd=ROOT, env=os.environ | environment, stderr=asyncio.subprocess.PIPE
    )
    assert process.stderr
    begun = ""
    try:
        while " listening " not in begun:
            begun += (await asyncio.wait_for(process.stderr.readline(), 20)).decode()
        assert begun.count("few_files files=400 wanted=2500 connections=200") == 1
        url = begun.partition("url=")[2].strip()
        strangers = [await Stranger.of(url, "P") for _ in range(450)]
        slack.bot_events_url = f"{url}/slack/events"
        assert (await slack.command("active")).status == 200
        assert "No sessions match" in (await slack.reply()).plain
        for each in strangers:
            each.writer.close()
    finally:
        process.terminate()
        rest = (await process.communicate())[1].decode()
    assert "socket.accept" not in rest and " error " not in rest


def test_a_process_may_open_the_files_that_its_connections_need() -> None:
    """In a process of its own: what it may can't be taken back."""
    code = (
        "import resource as r; from bot.web.connections import BOUNDS, allow_files; kind = r.RLIMIT_NOFILE;"
        "most = r.getrlimit(kind)[1]; r.setrlimit(kind, (1_024, most)); allow_files(BOUNDS); print(r.getrlimit(kind)[0]);"
        "r.setrlimit(kind, (1_024, 1_500)); print(allow_files(BOUNDS).connections, *r.getrlimit(kind))"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said == "2500\n1000 1500 1500\n"
