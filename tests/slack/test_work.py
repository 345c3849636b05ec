"""Bounds that can't be seen from outside without a long wait."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import aiohttp
import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.blockkit.blocks import Message, section
from bot.blockkit.help import help_message
from bot.demo.fake_slack import FakeSlack
from bot.demo.fake_slack.seed import ADA
from bot.net.retry_budget import RetryBudget
from bot.slack.people import Member
from bot.slack.reply import Replies
from bot.slack.reply_to import DirectMessage, ReplyTo
from bot.slack.request import Bot, Request, answer
from bot.slack.work import Work
from bot.workspace import Workspaces
from tests.live import logged, say


class Log(list[Message]):
    """Replies that are only kept."""

    def __init__(self, slow_s: float = 0.0) -> None:
        super().__init__()
        self.slow_s = slow_s

    async def send(self, to: ReplyTo, message: Message, *, replace: bool = False, for_all: bool = False) -> bool:
        await asyncio.sleep(self.slow_s)
        self.append(message)
        return True


class Somebody:
    """People of whom nothing is known."""

    async def of(self, _: str) -> Member:
        return Member("UTC")


def request(replies: Log, work: Work, answer_s: float = 5.0) -> Request:
    nothing: Any = None
    here: Any = SimpleNamespace(team_id="T1", people=Somebody(), replies=replies)
    workspaces = Workspaces(0)
    workspaces.add(here)
    bot = Bot(workspaces, here.replies, work, store=nothing, registry=nothing, settled_s=0, answer_s=answer_s)
    now = datetime.now(UTC)
    return Request(bot, user_id="U1", to=DirectMessage("U1"), now=now, zone="UTC", team_id="T1", home_id="T1")


async def test_so_many_jobs_at_once_and_no_more() -> None:
    work, running, most = Work(at_once=3), 0, 0

    async def job() -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.01)
        running -= 1

    for _ in range(10):
        work.start(answer(request(Log(), work), "test", job()))
    await work.drain(5)
    assert most == 3


async def test_waiting_for_a_place_counts_as_waiting() -> None:
    work, replies = Work(at_once=1), Log()
    for _ in range(3):
        work.start(answer(request(replies, work, 0.05), "test", asyncio.sleep(10)))
    await work.drain(1)
    assert len(replies) == 3 and all("took too long" in message.text for message in replies)


async def test_an_answer_that_is_being_posted_is_not_followed_by_another() -> None:
    work, replies = Work(), Log(slow_s=0.2)
    asked = request(replies, work)

    async def job() -> None:
        await asked.reply(help_message([]))

    work.start(answer(asked, "test", job()))
    await asyncio.sleep(0.05)
    await work.drain(0)
    assert len(replies) == 1 and "restarting" not in replies[0].text


async def test_what_begins_while_stopping_is_waited_for_too() -> None:
    work, replies = Work(), Log()

    async def job(asked: Request, another: bool) -> None:
        await asyncio.sleep(0.05)
        if another:
            later = request(replies, work)
            work.start(answer(later, "test", job(later, False)))
        await asked.reply(help_message([]))

    first = request(replies, work)
    work.start(answer(first, "test", job(first, True)))
    await work.drain(5)
    assert len(replies) == 2


async def test_blocks_that_break_a_limit_never_leave(slack: FakeSlack, caplog: pytest.LogCaptureFixture) -> None:
    async with aiohttp.ClientSession() as http:
        replies = Replies(AsyncWebClient(slack.bot_token, base_url=slack.api_url, session=http))
        assert await replies.send(DirectMessage(ADA), Message("text", [section("x" * 3_001)]))
    (sent,) = [call.arguments for call in slack.calls]
    assert str(sent["text"]).startswith("text\n") and "blocks" not in sent
    assert logged(caplog, "invalid_blocks")
    caplog.clear()  # it is a defect, which no other test may see


def test_waits_are_bounded_and_differ() -> None:
    budget = RetryBudget(first_wait_s=1.0, longest_wait_s=4.0)
    waits = {attempt: {budget.wait_s(attempt, None) for _ in range(200)} for attempt in (1, 2, 3, 9)}
    assert all(len(some) > 100 for some in waits.values())
    for attempt, longest in ((1, 1.0), (2, 2.0), (3, 4.0), (9, 4.0)):
        assert longest / 2 <= min(waits[attempt]) <= max(waits[attempt]) <= longest
    assert 45 <= budget.wait_s(1, 45.0) < 46


async def test_one_connection_serves_many_replies_and_questions(bot: str, slack: FakeSlack) -> None:
    for user in ("ada", "ben", "cleo"):
        await say(slack, "ended after:today", user=user)
    assert slack.connections == 1
