"""Every answer that Slack may give, and what it says of the message."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.blockkit.blocks import section
from bot.demo.fake_slack import ApiError, Dropped, FakeSlack, Fault, HttpError, RateLimited, Stalled
from bot.demo.fake_slack.seed import BEN
from bot.outbox.chat import Chat
from bot.slack.outcome import MessageGone, Outcome, Refused, RetryLater, Sent, Unconfirmed
from tests.live import asked
from tests.outbox.chat.conftest import chat_of

BLOCKS: list[dict[str, Any]] = [{"type": "section", "text": {"type": "mrkdwn", "text": "*Town hall* is live"}}]
JSON = "application/json"


async def posted(chat: Chat, channel_id: str, **more: Any) -> str:
    outcome = await chat.post(channel_id, "Town hall is live", BLOCKS, key="k1", **more)
    assert isinstance(outcome, Sent)
    return outcome.ts


async def test_a_post_carries_its_key(slack: FakeSlack, chat: Chat, live_ops: str) -> None:
    ts = await posted(chat, live_ops)
    (message,) = slack.messages("live-ops")
    assert (message.ts, message.text, message.plain) == (ts, "Town hall is live", "*Town hall* is live")
    assert message.metadata == {"event_type": "sessions_bot", "event_payload": {"key": "k1"}}


async def test_a_reply_an_edit_and_a_direct_message(slack: FakeSlack, chat: Chat, live_ops: str) -> None:
    ts = await posted(chat, live_ops)
    reply = await chat.post(live_ops, "Ann came", [], key="k2", thread_ts=ts)
    assert isinstance(reply, Sent)
    assert await chat.edit(live_ops, ts, "It ended", [], key="k1") == Sent(ts)
    card, thread = slack.messages("live-ops")
    assert (card.plain, card.metadata and card.metadata["event_payload"]) == ("It ended", {"key": "k1"})
    assert thread.thread_ts == ts
    await posted(chat, BEN)
    assert slack.messages(slack.workspace.direct(BEN).id)[0].plain == "*Town hall* is live"


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        (RateLimited(7), RetryLater(7.0, "ratelimited")),
        (HttpError(429, "slow down"), RetryLater(5.0, "status 429")),
        (ApiError("ratelimited"), RetryLater(5.0, "ratelimited")),
        (ApiError("message_limit_exceeded"), RetryLater(30.0, "message_limit_exceeded")),
        (ApiError("not_in_channel"), Refused("not_in_channel")),
        (ApiError("token_revoked"), Refused("token_revoked")),
        (ApiError("something_new"), Refused("something_new")),
        (ApiError("message_not_found"), Refused("message_not_found")),
        (ApiError("internal_error"), Unconfirmed("internal_error")),
        (ApiError("fatal_error", after_doing=True), Unconfirmed("fatal_error")),
        (ApiError("duplicate_message_not_found"), Unconfirmed("duplicate_message_not_found")),
        (HttpError(500, "oops"), Unconfirmed("status 500")),
        (HttpError(503, "<html>", after_doing=True), Unconfirmed("status 503")),
        (HttpError(502, "not JSON", content_type=JSON), Unconfirmed("status 502")),
        (HttpError(500, '{"ok": false, "error": "not_in_channel"}', content_type=JSON), Unconfirmed("not_in_channel")),
        (HttpError(500, "", content_type=JSON), Unconfirmed("status 500")),
        (HttpError(503, "busy", content_type="text/plain"), Unconfirmed("status 503")),
        (HttpError(200, "fine", content_type="text/plain"), Unconfirmed("status 200")),
        (HttpError(200, "<html>"), Unconfirmed("status 200")),
        (HttpError(200, "[1]", content_type=JSON), Unconfirmed("status 200")),
        (HttpError(200, "[]", content_type=JSON), Unconfirmed("status 200")),
        (HttpError(200, "null", content_type=JSON), Unconfirmed("status 200")),
        (HttpError(200, '{"ok": true}', content_type=JSON), Unconfirmed("status 200")),
        (HttpError(200, '{"ok": true, "ts": 5}', content_type=JSON), Unconfirmed("status 200")),
        (HttpError(200, '{"ok": false, "error": 5}', content_type=JSON), Unconfirmed("status 200")),
        (HttpError(500, '{"ok": true, "ts": "1.000000"}', content_type=JSON), Unconfirmed("status 500")),
        (HttpError(200, '{"ok": false, "error": "\\ud800"}', content_type=JSON), Unconfirmed("status 200")),
        (HttpError(200, "x", content_type="application/gzip"), Unconfirmed("status 200")),
        (HttpError(403, "<html>a proxy's</html>"), Unconfirmed("status 403")),
        (Dropped(), Unconfirmed("ServerDisconnectedError")),
        (Dropped(after_doing=True), Unconfirmed("ServerDisconnectedError")),
        (Stalled(60), Unconfirmed("TimeoutError")),
        (Stalled(60, after_doing=True), Unconfirmed("TimeoutError")),
    ],
    ids=str,
)
async def test_answers_to_a_post(slack: FakeSlack, chat: Chat, live_ops: str, fault: Fault, outcome: Outcome) -> None:
    slack.fail("chat.postMessage", fault)
    timeout_s = 1.0 if isinstance(fault, Stalled) else 10.0
    assert await chat.post(live_ops, "hi", BLOCKS, key="k", timeout_s=timeout_s) == outcome
    assert asked(slack, "chat.postMessage") <= 1
    done = getattr(fault, "after_doing", False)
    assert len(slack.messages("live-ops")) == done
    assert not done or isinstance(outcome, Unconfirmed)


async def test_without_a_connection_nothing_was_sent(slack: FakeSlack, http: aiohttp.ClientSession) -> None:
    client = AsyncWebClient("xoxb", base_url="http://127.0.0.1:9/api/", session=http, retry_handlers=[])
    assert isinstance(await Chat(client, "B1").post("C1", "hi", [], key="k"), RetryLater)


async def test_a_deleted_message_is_gone_for_certain(slack: FakeSlack, chat: Chat, live_ops: str) -> None:
    ts = await posted(chat, live_ops)
    message = slack.workspace.find(live_ops, ts)
    assert message is not None
    slack.workspace.delete(message)
    assert await chat.edit(live_ops, ts, "new", [], key="k1") == MessageGone()
    for code in ("cant_update_message", "is_archived"):
        slack.fail("chat.update", ApiError(code))
        assert await chat.edit(live_ops, ts, "new", [], key="k1") == Refused(code)


async def test_a_message_that_slack_misses_by_mistake_is_not_gone(slack: FakeSlack, chat: Chat, live_ops: str) -> None:
    ts = await posted(chat, live_ops)
    slack.fail("chat.update", ApiError("message_not_found"))
    assert await chat.edit(live_ops, ts, "new", [], key="k1") == Refused("message_not_found")
    assert await chat.edit(live_ops, ts, "new", [], key="k1") == Sent(ts)


async def test_a_reply_to_a_deleted_message_does_not_stay_at_top_level(
    slack: FakeSlack, chat: Chat, live_ops: str
) -> None:
    assert await chat.post(live_ops, "reply", [], key="k", thread_ts="1.000000") == Refused("thread_not_found")
    assert slack.messages("live-ops") == []
    slack.fail("chat.delete", HttpError(503))
    assert isinstance(await chat.post(live_ops, "reply", [], key="k", thread_ts="1.000000"), Unconfirmed)


async def test_the_text_of_an_edit_keeps_to_its_bound(slack: FakeSlack, chat: Chat, live_ops: str) -> None:
    ts = await posted(chat, live_ops)
    assert await chat.edit(live_ops, ts, "long " * 1_000, [], key="k1") == Sent(ts)
    assert len(slack.messages("live-ops")[0].text) == 4_000


async def test_blocks_that_are_too_large_leave_the_text(
    slack: FakeSlack, chat: Chat, live_ops: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert isinstance(await chat.post(live_ops, "the text", [section("x" * 3_001)], key="k"), Sent)
    assert slack.messages("live-ops")[0].plain == "the text"
    assert "invalid_blocks" in [record.message for record in caplog.records]
    caplog.clear()  # it is no defect here


async def test_blocks_that_slack_refuses_leave_the_text(slack: FakeSlack, chat: Chat, live_ops: str) -> None:
    ts = await posted(chat, live_ops)
    slack.fail("chat.postMessage", ApiError("invalid_blocks"))
    slack.fail("chat.update", ApiError("msg_blocks_too_long"))
    assert isinstance(await chat.post(live_ops, "the text", BLOCKS, key="k"), Sent)
    assert await chat.edit(live_ops, ts, "new text", BLOCKS, key="k1") == Sent(ts)
    assert [message.plain for message in slack.messages("live-ops")] == ["new text", "the text"]


async def test_both_attempts_share_one_time_out(slack: FakeSlack, chat: Chat, live_ops: str) -> None:
    slack.fail("chat.postMessage", ApiError("invalid_blocks"), Stalled(60))
    assert await chat.post(live_ops, "the text", BLOCKS, key="k", timeout_s=1.0) == Unconfirmed("TimeoutError")


async def test_a_client_that_sends_again_is_not_taken(slack: FakeSlack, http: aiohttp.ClientSession) -> None:
    with pytest.raises(ValueError, match="retry_handlers"):
        Chat(AsyncWebClient(slack.bot_token, base_url=slack.api_url, session=http))
    with pytest.raises(ValueError, match="session"):
        Chat(AsyncWebClient(slack.bot_token, base_url=slack.api_url, retry_handlers=[]))
    assert chat_of(slack, http) is not None
