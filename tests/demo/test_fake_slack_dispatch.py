"""The fake Slack and a small Bolt app over HTTP and sockets: what is sent, and what becomes of the answers."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.demo.fake_slack import FakeSlack, Message
from bot.demo.fake_slack.dispatch import signed
from bot.demo.fake_slack.seed import ADA, BEN

MENU = {
    "type": "static_select",
    "action_id": "menu",
    "options": [{"text": {"type": "plain_text", "text": text}, "value": text.lower()} for text in ("Active", "Ended")],
}
DOTS = {**MENU, "type": "overflow", "action_id": "dots"}
IN_THE_ACK: dict[str, dict[str, Any]] = {
    "inline": {"text": "in the ack"},
    "loud": {"text": "for all", "response_type": "in_channel"},
    "broken": {"text": "x", "blocks": [{"type": "blink"}]},
}


def blocks(page: int) -> list[dict[str, Any]]:
    more = {"type": "button", "text": {"type": "plain_text", "text": "More"}, "action_id": "more", "value": str(page)}
    return [
        {"type": "section", "text": {"type": "mrkdwn", "text": f"Page {page} &amp; on"}, "accessory": DOTS},
        {"type": "actions", "elements": [more, MENU]},
    ]


class Bot:
    """A Bolt app and the bodies that it saw."""

    def __init__(self, slack: FakeSlack) -> None:
        self.seen: list[dict[str, Any]] = []
        client = AsyncWebClient(slack.bot_token, base_url=slack.api_url)
        self.app = AsyncApp(client=client, signing_secret=slack.signing_secret)
        self.app.command("/sessions")(self.command)
        for action_id in ("more", "menu", "dots", "odd"):
            self.app.action(action_id)(self.action)
        self.app.event("app_home_opened")(self.event)

    async def command(self, ack: Any, body: dict[str, Any], respond: Any) -> None:
        self.seen.append(body)
        if body["text"] == "sleep":
            await asyncio.sleep(0.3)
        await ack(**IN_THE_ACK.get(body["text"], {}))
        if body["text"] not in IN_THE_ACK:
            await respond(text="page 1", blocks=blocks(1))

    async def action(self, ack: Any, body: dict[str, Any], respond: Any) -> None:
        self.seen.append(body)
        await ack()
        await respond(text="page 2", blocks=blocks(2), replace_original=True)

    async def event(self, body: dict[str, Any]) -> None:
        self.seen.append(body)


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    async with FakeSlack() as running:
        yield running


@pytest.fixture
async def bot(slack: FakeSlack) -> AsyncIterator[Bot]:
    """A Bolt app on HTTP."""
    bot = Bot(slack)
    async with TestServer(bot.app.web_app(path="/slack/events")) as server:
        slack.bot_events_url = str(server.make_url("/slack/events"))
        yield bot


async def test_a_command_and_its_answer(slack: FakeSlack, bot: Bot) -> None:
    ack = await slack.command("active key:value", user="ben")
    assert (ack.status, ack.timed_out) == (200, False)
    reply = await slack.reply()
    assert (reply.ephemeral_to, reply.labels) == (BEN, ["More"])
    assert reply.plain.startswith("Page 1 & on\nMore")
    (body,) = bot.seen
    assert (body["text"], body["user_id"], body["channel_name"]) == ("active key:value", BEN, "live-ops")
    assert body["response_url"].startswith(slack.url)
    assert slack.ephemerals("ada") == []
    assert slack.violations == []


async def test_a_press_replaces_the_message(slack: FakeSlack, bot: Bot) -> None:
    await slack.command()
    first = await slack.reply()
    await slack.press(first, "More")
    second = await slack.reply()
    assert second.ts == first.ts
    assert second.plain.startswith("Page 2")
    assert slack.ephemerals("ada") == [second]
    body = bot.seen[-1]
    assert body["container"]["is_ephemeral"]
    assert "message" not in body
    action = body["actions"][0]
    assert (action["action_id"], action["value"], action["type"]) == ("more", "1", "button")
    assert action["block_id"] == first.blocks[1]["block_id"]
    await slack.press(second, "Ended")
    assert bot.seen[-1]["actions"][0]["selected_option"]["value"] == "ended"
    await slack.press(second, "Ended", nth=1)
    values = bot.seen[-1]["state"]["values"]
    assert values[second.blocks[1]["block_id"]]["menu"]["selected_option"]["value"] == "ended"
    with pytest.raises(LookupError, match="it has 'Active', 'Ended', 'More', 'Active', 'Ended'"):
        await slack.press(second, "Less")
    with pytest.raises(LookupError, match="ben does not see"):
        await slack.press(second, "More", user="ben")
    await slack.act(second, action_id="odd", value="stale|value")
    assert bot.seen[-1]["actions"][0]["value"] == "stale|value"
    assert slack.violations == []


async def test_a_press_in_a_channel_carries_the_message(slack: FakeSlack, bot: Bot) -> None:
    await bot.app.client.chat_postMessage(channel="live-ops", text="x", blocks=blocks(1))
    (message,) = slack.messages("live-ops")
    await slack.press(message, "More", user="cleo")
    assert bot.seen[-1]["message"]["ts"] == message.ts
    changed = await slack.reply()
    assert slack.messages("live-ops") == [changed]
    assert changed.edited is not None
    slack.workspace.delete(changed)
    with pytest.raises(LookupError, match="gone"):
        await slack.press(changed, "More")


async def test_answers_in_the_acknowledgement(slack: FakeSlack, bot: Bot) -> None:
    await slack.command("inline")
    assert (await slack.reply()).ephemeral_to == ADA
    await slack.command("loud")
    assert slack.messages("live-ops") == [await slack.reply()]
    await slack.command("broken")
    assert "dispatch_failed" in (await slack.reply()).plain
    assert slack.violations == ["/sessions: answer in the acknowledgement: invalid_blocks"]


async def test_no_acknowledgement_in_time(slack: FakeSlack, bot: Bot) -> None:
    assert slack.ack_timeout_s == 3
    slack.ack_timeout_s = 0.1
    ack = await slack.command("sleep")
    assert (ack.status, ack.timed_out) == (None, True)
    assert (await slack.reply()).plain == "/sessions failed with the error “operation_timeout”"
    assert slack.violations == ["/sessions: not acknowledged within 0.1 s"]
    await asyncio.sleep(0.3)  # the bot answers in the end


async def test_an_absent_or_failing_bot(slack: FakeSlack, bot: Bot) -> None:
    message = Message("1.000000", slack.workspace.channel(None).id, ADA)
    assert (await slack.act(message, action_id="unknown", value="v")).status == 404
    assert slack.violations == ["action unknown: acknowledged with HTTP 404"]
    slack.bot_events_url = "http://127.0.0.1:9/slack/events"
    assert (await slack.command()).status is None
    assert (await slack.reply()).plain == "/sessions failed with the error “dispatch_failed”"
    slack.bot_events_url = None
    assert (await slack.command()).status is None
    assert len(slack.violations) == 1


async def test_where_commands_cannot_run(slack: FakeSlack) -> None:
    await slack.command(command="/nope")
    assert (await slack.reply()).plain == "/nope is not a valid command."
    await slack.command(thread_ts="1.0")
    assert "not supported in threads" in (await slack.reply()).plain
    with pytest.raises(ValueError, match="archived"):
        await slack.command(channel="spring-launch")
    with pytest.raises(ValueError, match="cleo is not in incident-room"):
        await slack.command(channel="incident-room", user="cleo")
    with pytest.raises(TimeoutError, match="latest calls"):
        await slack.reply(timeout_s=0.01)


async def test_signatures(slack: FakeSlack, bot: Bot) -> None:
    body = b"command=%2Fsessions&text=&response_url=x&user_id=U1"
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    forged = {**form, **signed("other", body, time.time())}
    old = {**form, **signed(slack.signing_secret, body, time.time() - 400)}
    assert [(await slack.post_raw(body, headers)).status for headers in (form, forged, old)] == [401] * 3
    assert bot.seen == []


async def test_bolt_takes_an_events_address_and_events(slack: FakeSlack, bot: Bot) -> None:
    assert json.loads((await slack.verify_url("abc")).body)["challenge"] == "abc"
    assert (await slack.event({"type": "app_home_opened", "user": ADA, "tab": "home"})).attempts == 1
    assert bot.seen[0]["event"]["user"] == ADA


async def test_events_are_redelivered() -> None:
    seen: list[tuple[str | None, str]] = []

    async def handle(request: web.Request) -> web.Response:
        seen.append((request.headers.get("X-Slack-Retry-Num"), (await request.json())["event_id"]))
        return web.Response(status=200 if len(seen) > 2 else 500)

    slack = FakeSlack()
    slack.app.router.add_post("/bot", handle)
    async with slack:
        slack.bot_events_url = f"{slack.url}/bot"
        ack = await slack.event({"type": "app_home_opened"}, event_id="Ev1", retry_scale=0)
        assert (ack.status, ack.attempts) == (200, 3)
        await slack.event({"type": "app_home_opened"}, event_id="Ev1", retry_num=3)
        assert seen == [(None, "Ev1"), ("1", "Ev1"), ("2", "Ev1"), ("3", "Ev1")]
        assert slack.violations == ["event app_home_opened: acknowledged with HTTP 500"] * 2


@pytest.fixture
async def socket_bot(slack: FakeSlack) -> AsyncIterator[Bot]:
    """A Bolt app in Socket Mode."""
    bot = Bot(slack)
    tokens = AsyncWebClient(slack.app_token, base_url=slack.api_url)
    handler = AsyncSocketModeHandler(bot.app, slack.app_token, web_client=tokens)
    await handler.connect_async()
    await slack.wait_for(lambda: slack.sockets == 1)
    yield bot
    await handler.close_async()


async def test_socket_mode(slack: FakeSlack, socket_bot: Bot) -> None:
    await slack.command("hello")
    first = await slack.reply()
    await slack.press(first, "More")
    assert (await slack.reply()).plain.startswith("Page 2")
    await slack.command("inline")
    assert (await slack.reply()).plain == "in the ack"
    assert (await slack.event({"type": "app_home_opened", "user": ADA})).status == 200
    await slack.refresh_sockets()
    await slack.wait_for(lambda: slack.sockets == 1)
    assert (await slack.command("again")).status == 200
    assert [each["text"] for each in socket_bot.seen if "command" in each] == ["hello", "inline", "again"]
    slack.ack_timeout_s = 0.1
    assert (await slack.command("sleep")).timed_out
    await asyncio.sleep(0.3)  # the bot acknowledges in the end
    assert slack.violations == ["/sessions: not acknowledged within 0.1 s"]


async def test_each_envelope_takes_one_socket_and_ten_are_the_most(slack: FakeSlack) -> None:
    async with aiohttp.ClientSession() as session:
        client = AsyncWebClient(base_url=slack.api_url)
        sockets = []
        for number in range(1, 11):
            opened = await client.apps_connections_open(app_token=slack.app_token)
            sockets.append(await session.ws_connect(opened["url"]))
            assert (await sockets[-1].receive_json())["num_connections"] == number
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await session.ws_connect(opened["url"])  # a ticket opens one socket
        opened = await client.apps_connections_open(app_token=slack.app_token)
        eleventh = await session.ws_connect(opened["url"])
        assert (await eleventh.receive_json())["reason"] == "too_many_websockets"
        slack.ack_timeout_s = 0.1
        commands = [asyncio.create_task(slack.command(str(number))) for number in range(2)]
        for socket in sockets[:2]:
            envelope = await socket.receive_json()
            assert (envelope["type"], envelope["accepts_response_payload"]) == ("slash_commands", True)
        await sockets[0].send_json({"envelope_id": envelope["envelope_id"]})  # of the other socket
        await sockets[1].send_json({"envelope_id": envelope["envelope_id"], "payload": {"text": "hi"}})
        acks = await asyncio.gather(*commands)
        assert sorted(ack.timed_out for ack in acks) == [False, True]
        assert "hi" in [each.plain for each in slack.ephemerals("ada")]
        assert slack.violations == [
            "Socket Mode: more than 10 sockets",
            "Socket Mode: acknowledgement of an unknown envelope",
            "/sessions: not acknowledged within 0.1 s",
        ]
