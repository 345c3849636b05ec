"""Finding a message by its key, whatever stands in the way."""

from __future__ import annotations

import asyncio
import time

import aiohttp
import pytest

from bot.demo.fake_slack import ApiError, Dropped, FakeSlack, Fault, HttpError, RateLimited
from bot.demo.fake_slack.seed import ADA, BEN, BOT_USER
from bot.outbox.chat import Chat
from bot.slack.outcome import Found, Sent, Unreadable
from tests.live import asked
from tests.outbox.chat.conftest import SCOPES, chat_of

KEYED = {"event_type": "sessions_bot", "event_payload": {"key": "k"}}


def now_ms() -> int:
    return int(time.time() * 1000)


async def post(chat: Chat, channel_id: str, key: str = "k", thread_ts: str | None = None) -> str:
    outcome = await chat.post(channel_id, key, [], key=key, thread_ts=thread_ts)
    assert isinstance(outcome, Sent)
    return outcome.ts


async def cause_of(chat: Chat, channel_id: str, key: str = "k") -> Unreadable:
    with pytest.raises(Unreadable) as caught:
        await chat.find(channel_id, key, oldest_ms=0)
    return caught.value


async def test_found_by_key_and_absent_without(slack: FakeSlack, chat: Chat, live_ops: str) -> None:
    ts = await post(chat, live_ops)
    assert await chat.find(live_ops, "k", oldest_ms=now_ms() - 60_000) == Found(ts)
    assert await chat.find(live_ops, "other", oldest_ms=now_ms() - 60_000) is None
    assert await chat.find(live_ops, "k", oldest_ms=now_ms() + 1_000) is None
    assert asked(slack, "auth.test") == 1


async def test_somebody_elses_message_with_the_key_is_not_ours(slack: FakeSlack, chat: Chat, live_ops: str) -> None:
    slack.workspace.post(live_ops, ADA, "copy", [], metadata=KEYED)
    other = {**KEYED, "event_type": "another_event"}
    slack.workspace.post(live_ops, BOT_USER, "another event", [], metadata=other)
    assert await chat.find(live_ops, "k", oldest_ms=0) is None


async def test_a_reply_is_found_in_its_thread(slack: FakeSlack, chat: Chat, live_ops: str) -> None:
    card = await post(chat, live_ops, "card")
    ts = await post(chat, live_ops, "k", card)
    assert await chat.find(live_ops, "k", oldest_ms=0) is None
    assert await chat.find(live_ops, "k", oldest_ms=0, thread_ts=card) == Found(ts)
    assert await chat.find(live_ops, "k", oldest_ms=0, thread_ts="1.000000") is None


async def test_a_reply_is_found_at_top_level_where_its_thread_is_gone(
    slack: FakeSlack, chat: Chat, live_ops: str
) -> None:
    ts = await post(chat, live_ops)
    assert await chat.find(live_ops, "k", oldest_ms=0, thread_ts="1.000000") == Found(ts, threaded=False)


async def test_a_direct_message_is_found(slack: FakeSlack, chat: Chat) -> None:
    ts = await post(chat, BEN)
    assert await chat.find(BEN, "k", oldest_ms=0) == Found(ts)
    assert await chat.find(BEN, "x", oldest_ms=0) is None
    assert asked(slack, "conversations.open") == 1


async def test_a_long_history_is_read_to_the_end_in_parts(slack: FakeSlack, chat: Chat, live_ops: str) -> None:
    ts = await post(chat, live_ops)
    for number in range(450):
        slack.say(f"chat {number}")
    assert await chat.find(live_ops, "k", oldest_ms=0) == Found(ts)
    assert await chat.find(live_ops, "x", oldest_ms=0) is None
    assert asked(slack, "conversations.history") == 6
    for number in range(450, 4_100):
        slack.say(f"chat {number}")
    assert (await cause_of(chat, live_ops)).retry_after_s == 0.0
    assert await chat.find(live_ops, "k", oldest_ms=0) == Found(ts)
    assert asked(slack, "conversations.history") == 6 + 21


