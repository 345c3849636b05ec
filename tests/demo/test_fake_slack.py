"""The fake Slack's Web API and response_urls, driven with slack_sdk's own client."""

import json
import time
from collections.abc import AsyncIterator, Awaitable
from typing import Any

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncSlackResponse, AsyncWebClient

from bot.demo.fake_slack import ApiError, Dropped, FakeSlack, HttpError, RateLimited, Stalled
from bot.demo.fake_slack.seed import ADA, BEN, BOT_USER, OPERATORS
from bot.demo.fake_slack.server import DEFAULT_SCOPES
from tests.clocks import Clock

HISTORY = {"channels:history", "groups:history", "im:history"}
ALL_SCOPES = DEFAULT_SCOPES | {
    *("channels:read", "groups:read", "im:read", "im:write", "channels:join", "channels:history")
}


@pytest.fixture
def clock() -> Clock:
    return Clock(1_700_000_000.0)


@pytest.fixture
async def slack(clock: Clock) -> AsyncIterator[FakeSlack]:
    async with FakeSlack(scopes=ALL_SCOPES, clock=clock) as running:
        yield running


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as open_session:
        yield open_session


def client_of(slack: FakeSlack) -> AsyncWebClient:
    return AsyncWebClient(slack.bot_token, base_url=slack.api_url, retry_handlers=[])


@pytest.fixture
def client(slack: FakeSlack) -> AsyncWebClient:
    return client_of(slack)


@pytest.fixture
def ops(slack: FakeSlack) -> str:
    """The id of a channel that the bot is in."""
    return slack.workspace.channel("live-ops").id


async def refused(awaitable: Awaitable[AsyncSlackResponse]) -> AsyncSlackResponse:
    with pytest.raises(SlackApiError) as caught:
        await awaitable
    response: AsyncSlackResponse = caught.value.response
    return response


async def error_of(awaitable: Awaitable[AsyncSlackResponse]) -> str:
    return str((await refused(awaitable))["error"])


def too_early(slack: FakeSlack) -> bool:
    (violation,) = slack.violations
    return violation.startswith("chat.postMessage: called ") and "before Retry-After" in violation


def section(text: str = "*hi*", **more: Any) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}, **more}


@pytest.mark.parametrize(
    ("method", "arguments", "granted", "needed"),
    [
        ("usergroups.users.list", {"usergroup": OPERATORS}, ALL_SCOPES, "usergroups:read"),
        ("users.conversations", {"types": "public_channel,private_channel"}, {"channels:read"}, "groups:read"),
        ("conversations.history", {"channel": "live-ops"}, DEFAULT_SCOPES, "channels:history"),
        ("conversations.history", {"channel": "live-ops"}, HISTORY - {"channels:history"}, "channels:history"),
        ("conversations.history", {"channel": "incident-room"}, HISTORY - {"groups:history"}, "groups:history"),
        ("conversations.history", {"channel": "dm"}, HISTORY - {"im:history"}, "im:history"),
    ],
)
async def test_a_missing_scope_is_named_and_enough(
    method: str, arguments: dict[str, str], granted: set[str], needed: str
) -> None:
    async with FakeSlack(scopes=frozenset(granted)) as slack:
        if "channel" in arguments:
            arguments = {"channel": slack.workspace.channel(arguments["channel"]).id}
        answer = await refused(client_of(slack).api_call(method, params=arguments))
        assert (answer["error"], answer["needed"]) == ("missing_scope", needed)
        assert answer["provided"] == ",".join(sorted(granted))
        # A private channel looks like a public one.
        assert bool(slack.violations) is not bool(HISTORY & granted and method == "conversations.history")
    async with FakeSlack(scopes=frozenset({needed, "channels:read"})) as slack:
        assert (await client_of(slack).api_call(method, params=arguments))["ok"]


async def test_user_groups() -> None:
    async with FakeSlack(scopes=frozenset({"usergroups:read"})) as slack:
        client = client_of(slack)
        assert (await client.usergroups_users_list(usergroup=OPERATORS))["users"] == sorted([ADA, BEN])
        assert await error_of(client.usergroups_users_list(usergroup="S0GONE")) == "no_such_subteam"
        assert [group["handle"] for group in (await client.usergroups_list())["usergroups"]] == ["oncall"]
        _, disabled = (await client.usergroups_list(include_disabled=True))["usergroups"]
        assert disabled["handle"] == "night-shift" and disabled["date_delete"]
        assert slack.violations == []


