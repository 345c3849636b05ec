"""What strangers can learn and do at the HTTP door."""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import AsyncIterator

import pytest
from multidict import CIMultiDict

from bot.demo.fake_hms import Account, FakeHms, WrongTypes
from bot.demo.fake_slack import FakeSlack
from bot.demo.fake_slack.dispatch import signed
from bot.settings import Settings
from tests.live import fill, subscribe
from tests.web.strangers import Stranger, health
from tests.work import at_work

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


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
    bot: str, asked: str, answered: str, caplog: pytest.LogCaptureFixture
) -> None:
    stranger = await Stranger.of(bot, f"{asked} HTTP/1.1\r\nHost: bot\r\nConnection: close\r\n\r\n")
    answer = await stranger.answer()
    assert answer.partition("\r\n")[0].partition(" ")[2] == answered
    assert len(answer) < 300
    assert not any(word in answer for word in ("aiohttp", "Python", "script", "PROPFIND", ".env"))
    assert not [each for each in caplog.records if each.levelno >= logging.ERROR]


async def test_health_says_nothing_private(
    settings: Settings, slack: FakeSlack, hms: FakeHms, account: Account
) -> None:
    fill(account, 3, room=account.add_room("Merger with Initech"))
    async with at_work(settings.model_copy(update={"poll_interval_s": 1.0}), slack) as started:
        await subscribe(slack, 'room:"Merger with Initech"', channel="live-ops")
        hms.fail_always("/sessions*", WrongTypes())
        said = [await health(started.url, "/healthz"), await health(started.url, "/readyz")]
        async with asyncio.timeout(10):
            while said[-1] == "ready\n":
                await asyncio.sleep(0.1)
                said[-1] = await health(started.url, "/readyz")
    assert said[0] == "ok\n"
    assert re.fullmatch(r"ready\nalerts wait: 100ms was last read \d+ s ago \(HmsBadReply\)\n", said[1])


@pytest.fixture
async def unheard(bot: str, slack: FakeSlack) -> AsyncIterator[bytes]:
    """A command that could be answered, and must not be."""
    await slack.command("help")
    await slack.reply()
    yield slack.sent[0].replace(b"trigger_id=", b"trigger_id=1")
    await asyncio.sleep(0.1)
    assert len(slack.ephemerals()) == 1


@pytest.mark.parametrize("age_s", [301, 3600, -302, -3600])
async def test_old_and_future_requests_are_refused(
    bot: str, slack: FakeSlack, unheard: bytes, age_s: int, caplog: pytest.LogCaptureFixture
) -> None:
    """It is Slack that sends them, so it is a clock that is wrong."""
    ack = await slack.post_raw(unheard, FORM | signed(slack.signing_secret, unheard, time.time() - age_s))
    assert ack.status == 401
    (fields,) = [each.fields for each in caplog.records if each.getMessage() == "request_refused"]  # type: ignore[attr-defined]
    assert (fields["cause"], abs(fields["off_s"] - age_s) <= 2) == ("clock", True)
    assert 'sessions_bot_requests_refused_total{cause="clock"}' in await health(bot, "/metrics")


async def test_an_old_request_with_another_signature_is_a_strangers(
    slack: FakeSlack, unheard: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    ack = await slack.post_raw(unheard, FORM | signed("another secret", unheard, time.time() - 3_600))
    assert ack.status == 401
    (fields,) = [each.fields for each in caplog.records if each.getMessage() == "request_refused"]  # type: ignore[attr-defined]
    assert fields == {"cause": "signature", "count": 1}


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