@pytest.mark.parametrize(
    ("fault", "cause", "retry_after_s"),
    [
        (ApiError("not_in_channel"), "not_in_channel", None),
        (ApiError("internal_error"), "internal_error", None),
        (HttpError(503, "busy"), "status 503", None),
        (HttpError(200, '{"ok": true}', content_type="application/json"), "no messages", None),
        (HttpError(200, "[1]", content_type="application/json"), "AttributeError", None),
        (HttpError(200, "x", content_type="application/gzip"), "no JSON object", None),
        (
            HttpError(200, '{"ok": true, "messages": [], "has_more": true}', content_type="application/json"),
            "more without a cursor",
            None,
        ),
        (HttpError(403, "a proxy's"), "status 403", None),
        (RateLimited(3), "ratelimited", 3.0),
    ],
    ids=str,
)
async def test_unreadable(
    slack: FakeSlack, chat: Chat, live_ops: str, fault: Fault, cause: str, retry_after_s: float | None
) -> None:
    await post(chat, live_ops)
    slack.fail("conversations.history", fault)
    error = await cause_of(chat, live_ops)
    assert (error.cause, error.retry_after_s) == (cause, retry_after_s)


async def test_a_connection_that_is_closed_twice(slack: FakeSlack, chat: Chat, live_ops: str) -> None:
    """aiohttp asks once more by itself where a request only reads."""
    ts = await post(chat, live_ops)
    slack.fail("conversations.history", Dropped(), Dropped(), Dropped())
    assert (await cause_of(chat, live_ops)).cause == "ServerDisconnectedError"
    assert await chat.find(live_ops, "k", oldest_ms=0) == Found(ts)


async def test_nothing_is_asked_before_slack_allows_it(slack: FakeSlack, chat: Chat, live_ops: str) -> None:
    ts = await post(chat, live_ops)
    slack.fail("conversations.history", RateLimited(1))
    assert (await cause_of(chat, live_ops)).retry_after_s == 1.0
    assert 0 < ((await cause_of(chat, live_ops)).retry_after_s or 0) < 1
    assert asked(slack, "conversations.history") == 1
    slack._site.limiter._until.clear()
    chat._history._not_before.clear()
    assert await chat.find(live_ops, "k", oldest_ms=0) == Found(ts)


async def test_one_request_a_minute_of_fifteen_messages_is_enough(http: aiohttp.ClientSession) -> None:
    """A reading that was broken off goes on, and sees what came meanwhile."""
    every_s = 0.3
    async with FakeSlack(scopes=SCOPES, history_most=15, history_every_s=every_s) as slack:
        chat, channel_id = chat_of(slack, http), slack.workspace.channel("live-ops").id
        ts = await post(chat, channel_id)
        for number in range(40):
            slack.say(f"chat {number}")
        found, causes = await _patiently(chat, channel_id, "k")
        assert (found, causes) == (Found(ts), ["ratelimited"] * 2)
        assert (await _patiently(chat, channel_id, "absent"))[0] is None

        with pytest.raises(Unreadable):
            await chat.find(channel_id, "late", oldest_ms=0)
        late = await post(chat, channel_id, "late")
        assert (await _patiently(chat, channel_id, "late"))[0] == Found(late)
        assert slack.violations == []


async def _patiently(chat: Chat, channel_id: str, key: str) -> tuple[str | None, list[str]]:
    causes: list[str] = []
    while True:
        try:
            return await chat.find(channel_id, key, oldest_ms=0), causes
        except Unreadable as error:
            causes.append(error.cause)
            assert error.retry_after_s is not None
            await asyncio.sleep(error.retry_after_s)


@pytest.mark.parametrize(
    ("scopes", "channel", "readable"),
    [
        ({"chat:write"}, "live-ops", False),
        ({"chat:write", "channels:history"}, "live-ops", True),
        ({"chat:write", "groups:history"}, "live-ops", False),
        ({"chat:write", "channels:history"}, "incident-room", False),
        ({"chat:write", "groups:history"}, "incident-room", True),
        ({"chat:write", "im:history"}, "ben", False),
        ({"chat:write", "im:write"}, "ben", False),
        ({"chat:write", "im:write", "im:history"}, "ben", True),
        ({"chat:write", "im:history"}, "dm", True),
    ],
)
async def test_scopes(http: aiohttp.ClientSession, scopes: set[str], channel: str, readable: bool) -> None:
    """Nothing is asked for that the token's scopes are known not to allow: it would be a violation."""
    async with FakeSlack(scopes=frozenset(scopes)) as slack:
        chat = chat_of(slack, http)
        channel_id = BEN if channel == "ben" else slack.workspace.channel(channel).id
        if readable:
            assert await chat.find(channel_id, "k", oldest_ms=0) is None
        else:
            assert (await cause_of(chat, channel_id)).cause == "missing_scope"
        assert slack.violations == []
