"""Webhooks of 100ms: who gets in at the door, and what comes of it."""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from bot.app import running
from bot.demo.fake_hms import Account, FakeHms
from bot.demo.fake_slack import FakeSlack
from bot.errors import ConfigError
from bot.settings import Account as Served
from bot.settings import Settings
from bot.web.webhook import BODY_BYTES
from tests.clocks import Wall
from tests.live import cards, opened, polls, subscribe, until
from tests.web.strangers import Stranger, answer_to, asking, health
from tests.work import HASTY, at_work

SECRET = "a-secret-for-tests-of-webhooks-only-0123"
HEADER = "X-Sessions-Secret"
JSON = {"Content-Type": "application/json"}
GOOD = JSON | {HEADER: SECRET}


def hooked(settings: Settings) -> Settings:
    return settings.model_copy(update={"hms_webhook_secret": SecretStr(SECRET)})


@pytest.fixture
async def door(settings: Settings, slack: FakeSlack, hms: FakeHms) -> AsyncIterator[str]:
    """The URL of a bot with webhooks, whose first poll is over and whose next one is in an hour."""
    async with at_work(hooked(settings), slack) as started:
        await polls(hms, 1)
        hms.requests.clear()
        yield started.url


async def post(url: str, body: Any = b"{}", headers: Any = GOOD) -> int:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    async with httpx.AsyncClient(trust_env=False) as http:
        return (await http.post(f"{url}/100ms/webhook", content=content, headers=headers)).status_code


async def test_there_is_no_door_without_a_secret(bot: str) -> None:
    assert await post(bot, headers=JSON) == 404
    assert await post(bot) == 404


WRONG = [
    JSON, JSON | {HEADER: ""}, JSON | {HEADER: SECRET[:-1]}, JSON | {HEADER: SECRET + "x"},
    [(HEADER, SECRET), (HEADER, SECRET)], [(HEADER, "x"), (HEADER, SECRET)], [(HEADER, SECRET.encode() + b"\xff")],
]  # fmt: skip


@pytest.mark.parametrize("headers", WRONG)
async def test_without_the_one_right_secret_nothing_else_is_looked_at(door: str, headers: Any) -> None:
    for body in (b"{}", b"{", b"x" * (BODY_BYTES + 1)):
        assert await post(door, body, headers) == 401


async def test_a_stranger_is_refused_before_the_body_is_read(door: str, caplog: pytest.LogCaptureFixture) -> None:
    head = asking("POST /100ms/webhook", "Content-Length: 1000000", f"{HEADER}: another", body="{")
    for _ in range(3):
        stranger = await Stranger.of(door, head)
        assert (await stranger.answer()).startswith("HTTP/1.1 401")
    said = [vars(record)["fields"] for record in caplog.records if record.getMessage() == "request_refused"]
    assert said == [{"cause": "webhook", "count": 1}]


async def test_the_codes_come_in_their_order(door: str) -> None:
    text = GOOD | {"Content-Type": "text/plain"}
    long = b" " * (BODY_BYTES + 1)
    assert await post(door, long, text) == 413
    head = asking("POST /100ms/webhook", f"{HEADER}: {SECRET}", "Transfer-Encoding: chunked", "Connection: close")
    chunks = f"{len(long):x}\r\n{long.decode()}\r\n0\r\n\r\n"
    assert (await answer_to(door, head + chunks)).startswith("HTTP/1.1 413")
    assert await post(door, b"1" * 1024**2) == 413
    assert await post(door, b"{", text) == 415
    assert await post(door, b"{}", {HEADER: SECRET}) == 415
    assert await post(door, b"{", GOOD) == 400
    assert await post(door, b"{}" + long[2:-1], GOOD) == 200
    assert await post(door, b"{}", GOOD | {"Content-Type": "application/json; charset=utf-8"}) == 200


@pytest.mark.parametrize(
    "body",
    [
        b"", b"null", b"[]", b'"x"', b"1", b"{'a': 1}", b'{"a": NaN}', b'{"a": -Infinity}', b"\xff{}", b'{"a": "\xff"}',
        b"[" * 100_000, b'{"a":' * 50_000, b'{"a": ' + b"9" * 10_000 + b"}", b"{}{}", b'{"a": 1,}',
    ],
)  # fmt: skip
async def test_what_is_no_object_of_json_is_refused(door: str, body: bytes) -> None:
    assert await post(door, body) == 400


@pytest.mark.parametrize(
    "body",
    [
        b"{}", b'{"type": "a", "type": "b"}', b'{"type": "\\ud800", "data": {"session_id": "\\udfff"}}',
        b'{"type": "party.begun", "data": {}, "is_replay": true}', b'{"type": {}, "data": []}', b"\xef\xbb\xbf{}",
        b'{"data": {"session_id": null}, "type": "peer.join.failure", "more": ' + b"[" * 500 + b"]" * 500 + b"}",
    ],
)  # fmt: skip
async def test_all_else_is_good_and_costs_nothing(door: str, body: bytes, hms: FakeHms) -> None:
    assert await post(door, body) == 200
    assert not [each for each in hms.requests if each.path.startswith("/sessions/")]