async def test_auth_scopes_and_unknown_methods(slack: FakeSlack, client: AsyncWebClient, ops: str) -> None:
    answer = await client.auth_test()
    assert answer["user_id"] == BOT_USER
    assert set(answer.headers["X-OAuth-Scopes"].split(",")) == ALL_SCOPES
    assert answer.headers["Date"] == "Tue, 14 Nov 2023 22:13:20 GMT"
    assert slack.violations == []
    assert await error_of(client.api_call("chat.shout")) == "unknown_method"
    assert await error_of(client.conversations_replies(channel=ops, ts="1.0")) == "thread_not_found"
    for token, error in (
        ("xoxb-wrong", "invalid_auth"),
        (None, "not_authed"),
        (slack.app_token, "not_allowed_token_type"),
    ):
        client.token = token
        assert await error_of(client.auth_test()) == error
    assert len(slack.violations) == 4


async def test_arguments_come_in_three_ways(slack: FakeSlack, session: aiohttp.ClientSession, ops: str) -> None:
    arguments = {"channel": ops, "text": "hi", "blocks": json.dumps([section()])}
    header = {"Authorization": f"Bearer {slack.bot_token}"}
    url = slack.api_url + "chat.postMessage"
    await session.post(url, json=arguments, headers=header)
    await session.post(url, data={**arguments, "token": slack.bot_token})
    await session.get(url, params=arguments, headers=header)
    posted = [(message.plain, message.bot_id) for message in slack.messages("live-ops")]
    assert posted == [("*hi*", slack.workspace.bot_id)] * 3


async def test_malformed_json_and_json_tokens(slack: FakeSlack, session: aiohttp.ClientSession) -> None:
    url, kind = slack.api_url + "auth.test", {"Content-Type": "application/json"}
    async with session.post(url, data="{", headers=kind) as answer:
        assert (await answer.json())["error"] == "invalid_json"
    async with session.post(url, json={"token": slack.bot_token}) as answer:
        assert (await answer.json())["error"] == "not_authed"


async def test_places_the_bot_cannot_post_to(slack: FakeSlack, client: AsyncWebClient) -> None:
    private = slack.workspace.channel("incident-room")
    private.members.discard(BOT_USER)
    for channel, error in (
        ("random", "not_in_channel"),
        ("spring-launch", "is_archived"),
        ("C0NOSUCH", "channel_not_found"),
        (private.id, "channel_not_found"),
        (BOT_USER, "cannot_dm_bot"),
    ):
        assert await error_of(client.chat_postMessage(channel=channel, text="x")) == error
    assert slack.violations == []


@pytest.mark.filterwarnings("ignore:The top-level `text` argument is missing")
@pytest.mark.parametrize(
    ("arguments", "error", "line"),
    [
        ({"text": " "}, "no_text", ""),
        ({"text": "x", "blocks": [{"type": "blink"}]}, "invalid_blocks", "blocks[0].type: unknown block type"),
        ({"text": "x", "blocks": "{"}, "invalid_blocks_format", ""),
        ({"text": "x", "blocks": [section("x" * 2_600)] * 4}, "msg_blocks_too_long", "10,400 characters"),
        ({"text": "x", "metadata": {"event_type": 1}}, "invalid_metadata_format", ""),
    ],
)
async def test_malformed_messages_are_breaches(
    slack: FakeSlack, client: AsyncWebClient, ops: str, arguments: dict[str, Any], error: str, line: str
) -> None:
    answer = await refused(client.chat_postMessage(channel=ops, **arguments))
    assert answer["error"] == error
    assert line in " ".join(answer.get("response_metadata", {}).get("messages", []))
    (violation,) = slack.violations
    assert violation.startswith(f"chat.postMessage: {error}")
    assert line in violation


