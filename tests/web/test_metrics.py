"""`/metrics` of a bot that lives: the whole bot between its two stand-ins."""

from __future__ import annotations

import asyncio
import re
import sqlite3
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from bot import __version__
from bot.app import running
from bot.demo.fake_hms import Account, FakeHms, Status
from bot.demo.fake_slack import ApiError, FakeSlack, HttpError, RateLimited
from bot.query.kinds import KINDS
from bot.settings import Settings
from tests.live import PATIENCE_S, cards, fill, opened, polls, press, say, subscribe, until
from tests.work import at_work


class Scrape:
    """One answer of `/metrics`: values by name and labels."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]

    def value(self, name: str, /, **labels: str) -> float:
        """The sum of the samples that have these labels; 0 where there is none."""
        full = f"sessions_bot_{name}"
        return sum(each.value for each in self.samples if each.name == full and labels.items() <= each.labels.items())

    def has(self, name: str) -> bool:
        return any(each.name == f"sessions_bot_{name}" for each in self.samples)


async def scrape(url: str) -> Scrape:
    async with httpx.AsyncClient() as http:
        answer = await http.get(f"{url}/metrics", timeout=8)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    return Scrape(answer.text)


async def scraped(url: str, when: Callable[[Scrape], bool]) -> Scrape:
    """The first answer that is so: one has what the last asked of the database, if that was less than a second ago."""
    async with asyncio.timeout(PATIENCE_S):
        while not when(now := await scrape(url)):
            await asyncio.sleep(0.05)
    return now


class Rise:
    """The rise of counts since it was made: other bots of this process count too."""

    def __init__(self, url: str, before: Scrape) -> None:
        self.url, self.before = url, before

    @classmethod
    async def since_now(cls, url: str) -> Rise:
        return cls(url, await scrape(url))

    async def of(self, name: str, /, **labels: str) -> float:
        return (await scrape(self.url)).value(name, **labels) - self.before.value(name, **labels)

    async def until(self, least: float, name: str, /, **labels: str) -> None:
        least += self.before.value(name, **labels)
        await scraped(self.url, lambda now: now.value(name, **labels) >= least)


@pytest.fixture
async def busy(polling: Settings, slack: FakeSlack, hms: FakeHms) -> AsyncIterator[str]:
    """A bot that polls all the time, and its URL."""
    async with at_work(polling, slack) as started:
        await polls(hms)
        yield started.url


async def test_commands_and_presses_count_by_name_and_outcome(bot: str, slack: FakeSlack, account: Account) -> None:
    fill(account, 15)
    rise = await Rise.since_now(bot)
    page = await say(slack, "active")
    await press(slack, page, "More")
    await say(slack, "subs")
    await say(slack, "after:soon")
    await say(slack, "peers:many")
    answers = "answer_duration_seconds_count"
    await rise.until(5, answers)
    assert await rise.of(answers, source="command", name="list", outcome="ok") == 1
    assert await rise.of(answers, source="action", name="sessions.more", outcome="ok") == 1
    assert await rise.of(answers, source="command", name="subscriptions", outcome="ok") == 1
    assert await rise.of(answers, source="command", name="list", outcome="QueryError") == 2
    assert await rise.of("ack_duration_seconds_count", status="200") == 5
    assert await rise.of("replies_total", outcome="ok") == 5


async def test_faults_of_100ms_count_by_path_and_status(bot: str, slack: FakeSlack, hms: FakeHms) -> None:
    rise = await Rise.since_now(bot)
    hms.fail("/sessions*", Status(429, headers={"Retry-After": "60"}))
    assert "slow down" in (await say(slack, "active")).plain
    await say(slack, f"show {'a' * 24}")
    requests = "hms_request_duration_seconds_count"
    await rise.until(2, "answer_duration_seconds_count")
    assert await rise.of(requests, path="/sessions", status="429") == 1
    assert await rise.of(requests, path="/sessions/{id}", status="404") == 1
    assert await rise.of("rate_limited_total", service="100ms") == 1
    assert await rise.of("answer_duration_seconds_count", outcome="HmsRateLimited") == 1


async def test_faults_of_slack_count_too(bot: str, slack: FakeSlack) -> None:
    rise = await Rise.since_now(bot)
    slack.fail("response_url", RateLimited(1), HttpError(404, "gone"))
    await slack.command("help")
    await rise.until(1, "replies_total", outcome="failed")
    assert await rise.of("slack_request_duration_seconds_count", method="response_url", status="429") == 1
    assert await rise.of("slack_request_duration_seconds_count", method="response_url", status="404") == 1
    assert await rise.of("rate_limited_total", service="slack") == 1


async def test_polls_changes_and_posts_count(busy: str, slack: FakeSlack, hms: FakeHms, account: Account) -> None:
    rise = await Rise.since_now(busy)
    await subscribe(slack)
    slack.fail("chat.postMessage", RateLimited(1))
    session = opened(account, account.add_room("Town hall"))
    await until(lambda: cards(slack))
    bob = account.join(session, name="Bob", role="guest", user_id="bob", at=time.time())
    await rise.until(1, "changes_total", kind="join")
    assert (await scrape(busy)).value("sessions_live") == 1
    account.leave(session, bob, time.time())
    await rise.until(1, "changes_total", kind="leave")
    account.end(session, time.time())
    await rise.until(1, "changes_total", kind="end")
    for kind in KINDS:
        assert await rise.of("changes_total", kind=kind) == 1
    await rise.until(2, "posts_total", kind="post", outcome="ok")
    assert await rise.of("posts_total", kind="post", outcome="RetryLater") == 1
    assert await rise.of("slack_request_duration_seconds_count", method="chat.postMessage", status="429") == 1
    assert await rise.of("poll_duration_seconds_count", outcome="ok") > 3
    now = await scrape(busy)
    assert now.value("leader") == 1
    assert now.value("poll_interval_seconds") == 0.2
    assert now.value("poll_age_seconds") < 5


async def test_the_same_in_socket_mode(settings: Settings, slack: FakeSlack) -> None:
    async with running(settings, "socket") as started:
        rise = await Rise.since_now(started.url)
        await slack.wait_for(lambda: slack.sockets == 2)
        await slack.refresh_sockets()
        await rise.until(2, "slack_request_duration_seconds_count", method="socket", status="101")
        assert await rise.of("slack_request_duration_seconds_count", method="response_url") == 0
        await slack.wait_for(lambda: slack.sockets)
        await say(slack, "help")
        await rise.until(1, "ack_duration_seconds_count", status="200")
        await rise.until(1, "answer_duration_seconds_count", source="command", name="help", outcome="ok")
        assert (await scrape(started.url)).value("ready") == 1


async def test_a_bot_that_slack_cannot_reach(settings: Settings, slack: FakeSlack) -> None:
    slack.fail("apps.connections.open", *[ApiError("internal_error")] * 20)
    async with running(settings, "socket") as started:
        assert (await scrape(started.url)).value("ready") == 0
    async with at_work(settings, slack) as started:
        assert (await scrape(started.url)).value("ready") == 1


async def test_who_is_no_slack_counts_as_refused_alone(bot: str) -> None:
    rise = await Rise.since_now(bot)
    async with httpx.AsyncClient() as http:
        assert (await http.post(f"{bot}/slack/events", data={"command": "/sessions"})).status_code == 401
    assert await rise.of("requests_refused_total") == 1
    assert await rise.of("ack_duration_seconds_count") == 0


async def test_what_the_database_holds(busy: str, slack: FakeSlack, account: Account) -> None:
    await subscribe(slack)
    slack.fail("chat.postMessage", ApiError("is_archived"))
    opened(account, account.add_room("Town hall"))
    now = await scraped(busy, lambda now: now.value("paused_channels") > 0)
    assert now.value("database_up") == 1
    assert now.value("held_messages") == 0  # held for the channel, and not because nobody can tell
    assert all(now.has(name) for name in ("outbox_messages", "outbox_age_seconds", "poll_age_seconds"))
    assert now.value("build_info", version=__version__) == 1


async def test_a_database_that_hangs_or_is_gone_is_no_reason_not_to_answer(
    settings: Settings, slack: FakeSlack, tmp_path: Path
) -> None:
    async with at_work(settings, slack) as started:
        assert (await scrape(started.url)).value("database_up") == 1
        other = sqlite3.connect(tmp_path / "bot.db", isolation_level=None, check_same_thread=False)
        await asyncio.to_thread(other.execute, "BEGIN EXCLUSIVE")  # the bot has to go on meanwhile
        began = time.monotonic()
        await scraped(started.url, lambda now: now.value("database_up") == 0)
        several = await asyncio.gather(*(scrape(started.url) for _ in range(3)))
        assert time.monotonic() - began < 5
        async with httpx.AsyncClient() as http:
            ready = await http.get(f"{started.url}/readyz", timeout=4)
            assert ready.text == "ready\nalerts wait: the database doesn't answer\n"
        for now in several:
            assert now.has("database_up") and now.value("database_up") == 0
            assert not now.has("outbox_messages") and not now.has("poll_age_seconds")
            assert now.has("leader") and "process_resident_memory_bytes" in now.text
        other.rollback()
        await scraped(started.url, lambda now: now.value("database_up") == 1)
        await asyncio.to_thread(other.execute, "DROP TABLE outbox")
        other.close()
        rise = await Rise.since_now(started.url)
        await rise.until(1, "job_failures_total", name="deliver")
        await scraped(started.url, lambda now: now.value("database_up") == 0)


async def test_nothing_that_anybody_wrote_and_no_secret_is_in_it(
    busy: str, slack: FakeSlack, hms: FakeHms, account: Account, settings: Settings
) -> None:
    room = account.add_room("Zanzibar")
    await subscribe(slack, "room:Zanzibar on:start,end,join,leave")
    session = account.open_session(room, time.time())
    account.join(session, name="Zebedee", role="zookeeper", user_id="zeb", at=time.time())
    await until(lambda: cards(slack))
    page = await say(slack, "active user:Zebedee")
    await press(slack, page, "Show")
    await slack.act(page, action_id="sessions.zombie", value="zombie")
    await slack.reply()
    await say(slack, "zucchini")
    hms.fail("/sessions*", Status(418, body={"message": "zounds"}))
    await say(slack, "active")
    text = (await scrape(busy)).text
    ids = (room.id, session.id, slack.workspace.user("ben").id, slack.workspace.channel("live-ops").id)
    for secret in (*settings.secrets, *ids):
        assert not secret or secret not in text
    assert not re.search(r"z(anzibar|ebedee|ookeeper|ombie|ucchini|ounds)", text, re.IGNORECASE)


async def test_with_a_token_it_is_for_who_has_it(settings: Settings) -> None:
    closed = Settings(**(settings.model_dump() | {"metrics_token": " s3cret-töken "}), _env_file=None)
    async with running(closed, "web") as started, httpx.AsyncClient() as http:

        async def get(brought: str | None) -> httpx.Response:
            headers = {} if brought is None else {"Authorization": brought.encode()}
            return await http.get(f"{started.url}/metrics", headers=headers)

        wrong = ("", "Bearer", "Bearer wrong", "Bearer s3cret-töken2", "s3cret-töken", "Basic s3cret-töken")
        for refused in [await get(brought) for brought in (None, *wrong)]:
            assert (refused.status_code, refused.content) == (401, b"")
            assert refused.headers["WWW-Authenticate"] == "Bearer"
        for good in [await get(f"{scheme} s3cret-töken") for scheme in ("Bearer", "bearer")]:
            assert good.status_code == 200 and "sessions_bot_leader" in good.text
        assert (await http.get(f"{started.url}/readyz")).text == "ready\n"
    assert "s3cret-töken" in closed.secrets and "s3cret" not in repr(closed)
