"""Socket Mode: what happens to the connections, and that nobody who types a command notices."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from bot.app import running
from bot.demo.fake_hms import Account, FakeHms, Stall
from bot.demo.fake_slack import ApiError, FakeSlack, HttpError, RateLimited
from bot.net.retry_budget import RetryBudget
from bot.settings import Settings
from bot.slack.socket import Times
from tests.live import fill, logged, shown, until

QUICK = Times(linger_s=5.0, waits=RetryBudget(first_wait_s=0.02, longest_wait_s=0.1))
WATCHFUL = replace(QUICK, hello_s=0.8, heartbeat_s=0.6, silence_s=0.8)


@pytest.fixture
async def socket_bot(settings: Settings, slack: FakeSlack) -> AsyncIterator[str]:
    slack.socket_mode.grace_s = 0.5
    async with running(settings, "socket", times=QUICK) as started:
        await slack.wait_for(lambda: slack.sockets == 2)
        yield started.url


def helps(slack: FakeSlack) -> int:
    return sum("Filters" in message.plain for message in slack.ephemerals())


async def burst(slack: FakeSlack, commands: int, over_s: float) -> None:
    """Sends so many commands, at even distances; each has to be acknowledged, and answered once."""

    async def one(number: int) -> int | None:
        await asyncio.sleep(over_s * number / commands)
        return (await slack.command("help")).status

    assert await asyncio.gather(*map(one, range(commands))) == [200] * commands
    await slack.wait_for(lambda: helps(slack) >= commands, timeout_s=30)
    await asyncio.sleep(0.05)
    assert helps(slack) == commands


async def test_commands_at_every_moment_of_a_refresh_are_answered_once(socket_bot: str, slack: FakeSlack) -> None:
    async def refreshes() -> None:
        for reason in ("warning", "refresh_requested", "warning"):
            await slack.socket_mode.refresh(reason=reason, only=0)
            await slack.wait_for(lambda: slack.sockets == 2)

    refreshing = asyncio.create_task(refreshes())
    await burst(slack, 150, over_s=1.8)
    await refreshing


async def test_both_refreshed_at_once(socket_bot: str, slack: FakeSlack) -> None:
    refreshing = asyncio.create_task(slack.refresh_sockets())
    await burst(slack, 100, over_s=0.8)
    await refreshing
    await slack.wait_for(lambda: slack.sockets == 2)


async def test_the_next_is_open_before_the_last_goes(socket_bot: str, slack: FakeSlack) -> None:
    slack.socket_mode.grace_s = 5.0
    refreshing = asyncio.create_task(slack.socket_mode.refresh(reason="warning"))
    await slack.wait_for(lambda: slack.sockets == 4)
    refreshing.cancel()


async def test_an_envelope_that_comes_twice_is_acknowledged_twice_and_run_once(
    socket_bot: str, slack: FakeSlack
) -> None:
    slack.socket_mode.twice = True
    await burst(slack, 5, over_s=0.1)
    assert (await slack.event({"type": "app_home_opened", "user": "U1"})).status == 200


async def test_an_envelope_that_cannot_be_read_breaks_nothing(socket_bot: str, slack: FakeSlack) -> None:
    payloads: list[Any] = [{"type": "event_callback", "event": None}, {"actions": 1}, {}, [], None, "x"]
    for payload in payloads:
        assert (await slack.socket_mode.deliver("events_api", payload, 3.0, None)).status == 200, payload
    for text in ("", "nonsense", "[]", "null", "{}", '{"type": "other"}', '{"envelope_id": 1}'):
        await slack.socket_mode.write(text)
    await burst(slack, 4, over_s=0)
    assert slack.socket_mode.opened == 2
    slack.violations.clear()  # of a number as an id


@pytest.mark.parametrize("answers", [False, True])
async def test_a_silent_connection_is_replaced(settings: Settings, slack: FakeSlack, answers: bool) -> None:
    slack.socket_mode.ping_every_s = 0.1
    async with running(settings, "socket", times=WATCHFUL):
        await slack.wait_for(lambda: slack.sockets == 2)
        slack.socket_mode.silence(answers=answers)
        acks = await asyncio.gather(slack.command("help"), slack.command("help"))  # one of them over the silent one
        assert [ack.status for ack in acks] == [200, 200]
        assert slack.socket_mode.redelivered >= 1  # on a busy machine the other one may seem silent too


async def test_a_connection_without_hello_and_one_too_many(
    settings: Settings, slack: FakeSlack, caplog: pytest.LogCaptureFixture
) -> None:
    slack.socket_mode.coming.extend(["no_hello", "too_many_websockets", "too_many_websockets"])
    async with running(settings, "socket", times=WATCHFUL):
        await slack.wait_for(lambda: slack.sockets == 2)
    causes = [fields["cause"] for fields in logged(caplog, "socket_failed")]
    assert sorted(causes) == ["no hello", "too_many_websockets", "too_many_websockets"]


async def test_rate_limits_are_waited_out(socket_bot: str, slack: FakeSlack) -> None:
    """By both connections: the stand-in takes a request before the time is over for a breach."""
    slack.fail("apps.connections.open", RateLimited(1), ApiError("internal_error"))
    slack.socket_mode.grace_s = 0.2
    await slack.socket_mode.refresh(only=0)
    await slack.socket_mode.refresh(only=0)  # the other one, while the first is still waiting
    await slack.wait_for(lambda: slack.sockets == 2)


async def test_socket_mode_switched_off_is_said_once(
    socket_bot: str, slack: FakeSlack, caplog: pytest.LogCaptureFixture
) -> None:
    slack.socket_mode.coming.extend(["link_disabled"] * 6)
    await slack.socket_mode.refresh(reason="link_disabled")
    await slack.wait_for(lambda: slack.sockets == 2)  # and on again
    assert [each.levelno for each in caplog.records if each.getMessage() == "socket_mode_off"] == [logging.ERROR]


async def test_an_app_token_that_is_refused_later_is_said_once(
    socket_bot: str, slack: FakeSlack, caplog: pytest.LogCaptureFixture
) -> None:
    slack.fail("apps.connections.open", *[ApiError("token_revoked")] * 6)
    await slack.socket_mode.refresh(reason="warning")
    await slack.wait_for(lambda: slack.socket_mode.opened == 4)  # and a token that is taken
    assert logged(caplog, "app_token_refused") == [{"cause": "token_revoked"}] and not logged(caplog, "socket_failed")
    assert ("bot", logging.ERROR, "app_token_refused") in caplog.record_tuples


@pytest.mark.parametrize("body", ['{"ok": tr', "[]"])
async def test_an_answer_that_cannot_be_read_is_a_fault_like_others(
    socket_bot: str, slack: FakeSlack, caplog: pytest.LogCaptureFixture, body: str
) -> None:
    slack.fail("apps.connections.open", *[HttpError(200, body, content_type="application/json")] * 2)
    await slack.socket_mode.refresh(reason="warning")
    await slack.wait_for(lambda: slack.socket_mode.opened == 4)
    causes = [fields["cause"] for fields in logged(caplog, "socket_failed")]
    assert causes == ["status 200"] * 2


async def test_what_is_acknowledged_is_answered_when_the_bot_stops(
    slack: FakeSlack, hms: FakeHms, settings: Settings, account: Account
) -> None:
    sessions = fill(account, 3)
    hms.fail("/sessions*", *[Stall(0.3)] * 200)
    acks: list[int | None] = []
    slack.ack_timeout_s = 1.0

    async def types() -> None:
        while not acks or acks[-1] == 200:
            acks.append((await slack.command("active")).status)

    async with running(settings, "socket", times=QUICK):
        await slack.wait_for(lambda: slack.sockets == 2)
        typing = asyncio.gather(*(types() for _ in range(5)))
        await until(lambda: len(acks) >= 10)
    await typing
    answers = [message for message in slack.ephemerals() if message.user != "USLACKBOT"]
    assert [shown(each) for each in answers] == [[session.id for session in sessions]] * acks.count(200)
    assert slack.socket_mode.close_codes == [1000, 1000]
    late = "/sessions: not acknowledged within 1 s"  # nobody was there any more
    slack.violations[:] = [each for each in slack.violations if each != late]