async def test_update_and_delete_only_its_own(slack: FakeSlack, client: AsyncWebClient, ops: str) -> None:
    posted = await client.chat_postMessage(channel=ops, text="one", blocks=[section()])
    assert posted["message"]["blocks"][0]["block_id"]
    place = {"channel": ops, "ts": posted["ts"]}

    async def updated(**content: Any) -> tuple[str, str]:
        await client.api_call("chat.update", json=place | content)  # the SDK's method asks for text too
        (message,) = slack.messages(ops)
        assert message.edited is not None
        return message.text, message.plain

    assert await updated(text="two", blocks=[section()]) == ("two", "*hi*")
    # "If the `text` argument is provided and `blocks` are not provided, the `blocks` will be removed"
    assert await updated(text="three") == ("three", "three")
    assert await updated(blocks=[section()]) == ("three", "*hi*")
    assert await updated(text="four", blocks=[]) == ("four", "four")
    assert await error_of(client.chat_update(channel=ops, ts="1.000000", text="x")) == "message_not_found"
    theirs = slack.say("mine", user="ben")
    assert await error_of(client.chat_update(channel=ops, ts=theirs.ts, text="x")) == "cant_update_message"
    assert await error_of(client.chat_delete(channel=ops, ts=theirs.ts)) == "cant_delete_message"
    await client.chat_delete(**place)
    assert slack.messages(ops) == [theirs]


async def test_ephemerals_and_direct_messages(slack: FakeSlack, client: AsyncWebClient, ops: str) -> None:
    answer = await client.chat_postEphemeral(channel=ops, user=BEN, text="psst")
    (message,) = slack.ephemerals("ben")
    assert (message.ts, message.ephemeral_to) == (answer["message_ts"], BEN)
    assert slack.messages() == slack.ephemerals("ada") == []
    assert await error_of(client.chat_update(channel=ops, ts=message.ts, text="x")) == "message_not_found"
    stranger = client.chat_postEphemeral(channel="support", user="U0NOBODY", text="x")
    assert await error_of(stranger) == "user_not_in_channel"
    await client.chat_postMessage(channel=BEN, text="hello Ben")
    opened = await client.conversations_open(users=BEN)
    assert slack.messages(opened["channel"]["id"])[0].plain == "hello Ben"


async def test_the_text_of_an_edit_is_bounded_and_that_of_a_post_truncated(
    slack: FakeSlack, client: AsyncWebClient, ops: str
) -> None:
    ts = (await client.chat_postMessage(channel=ops, text="x" * 40_001))["ts"]
    assert len(slack.messages("live-ops")[0].text) == 40_000
    assert await error_of(client.chat_update(channel=ops, ts=ts, text="x" * 4_001)) == "msg_too_long"
    assert slack.violations == ["chat.update: msg_too_long"]
    await client.chat_update(channel=ops, ts=ts, text="x" * 4_000)


async def test_one_message_a_second_after_a_burst_of_five(
    slack: FakeSlack, client: AsyncWebClient, clock: Clock, ops: str
) -> None:
    for _ in range(5):
        await client.chat_postMessage(channel=ops, text="x")
    answer = await refused(client.chat_postMessage(channel=ops, text="x"))
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "1")
    await client.chat_postMessage(channel=slack.workspace.channel("general").id, text="x")
    assert slack.violations == []
    await refused(client.chat_postMessage(channel=ops, text="x"))
    assert too_early(slack)
    clock.now += 1
    await client.chat_postMessage(channel=ops, text="x")
    assert len(slack.messages("live-ops")) == 6


def texts(answer: AsyncSlackResponse) -> list[str]:
    return [each["text"] for each in answer["messages"]]


