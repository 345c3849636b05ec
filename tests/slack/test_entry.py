"""Both ways in, health, start and stop."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from bot.app import running
from bot.demo.fake_hms import Account, FakeHms, Stall
from bot.demo.fake_slack import ApiError, FakeSlack, HttpError, RateLimited
from bot.errors import ConfigError
from bot.settings import Settings
from tests.conftest import ROOT
from tests.live import asked, fill, logged, press, say, shown, until
from tests.work import at_work


@pytest.fixture
async def socket_bot(settings: Settings, slack: FakeSlack) -> AsyncIterator[str]:
    """The bot in Socket Mode: Slack reaches it only through its sockets."""
    async with running(settings, "socket") as started:
        await slack.wait_for(lambda: slack.sockets)
        yield started.url


async def get(url: str) -> tuple[int, str]:
    async with httpx.AsyncClient() as http:
        answer = await http.get(url)
        return answer.status_code, answer.text


async def test_socket_mode_has_the_same_features(socket_bot: str, slack: FakeSlack, account: Account) -> None:
    sessions = fill(account, 15)
    ack = await slack.command("active")
    assert ack.status == 200 and ack.elapsed_s < 1
    reply = await slack.reply()
    assert shown(reply) == [session.id for session in sessions[:10]]
    reply = await press(slack, reply, "More")
    assert shown(reply) == [session.id for session in sessions[10:]]
    await slack.act(reply, action_id="sessions.gone", value="x")
    assert "another version" in (await slack.reply()).plain
    assert (await slack.event({"type": "app_home_opened", "user": "U1"})).status == 200


async def test_health_in_both_modes(slack: FakeSlack, settings: Settings) -> None:
    for mode in ("web", "socket"):
        async with running(settings, mode) as started:  # type: ignore[arg-type]
            assert await get(f"{started.url}/healthz") == (200, "ok\n")
            assert await get(f"{started.url}/readyz") == (200, "ready\n")
            assert (await get(f"{started.url}/slack/events"))[0] == (405 if mode == "web" else 404)


async def test_slack_is_asked_who_the_bot_is_once_and_at_start(bot: str, slack: FakeSlack) -> None:
    for _ in range(3):
        await slack.command("help")  # Slack's time stands still: a clock that is off is asked about
        await slack.reply()
    assert asked(slack, "auth.test") == 1
    assert slack.calls[0].method == "auth.test"


async def test_a_slack_that_is_down_at_start_is_waited_for(slack: FakeSlack, settings: Settings) -> None:
    slack.fail("auth.test", HttpError(503, "down"))
    async with at_work(settings, slack) as started:
        assert await get(f"{started.url}/readyz") == (503, "waiting for Slack's auth.test\n")
        answer = await say(slack, "help")  # people are told, but it may be another workspace's
        assert "still finding out which workspace" in answer.plain


@pytest.mark.parametrize(
    ("method", "code", "says"),
    [
        ("auth.test", "invalid_auth", "SLACK_BOT_TOKEN"),
        ("apps.connections.open", "invalid_auth", "SLACK_APP_TOKEN"),
        ("apps.connections.open", "missing_scope", r"SLACK_APP_TOKEN.*connections:write"),
    ],
)
async def test_a_refused_token_ends_the_start(
    slack: FakeSlack, settings: Settings, method: str, code: str, says: str
) -> None:
    slack.fail(method, ApiError(code))
    with pytest.raises(ConfigError, match=says):
        async with running(settings, "web" if method == "auth.test" else "socket"):
            pass


async def test_a_token_refused_later_ends_the_bot_too(slack: FakeSlack, settings: Settings) -> None:
    slack.fail("auth.test", HttpError(503, "down"), ApiError("account_inactive"))
    async with running(settings, "web") as started:
        with pytest.raises(ConfigError, match="account_inactive"):
            await asyncio.wait_for(started.starting, 10)


@pytest.mark.parametrize("method", ["auth.test", "apps.connections.open"])
@pytest.mark.parametrize("body", ['{"ok": tr', "[1]", ""])
async def test_an_answer_at_start_that_cannot_be_read_is_waited_out(
    slack: FakeSlack, settings: Settings, caplog: pytest.LogCaptureFixture, method: str, body: str
) -> None:
    slack.fail(method, HttpError(200, body, content_type="application/json"))
    async with running(settings, "socket") as started:
        await until(lambda: "slack_not_ready" in caplog.text)
        assert not started.starting.done()


@pytest.mark.parametrize("method", ["auth.test", "apps.connections.open"])
async def test_at_start_slack_is_asked_again_when_it_says(
    slack: FakeSlack, settings: Settings, caplog: pytest.LogCaptureFixture, method: str
) -> None:
    slack.fail(method, RateLimited(30))
    async with running(settings, "socket"):
        (waited,) = await until(lambda: logged(caplog, "slack_not_ready"))
    assert waited["again_s"] == 30


@asynccontextmanager
async def process(mode: str, tmp_path: Path, hms: FakeHms, **environment: str) -> AsyncIterator[tuple[Process, str]]:
    """The real process, and its URL."""
    environment |= {
        "DATABASE_URL": f"sqlite:///{tmp_path}/bot.db",
        "HMS_ACCESS_KEY": hms.access_key,
        "HMS_SECRET": hms.secret,
        "HMS_API_URL": hms.url,
        "HOST": "127.0.0.1",
        "PORT": "0",
        "LOG_FORMAT": "json",
    }
    started = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot", mode, cwd=ROOT, env=os.environ | environment, stderr=asyncio.subprocess.PIPE
    )
    try:
        assert started.stderr
        while b"listening" not in (line := await asyncio.wait_for(started.stderr.readline(), 10)):
            pass
        yield started, json.loads(line)["url"]
    finally:
        if started.returncode is None:
            started.kill()
            await started.wait()


async def ended(started: Process) -> bytes:
    """Its output until it ended well."""
    assert started.stderr
    assert await asyncio.wait_for(started.wait(), 10) == 0
    return await started.stderr.read()


@pytest.mark.parametrize("mode", ["web", "socket"])
async def test_sigterm_while_slack_is_away(hms: FakeHms, mode: str, tmp_path: Path) -> None:
    slack = {"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_SIGNING_SECRET": "s", "SLACK_APP_TOKEN": "xapp-1"}
    async with process(mode, tmp_path, hms, SLACK_API_URL="http://127.0.0.1:9/", **slack) as (started, _):
        started.send_signal(signal.SIGTERM)
        rest = await ended(started)
    assert b"never retrieved" not in rest and b"Traceback" not in rest


async def test_what_comes_in_while_stopping_is_refused_or_answered(
    slack: FakeSlack, hms: FakeHms, settings: Settings, account: Account
) -> None:
    fill(account, 1)
    hms.fail("/sessions*", Stall(1.0))
    acks = []

    async def late() -> None:
        await asyncio.sleep(0.5)
        acks.append(await slack.command("help"))

    async with at_work(settings, slack):
        acks.append(await slack.command("active"))
        later = asyncio.create_task(late())
    await later
    answered = [message for message in slack.ephemerals() if message.user != "USLACKBOT"]
    assert len(answered) == sum(ack.status == 200 for ack in acks)


async def test_what_was_acknowledged_is_answered_before_the_end(
    slack: FakeSlack, hms: FakeHms, settings: Settings, account: Account
) -> None:
    sessions = fill(account, 3)
    hms.fail("/sessions*", *[Stall(0.5)] * 100)
    async with at_work(settings, slack):
        await asyncio.gather(*(slack.command("active") for _ in range(100)))
    replies = slack.ephemerals()
    assert len(replies) == 100
    assert all(shown(reply) == [session.id for session in sessions] for reply in replies)


async def test_what_cannot_be_answered_in_time_is_said_so(slack: FakeSlack, hms: FakeHms, settings: Settings) -> None:
    hms.fail_always("/sessions*", Stall(60))
    async with at_work(settings, slack, drain_s=0.2):
        await asyncio.gather(*(slack.command("active") for _ in range(80)))
    replies = slack.ephemerals()
    assert len(replies) == 80
    assert all("The bot is restarting" in reply.plain for reply in replies)


async def test_sigterm_with_the_real_process(slack: FakeSlack, hms: FakeHms, account: Account, tmp_path: Path) -> None:
    sessions = fill(account, 3)
    hms.fail("/sessions*", Stall(1.0))
    keys = {"SLACK_BOT_TOKEN": slack.bot_token, "SLACK_SIGNING_SECRET": slack.signing_secret}
    async with process("web", tmp_path, hms, SLACK_API_URL=slack.api_url, **keys) as (started, url):
        slack.bot_events_url = f"{url}/slack/events"
        await slack.command("active")
        started.send_signal(signal.SIGTERM)
        assert shown(await slack.reply()) == [session.id for session in sessions]
        rest = await ended(started)
    assert slack.bot_token.encode() not in rest and hms.secret.encode() not in rest
