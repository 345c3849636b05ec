"""The JSON API under the Slack-looking page, and what becomes of the text that is typed there."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from bot.demo.fake_slack import FakeSlack, page_api
from bot.demo.fake_slack.composer import typed
from bot.demo.fake_slack.seed import ADA, BEN

MANIFEST = {
    "features": {
        "bot_user": {"display_name": "Sessions"},
        "slash_commands": [
            {"command": "/sessions", "description": "Lists", "usage_hint": "[active]", "should_escape": True}
        ],
    }
}
BUTTON = {"type": "button", "text": {"type": "plain_text", "text": "More"}, "action_id": "more", "value": "2"}
OPTION = {"text": {"type": "plain_text", "text": "A"}, "value": "a"}
MENU = {"type": "static_select", "action_id": "menu", "options": [OPTION]}
BLOCKS = [{"type": "actions", "block_id": "b", "elements": [BUTTON, MENU]}]


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    async with FakeSlack(manifest=MANIFEST) as running:
        yield running


@pytest.fixture
async def page(slack: FakeSlack) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(base_url=slack.url) as session:
        yield session


async def post(page: aiohttp.ClientSession, path: str, **body: Any) -> dict[str, Any]:
    async with page.post(path, json=body) as answer:
        data: dict[str, Any] = await answer.json()
        return data


async def next_event(stream: aiohttp.ClientResponse) -> tuple[int, dict[str, Any]]:
    number = 0
    while True:
        line = (await stream.content.readline()).decode().rstrip()
        if line.startswith("id: "):
            number = int(line[4:])
        elif line.startswith("data: "):
            return number, json.loads(line[6:])


async def test_state_shows_what_ada_sees(slack: FakeSlack, page: aiohttp.ClientSession) -> None:
    ops = slack.workspace.channel("live-ops").id
    slack.workspace.post(ops, slack.workspace.bot_user, "", BLOCKS, ephemeral=True, ephemeral_to=ADA)
    slack.workspace.slackbot_says(ops, BEN, "for Ben")
    room = slack.workspace.channel("incident-room")
    slack.say("hidden", user="ben", channel="incident-room")
    room.members.discard(ADA)
    async with page.get("/page/state") as answer:
        state = await answer.json()
    assert state["me"] == {"id": ADA, "name": "ada", "real_name": "Ada Berger", "tz": "Europe/Berlin"}
    assert state["bot"]["name"] == "Sessions"
    assert {each["name"] for each in state["users"]} >= {"slackbot", "Sessions", "ben"}
    names = [each["name"] for each in state["channels"]]
    assert names == ["live-ops", "general", "support", "spring-launch", "random", ""]
    assert state["commands"][0] == {"command": "/sessions", "description": "Lists", "usage_hint": "[active]"}
    assert [each["command"] for each in state["commands"]] == ["/sessions", "/invite", "/remove", "/archive"]
    (message,) = state["messages"]
    assert (message["ephemeral"], message["blocks"]) == (True, BLOCKS)
    assert set(message) == {
        *("ts", "channel", "user", "text", "blocks", "ephemeral", "thread_ts", "broadcast", "edited", "reply_count")
    }
    assert state["last_event_id"] == 2  # Ada's own, and the message that was in a channel of hers then


async def test_sending_and_events(slack: FakeSlack, page: aiohttp.ClientSession) -> None:
    ops = slack.workspace.channel("live-ops").id
    async with page.get("/page/events") as stream:
        assert stream.content_type == "text/event-stream"
        assert await post(page, "/page/send", channel=ops, text="hi <all>") == {"ok": True}
        number, event = await next_event(stream)
        assert (number, event["type"], event["message"]["text"]) == (1, "message.posted", "hi &lt;all&gt;")
        assert await post(page, "/page/send", channel=ops, text="/sessions active") == {"ok": True}
        number, event = await next_event(stream)
        assert "dispatch_failed" in event["message"]["text"]
        (message, *_) = slack.messages(ops)
        slack.workspace.change(message, text="changed")
        slack.workspace.delete(message)
        assert (await next_event(stream))[1]["type"] == "message.changed"
        assert (await next_event(stream))[1]["type"] == "message.deleted"
        slack.workspace.notice(ops, BEN, "1.0", "for Ben")
        slack.workspace.direct(BEN)
        assert (await next_event(stream))[1]["type"] == "channels.changed"
    async with page.get("/page/events", headers={"Last-Event-ID": "3"}) as stream:
        assert (await next_event(stream))[0] == 4
    async with page.get("/page/events?last_event_id=4") as stream:
        assert (await next_event(stream))[1]["type"] == "channels.changed"


async def test_sending_what_cannot_be_sent(slack: FakeSlack, page: aiohttp.ClientSession) -> None:
    def channel(name: str) -> str:
        return slack.workspace.channel(name).id

    wrong = await post(page, "/page/send", channel=channel("live-ops"), text="/foo bar")
    assert wrong == {"ok": False, "error": "/foo is not a valid command."}
    archived = await post(page, "/page/send", channel=channel("spring-launch"), text="x")
    assert archived["error"] == "This channel is archived."
    assert not (await post(page, "/page/send", channel="C0", text="x"))["ok"]
    assert not (await post(page, "/page/send", channel=channel("general"), text=" "))["ok"]
    async with page.post("/page/send", data="[") as answer:
        assert answer.status == 400


async def test_slacks_own_commands(page: aiohttp.ClientSession, slack: FakeSlack) -> None:
    random = slack.workspace.channel("random")
    bot = slack.workspace.bot_user

    async def said(line: str, channel: str = random.id) -> str:
        assert await post(page, "/page/send", channel=channel, text=line) == {"ok": True}
        return (await slack.reply()).text

    assert "Say who" in await said("/invite ")
    assert "nobody called @nobody" in await said("/invite @nobody")
    assert await said("/invite @sessions") == f"was added to #random by <@{ADA}>."
    assert bot in random.members
    assert "already in" in await said("/invite @Sessions")
    assert "was removed" in await said("/remove @Sessions")
    assert bot not in random.members
    assert "not in this channel" in await said("/remove @Sessions")
    assert "can't remove yourself" in await said("/remove @ada")
    assert "direct messages" in await said("/archive", slack.workspace.direct(ADA).id)
    assert await post(page, "/page/send", channel=random.id, text="/archive") == {"ok": True}
    await slack.wait_for(lambda: random.is_archived)
    assert not (await post(page, "/page/send", channel=random.id, text="x"))["ok"]
    assert await post(page, "/page/unarchive", channel=random.id) == {"ok": True}
    await slack.wait_for(lambda: not random.is_archived)
    assert not (await post(page, "/page/unarchive", channel=random.id))["ok"]
    assert not (await post(page, "/page/unarchive", channel="C0"))["ok"]


@pytest.mark.parametrize("scopes", [{"channels:read"}, {"groups:read"}], ids=" ".join)
async def test_the_app_hears_of_them_as_its_manifest_and_scopes_say(scopes: set[str]) -> None:
    heard: list[tuple[str, str]] = []

    async def hear(request: web.Request) -> web.Response:
        event = (await request.json())["event"]
        heard.append((event["type"], event["channel"]))
        return web.Response()

    manifest = {**MANIFEST, "settings": {"event_subscriptions": {"bot_events": ["member_joined_channel"]}}}
    slack = FakeSlack(manifest=manifest, scopes=frozenset(scopes))
    slack.app.router.add_post("/bot", hear)
    async with slack:
        slack.bot_events_url = f"{slack.url}/bot"
        places = [slack.workspace.channel(name) for name in ("random", "incident-room")]
        for place in places:
            await slack.command("@cleo" if place.is_private else "@Sessions", command="/invite", channel=place.id)
            await slack.command(command="/archive", channel=place.id)
            await slack.unarchive(place.id)
    public, private = (place.id for place in places)
    assert heard == [("member_joined_channel", public if "channels:read" in scopes else private)]


async def test_actions_are_checked_against_the_message(slack: FakeSlack, page: aiohttp.ClientSession) -> None:
    ops = slack.workspace.channel("live-ops").id
    message = slack.workspace.post(ops, slack.workspace.bot_user, "x", BLOCKS)
    place = {"channel": ops, "ts": message.ts, "block_id": "b"}
    good = await post(page, "/page/action", **place, action_id="more", value="2", selected_option=None)
    assert good == {"ok": True}
    await slack.wait_for(lambda: [each for each in slack._site.ledger.changes if each.kind == "notice"])
    picked = await post(page, "/page/action", **place, action_id="menu", value=None, selected_option=OPTION)
    assert picked == {"ok": True}
    for bad in (
        {"action_id": "more", "value": "3"},
        {"action_id": "menu", "selected_option": {"value": "b"}},
        {"action_id": "gone", "value": "2"},
    ):
        assert not (await post(page, "/page/action", **place, **bad))["ok"]
    slack.workspace.delete(message)
    assert not (await post(page, "/page/action", **place, action_id="more", value="2"))["ok"]


@pytest.mark.parametrize(
    "headers",
    [{"Host": "evil.example"}, {"Host": "[", "Origin": "x"}, {"Origin": "https://evil.example"}, {"Origin": "null"}],
)
async def test_only_this_machine_may_drive_the_page(page: aiohttp.ClientSession, headers: dict[str, str]) -> None:
    for path in ("/", "/page/state", "/assets/x.js"):
        async with page.get(path, headers=headers) as answer:
            assert answer.status == 403
    async with page.get("/page/state", headers={"Origin": "http://localhost:1"}) as answer:
        assert answer.status == 200


async def test_files(page: aiohttp.ClientSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_api, "DIST", tmp_path / "missing")
    async with page.get("/") as answer:
        assert (answer.status, "not built" in await answer.text()) == (503, True)
    monkeypatch.setattr(page_api, "DIST", tmp_path)
    (tmp_path / "index.html").write_text("<p>hi")
    (tmp_path / "page.js").write_text("1")
    async with page.get("/") as answer:
        assert (answer.status, answer.content_type) == (200, "text/html")
    async with page.get("/assets/page.js") as answer:
        assert answer.status == 200
    for path in ("/assets/none.js", "/assets/..%2Fsecret"):
        async with page.get(path) as answer:
            assert answer.status == 404


async def test_another_app_can_be_mounted_beside_it() -> None:
    async def hello(request: web.Request) -> web.Response:
        return web.Response(text="hello")

    inner = web.Application()
    inner.add_routes([web.get("/sessions", hello)])
    slack = FakeSlack()
    slack.app.add_subapp("/v2", inner)
    async with slack, aiohttp.ClientSession() as session, session.get(f"{slack.url}/v2/sessions") as answer:
        assert await answer.text() == "hello"


@pytest.mark.parametrize(
    ("text", "rewrite", "written"),
    [
        ("a < b & c", True, "a &lt; b &amp; c"),
        ("notify:@ada,@oncall", True, "notify:<@U1|ada>,<!subteam^S1|@oncall>"),
        ("@ada and @nobody", True, "<@U1|ada> and @nobody"),
        ("in #general #none", True, "in <#C1|general> #none"),
        ("see https://x.io/?a=1&b=2", True, "see <https://x.io/?a=1&amp;b=2|https://x.io/?a=1&amp;b=2>"),
        ("x.example now", True, "<http://x.example|x.example> now"),
        ("@here a@b.com room:x", True, "<!here> a@b.com room:x"),
        ("<@U1>", True, "&lt;@U1&gt;"),
        ("@ada <x>", False, "@ada &lt;x&gt;"),  # a command whose manifest has should_escape off
    ],
)
def test_the_composer_rewrites_what_is_typed(text: str, rewrite: bool, written: str) -> None:
    assert typed(text, {"ada": "U1"}, {"general": "C1"}, {"oncall": "S1"}, rewrite=rewrite) == written