async def test_history_pages_newest_first_with_metadata(
    slack: FakeSlack, client: AsyncWebClient, clock: Clock, ops: str
) -> None:
    metadata = {"event_type": "sessions_bot", "event_payload": {"key": "k"}}
    for number in range(5):
        clock.now += 1
        posted = await client.chat_postMessage(channel=ops, text=str(number), metadata=metadata)
    await client.chat_postMessage(channel=ops, text="reply", thread_ts=posted["ts"])
    first = await client.conversations_history(channel=ops, limit=3, include_all_metadata=True)
    assert texts(first) == ["4", "3", "2"]
    assert first["messages"][0]["metadata"] == metadata
    assert first["messages"][0]["reply_count"] == 1
    assert first["has_more"]
    cursor = first["response_metadata"]["next_cursor"]
    rest = await client.conversations_history(channel=ops, limit=3, cursor=cursor)
    assert texts(rest) == ["1", "0"]
    assert "metadata" not in rest["messages"][0]
    assert not rest["has_more"]
    since = await client.conversations_history(channel=ops, oldest=posted["ts"], inclusive=True)
    assert texts(since) == ["4"]
    thread = await client.conversations_replies(channel=ops, ts=posted["ts"])
    assert texts(thread) == ["4", "reply"]
    outside = client.conversations_history(channel=slack.workspace.channel("random").id)
    assert await error_of(outside) == "not_in_channel"


async def test_a_reply_that_is_broadcast_is_in_the_channel_and_in_the_thread(
    slack: FakeSlack, client: AsyncWebClient, clock: Clock, ops: str
) -> None:
    root = await client.chat_postMessage(channel=ops, text="root")
    clock.now += 1
    for text, broadcast in (("plain", False), ("broadcast", True)):
        await client.chat_postMessage(channel=ops, text=text, thread_ts=root["ts"], reply_broadcast=broadcast)
    channel = await client.conversations_history(channel=ops)
    assert texts(channel) == ["broadcast", "root"]
    shown = channel["messages"][0]
    assert (shown["subtype"], shown["thread_ts"], shown["root"]["text"]) == ("thread_broadcast", root["ts"], "root")
    thread = await client.conversations_replies(channel=ops, ts=root["ts"])
    assert texts(thread) == ["root", "plain", "broadcast"]
    assert thread["messages"][2]["ts"] == shown["ts"]


async def test_a_broadcast_beside_a_thread_that_is_gone_is_a_message(
    slack: FakeSlack, client: AsyncWebClient, ops: str
) -> None:
    posted = await client.chat_postMessage(channel=ops, text="x", thread_ts="1.000000", reply_broadcast=True)
    assert "thread_ts" not in posted["message"] and "subtype" not in posted["message"]


@pytest.mark.parametrize("wrong", [{"reply_broadcast": True}, {"reply_broadcast": "1", "thread_ts": "1.0"}], ids=str)
async def test_reply_broadcast_goes_with_a_thread(
    slack: FakeSlack, client: AsyncWebClient, ops: str, wrong: dict[str, Any]
) -> None:
    assert await error_of(client.chat_postMessage(channel=ops, text="x", **wrong)) == "invalid_arguments"
    slack.violations.clear()


@pytest.mark.parametrize(
    ("value", "good"),
    [
        *((good, True) for good in (1, "s", True, {"n": 1}, [{"n": "1"}])),
        *((bad, False) for bad in (None, [1], {"n": {}}, [{"n": None}])),
    ],
    ids=str,
)
async def test_metadata_has_values_of_known_types(
    slack: FakeSlack, client: AsyncWebClient, ops: str, value: Any, good: bool
) -> None:
    metadata = {"event_type": "sessions_bot", "event_payload": {"key": "k", "value": value}}
    if good:
        await client.chat_postMessage(channel=ops, text="x", metadata=metadata)
    else:
        assert await error_of(client.chat_postMessage(channel=ops, text="x", metadata=metadata)) == (
            "invalid_metadata_format"
        )
        slack.violations.clear()


async def test_fifteen_messages_and_one_call_a_minute(clock: Clock) -> None:
    scopes = frozenset({"channels:history"})
    async with FakeSlack(scopes=scopes, clock=clock, history_most=15, history_every_s=60) as slack:
        client, ops = client_of(slack), slack.workspace.channel("live-ops").id
        for number in range(20):
            slack.say(str(number))
        page = await client.conversations_history(channel=ops, limit=200)
        assert len(page["messages"]) == 15
        clock.now += 20
        answer = await refused(client.conversations_history(channel=ops))
        assert (answer.status_code, answer.headers["Retry-After"]) == (429, "40")
        clock.now += 40
        cursor = page["response_metadata"]["next_cursor"]
        assert len((await client.conversations_history(channel=ops, cursor=cursor))["messages"]) == 5
        assert slack.violations == []


