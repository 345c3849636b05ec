"""The HTTP door: what strangers can learn and do there."""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
from multidict import CIMultiDict

from bot.demo.fake_hms import Account, FakeHms, WrongTypes
from bot.demo.fake_slack import FakeSlack
from bot.demo.fake_slack.dispatch import signed
from bot.settings import Settings
from tests.live import fill, subscribe
from tests.web.strangers import answer_to, asking, health
from tests.work import at_work

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


ANSWERS = {
    "GET /healthz": "200 OK",
    "HEAD /healthz": "200 OK",
    "HEAD /readyz": "200 OK",
    "GET /slack/events": "405 Method Not Allowed",
    "DELETE /healthz": "405 Method Not Allowed",
    "PROPFIND /healthz": "405 Method Not Allowed",
    "GET /": "404 Not Found",
    "GET /.env": "404 Not Found",
    "POST /slack/events": "401 Unauthorized",
    "<script> </script>": "400 Bad Request",
}


async def test_answers_are_short_and_say_nothing_of_what_runs_here(bot: str, caplog: pytest.LogCaptureFixture) -> None:
    answers = {line: await answer_to(bot, asking(line, "Connection: close")) for line in ANSWERS}
    assert {line: answer.partition("\r\n")[0].partition(" ")[2] for line, answer in answers.items()} == ANSWERS
    for answer in answers.values():
        assert len(answer) < 300
        assert not any(word in answer for word in ("aiohttp", "Python", "script", "PROPFIND", ".env"))
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


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


def refusals(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    return [record.fields for record in caplog.records if record.getMessage() == "request_refused"]  # type: ignore[attr-defined]


@pytest.mark.parametrize("age_s", [301, 3600, -302, -3600])
async def test_old_and_future_requests_are_refused(
    bot: str, slack: FakeSlack, unheard: bytes, age_s: int, caplog: pytest.LogCaptureFixture
) -> None:
    """It is Slack that sends them, so it is a clock that is wrong."""
    ack = await slack.post_raw(unheard, FORM | signed(slack.signing_secret, unheard, time.time() - age_s))
    assert ack.status == 401
    (fields,) = refusals(caplog)
    assert (fields["cause"], abs(fields["off_s"] - age_s) <= 2) == ("clock", True)
    assert 'sessions_bot_requests_refused_total{cause="clock"}' in await health(bot, "/metrics")


async def test_an_old_request_with_another_signature_is_a_strangers(
    slack: FakeSlack, unheard: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    ack = await slack.post_raw(unheard, FORM | signed("another secret", unheard, time.time() - 3_600))
    assert ack.status == 401
    assert refusals(caplog) == [{"cause": "signature", "count": 1}]


STAMP, SIGNATURE = "X-Slack-Request-Timestamp", "X-Slack-Signature"
NONE = [
    *((STAMP, value) for value in ("", "yesterday", "1e9", "NaN", "-1", "9" * 400, "9" * 5_000, "1_764_000_000", "é")),
    *((SIGNATURE, value) for value in ("", "v0=", "v0=é", "v0=" + "0" * 64)),
]


async def test_signatures_and_times_that_are_none_missing_or_several(slack: FakeSlack, unheard: bytes) -> None:
    good = FORM | signed(slack.signing_secret, unheard, time.time())
    wrong: list[CIMultiDict[str]] = [CIMultiDict(good | {name: value}) for name, value in NONE]
    for name in (STAMP, SIGNATURE):
        wrong.append(CIMultiDict({each: value for each, value in good.items() if each != name}))
        for other in ((name, "v0=0"), (name, good[name])):
            wrong += [CIMultiDict([*good.items(), other]), CIMultiDict([other, *good.items()])]
    assert [(await slack.post_raw(unheard, headers)).status for headers in wrong] == [401] * 23


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