async def test_news_comes_with_the_webhook_and_not_again_with_the_poll(
    settings: Settings, slack: FakeSlack, hms: FakeHms, account: Account
) -> None:
    room = account.add_room("Town hall")
    async with at_work(hooked(settings), slack) as started:
        await polls(hms, 1)
        await subscribe(slack, "on:start,end")
        hms.requests.clear()
        hms.webhooks.send_to(f"{started.url}/100ms/webhook", {HEADER: SECRET})
        session = opened(account, room)
        (card,) = await until(lambda: cards(slack))
        assert "Town hall" in card.plain
        account.end(session, time.time())
        await until(lambda: "ended" in cards(slack)[0].plain)
        text = await health(started.url, "/metrics")
        assert 'sessions_bot_webhooks_total{outcome="hint"}' in text
        assert not [each for each in hms.requests if each.path == "/sessions"], "a poll has seen it"
    hms.webhooks.send_to("", {})
    before = [(each.ts, each.plain) for each in slack.messages("live-ops")]
    async with at_work(hooked(settings), slack):
        await polls(hms, 1)
    assert [(each.ts, each.plain) for each in slack.messages("live-ops")] == before


@pytest.mark.polls
async def test_lost_late_doubled_and_reordered_webhooks_change_nothing(
    settings: Settings, slack: FakeSlack, hms: FakeHms, account: Account, clock: Wall
) -> None:
    rng, room = random.Random(7), account.add_room("Town hall")
    hms.webhooks.clock = lambda: clock() - 600  # no time of an event counts
    hms.webhooks.plan = lambda _: [rng.random() for _ in range(rng.choice((0, 1, 1, 2)))]
    async with at_work(hooked(settings).model_copy(update={"poll_interval_s": 1.0}), slack) as started:
        await polls(hms, 1)
        await subscribe(slack, "on:start,end")
        hms.webhooks.send_to(f"{started.url}/100ms/webhook", {HEADER: SECRET})
        for _ in range(8):
            session = opened(account, room)
            await asyncio.sleep(0.1)
            account.end(session, time.time())
        await until(lambda: sum("ended" in each.plain for each in cards(slack)) == 8, clock)
        await polls(hms, 2)
    assert len(cards(slack)) == 8
    assert len([each for each in slack.messages("live-ops") if each.thread_ts not in (None, each.ts)]) == 0


async def test_two_accounts_are_told_apart_by_their_secrets(settings: Settings) -> None:
    same = Served(SecretStr("xoxb-2"), hms_webhook_secret=SecretStr(SECRET))
    with pytest.raises(ConfigError, match="HMS_WEBHOOK_SECRET: two accounts have the same"):
        async with running(hooked(settings), "web", pace=HASTY, accounts=[same]):
            pass
    with pytest.raises(ConfigError, match="HMS_WEBHOOK_SECRET has less than 32 characters"):
        Served(SecretStr("xoxb-2"), hms_webhook_secret=SecretStr("short"))


async def test_the_door_is_open_in_socket_mode_too(settings: Settings, slack: FakeSlack) -> None:
    async with running(hooked(settings), "socket", pace=HASTY, wall=slack.clock) as started:
        assert await post(started.url) == 200
        assert await post(started.url, headers=JSON) == 401


async def test_a_webhook_at_the_process_that_does_not_lead_is_told_by_the_one_that_does(
    settings: Settings, slack: FakeSlack, hms: FakeHms, account: Account, postgres: str
) -> None:
    shared = hooked(settings).model_copy(update={"database_url": postgres})
    async with AsyncExitStack() as stack:
        first = await stack.enter_async_context(at_work(shared, slack))
        await polls(hms, 1)
        await subscribe(slack, "on:start,end")
        second = await stack.enter_async_context(at_work(shared, slack))
        hms.requests.clear()
        for number, door in enumerate((second, first, second)):
            hms.webhooks.send_to(f"{door.url}/100ms/webhook", {HEADER: SECRET})
            session = opened(account, account.add_room(f"room-{number}"))
            await until(lambda: len(cards(slack)) == number + 1)  # noqa: B023 - waited for at once
            assert any(each.path == f"/sessions/{session.id}" for each in hms.requests)
        assert not [each for each in hms.requests if each.path == "/sessions"], "a poll has seen it"


async def test_a_thousand_forged_webhooks_at_once_cost_few_requests(door: str, slack: FakeSlack, hms: FakeHms) -> None:
    async def send(http: httpx.AsyncClient, numbers: range) -> set[int]:
        bodies = [{"type": "session.open.success", "data": {"session_id": f"{number:024x}"}} for number in numbers]
        return {(await http.post(f"{door}/100ms/webhook", json=body, headers=GOOD)).status_code for body in bodies}

    async with httpx.AsyncClient(trust_env=False) as http:
        answers = await asyncio.gather(*(send(http, range(first, 1_000, 20)) for first in range(20)))
    assert set().union(*answers) == {200}
    assert (await slack.command("help")).status == 200
    await polls(hms, 1)
    reads = sorted(each.at for each in hms.requests if each.path.startswith("/sessions/"))
    assert reads and len(reads) <= 25 * (2 + reads[-1] - reads[0])