async def test_people_and_conversations(slack: FakeSlack, client: AsyncWebClient) -> None:
    assert (await client.users_info(user=ADA))["user"]["tz"] == "Europe/Berlin"
    nia = slack.workspace.user("nia").id
    assert "tz" not in (await client.users_info(user=nia))["user"]
    assert await error_of(client.users_info(user="U0")) == "user_not_found"
    sizes = [len(page["members"]) async for page in await client.users_list(limit=3)]
    assert sizes == [3, 3, 2]
    listed = await client.conversations_list(exclude_archived=True)
    assert {each["name"] for each in listed["channels"]} == {"live-ops", "general", "support", "random"}
    random = slack.workspace.channel("random").id
    assert not (await client.conversations_info(channel=random))["channel"]["is_member"]
    assert (await client.conversations_join(channel=random))["channel"]["is_member"]
    assert BOT_USER in (await client.conversations_members(channel=random))["members"]


async def test_faults_come_one_for_each_request(slack: FakeSlack, client: AsyncWebClient, ops: str) -> None:
    def post() -> Any:
        return client.chat_postMessage(channel=ops, text="x")

    slack.fail("chat.postMessage", HttpError(503, "busy"), ApiError("not_in_channel"), Dropped())
    await refused(post())
    assert await error_of(post()) == "not_in_channel"
    with pytest.raises(aiohttp.ClientError):
        await post()
    assert slack.messages() == []
    slack.fail("chat.postMessage", Dropped(after_doing=True), Stalled(0.05), RateLimited(7))
    with pytest.raises(aiohttp.ClientError):
        await post()
    assert len(slack.messages()) == 1
    started = time.monotonic()
    await post()
    assert time.monotonic() - started >= 0.05
    assert (await refused(post())).headers["Retry-After"] == "7"
    assert [call.status for call in slack.calls] == [503, 200, 0, 0, 200, 429]
    assert slack.violations == []
    await post()
    assert too_early(slack)


async def test_calls_under_way_at_a_429_are_no_breach_and_later_ones_are(
    slack: FakeSlack, client: AsyncWebClient
) -> None:
    slack.fail("users.info", RateLimited(5))
    await refused(client.users_info(user=ADA))
    await client.users_info(user=ADA)
    assert slack.violations == []
    slack._site.limiter._told["users.info"] -= 1.0
    await client.users_info(user=ADA)
    assert "before Retry-After was over" in slack.violations[0]


@pytest.mark.parametrize("done", [False, True])
async def test_an_error_may_come_after_the_work(slack: FakeSlack, client: AsyncWebClient, ops: str, done: bool) -> None:
    broken = HttpError(502, "no JSON", after_doing=done, content_type="application/json")
    slack.fail("chat.postMessage", broken, ApiError("fatal_error", after_doing=done))
    for _ in range(2):
        await refused(client.chat_postMessage(channel=ops, text="hi"))
    assert len(slack.messages()) == 2 * done
    assert [call.status for call in slack.calls] == [502, 200]
    assert slack.calls[1].response == {"ok": False, "error": "fatal_error"}


async def test_response_url_five_uses_in_half_an_hour(
    slack: FakeSlack, session: aiohttp.ClientSession, clock: Clock
) -> None:
    async def posted(url: str, **body: Any) -> tuple[int, str]:
        async with session.post(url, json=body) as answer:
            text = await answer.text()
            return answer.status, json.loads(text)["error"] if text.startswith("{") else text

    workspace = slack.workspace
    grants = slack._site.grants
    random = workspace.channel("random").id  # the bot is not a member
    url = slack.url + grants.response_url("commands", workspace.team_id, random, ADA, None)
    for body in [{"text": "a"}, {"text": "b", "response_type": "in_channel"}, {"text": "c", "replace_original": True}]:
        assert await posted(url, **body) == (200, "ok")
    assert [each.plain for each in slack.messages("random")] == ["b"]
    assert [each.plain for each in slack.ephemerals("ada")] == ["a", "c"]
    assert "without a source message" in slack.violations.pop()
    assert await posted(url, blocks=[{"type": "header"}]) == (400, "invalid_blocks")
    await posted(url, text="e")
    assert await posted(url, text="f") == (404, "used_url")
    late = slack.url + grants.response_url("commands", workspace.team_id, random, ADA, None)
    clock.now += 30 * 60 + 1
    assert await posted(late, text="f") == (404, "expired_url")
    assert len(slack.violations) == 3
    slack.fail("response_url", HttpError(500, "no"))
    assert await posted(late, text="f") == (500, "no")


async def test_trigger_ids_live_three_seconds_and_once(slack: FakeSlack, client: AsyncWebClient, clock: Clock) -> None:
    view = {"type": "modal", "title": {"type": "plain_text", "text": "t"}, "blocks": [section()]}
    trigger = slack._site.grants.trigger_id()
    await client.views_open(trigger_id=trigger, view=view)
    assert len(slack.views) == 1
    assert await error_of(client.views_open(trigger_id=trigger, view=view)) == "exchanged_trigger_id"
    trigger = slack._site.grants.trigger_id()
    clock.now += 3.1
    assert await error_of(client.views_open(trigger_id=trigger, view=view)) == "expired_trigger_id"
    assert await error_of(client.views_open(trigger_id=trigger, view={"type": "modal"})) == "invalid_arguments"


async def test_the_bots_own_conversations(slack: FakeSlack, client: AsyncWebClient) -> None:
    """https://docs.slack.dev/reference/methods/users.conversations"""
    kinds = "public_channel,private_channel"
    names = [each["name"] for each in (await client.users_conversations(types=kinds))["channels"]]
    assert sorted(names) == ["general", "incident-room", "live-ops", "spring-launch", "support"]
    first = await client.users_conversations(types=kinds, exclude_archived=True, limit=3)
    cursor = first["response_metadata"]["next_cursor"]
    rest = await client.users_conversations(types=kinds, exclude_archived=True, limit=3, cursor=cursor)
    names = [each["name"] for page in (first, rest) for each in page["channels"]]
    assert sorted(names) == ["general", "incident-room", "live-ops", "support"]
    assert slack.violations == []


async def test_a_kind_of_conversation_without_its_scope_may_be_left_out() -> None:
    async with FakeSlack(scopes=frozenset({"channels:read"})) as slack:
        assert (await client_of(slack).users_conversations())["ok"]


async def test_a_method_has_the_limit_of_its_tier(client: AsyncWebClient, clock: Clock, ops: str) -> None:
    ts = (await client.chat_postMessage(channel=ops, text="hi"))["ts"]
    for number in range(50):
        await client.chat_update(channel=ops, ts=ts, text=str(number))
    assert await error_of(client.chat_update(channel=ops, ts=ts, text="too much")) == "ratelimited"
    await client.conversations_info(channel=ops)  # another method
    clock.now += 2
    await client.chat_update(channel=ops, ts=ts, text="50 a minute")


async def test_a_deleted_message_leaves_a_tombstone_only_where_it_has_replies(
    slack: FakeSlack, client: AsyncWebClient, ops: str
) -> None:
    async def post(text: str, thread_ts: str | None = None) -> dict[str, Any]:
        return (await client.chat_postMessage(channel=ops, text=text, thread_ts=thread_ts))["message"]

    ts = (await post("hi"))["ts"]
    await client.chat_delete(channel=ops, ts=ts)
    reply = await post("reply", ts)
    assert "thread_ts" not in reply
    assert await error_of(client.conversations_replies(channel=ops, ts=ts)) == "thread_not_found"
    await client.chat_delete(channel=ops, ts=reply["ts"])
    ts = (await post("hi"))["ts"]
    await post("first", ts)
    await client.chat_delete(channel=ops, ts=ts)
    assert (await post("second", ts))["thread_ts"] == ts
    thread = (await client.conversations_replies(channel=ops, ts=ts))["messages"]
    assert [each.get("subtype", each["text"]) for each in thread] == ["tombstone", "first", "second"]
    assert [each.text for each in slack.messages("live-ops")] == ["first", "second"]
