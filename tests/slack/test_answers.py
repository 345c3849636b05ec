"""Slack's view of an answer: refusals of its blocks, whatever their form, and where an answer may go at all."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.blockkit.blocks import data_table, section
from bot.demo.fake_hms import Account
from bot.demo.fake_slack import ApiError, FakeSlack, HttpError, Message
from bot.slack.data_blocks import DATA_BLOCKS, KEPT_S, DataBlocks
from bot.slack.reply import is_slacks
from tests.clocks import Clock
from tests.live import asked, fill, logged, post, say, until
from tests.outbox.chat.conftest import chat_of


def kinds(message: Message) -> list[str]:
    return [block["type"] for block in message.blocks]


async def a_preview(slack: FakeSlack, account: Account) -> Message:
    fill(account, 4, room=account.add_room("Town hall"), ended_every=1)
    fill(account, 4, room=account.add_room("Lab"), ended_every=1)
    return await say(slack, just_over())


def just_over() -> str:
    """A preview of a period that ended a moment ago, with the sessions that `a_preview` makes."""
    return f"digest preview daily {datetime.now(UTC) - timedelta(minutes=5):%H:%M} UTC"


@pytest.mark.parametrize(
    "refusal",
    [
        HttpError(400, "invalid_blocks"),
        ApiError("invalid_blocks"),
        ApiError("invalid_payload"),
        HttpError(200, "invalid_blocks"),
    ],
)
async def test_whatever_form_a_refusal_has_the_text_arrives(
    bot: str, slack: FakeSlack, caplog: pytest.LogCaptureFixture, refusal: Any
) -> None:
    slack.fail("response_url", refusal)
    reply = await say(slack, "help")
    assert reply.blocks == [] and reply.text.startswith("How to ask")
    assert len(logged(caplog, "blocks_refused")) == 1 and not logged(caplog, "reply_failed")


@pytest.mark.parametrize("answer", ["ok", "", '{"ok": true}', "<p>Good</p>"])
async def test_other_answers_with_status_200_are_good(
    bot: str, slack: FakeSlack, caplog: pytest.LogCaptureFixture, answer: str
) -> None:
    slack.fail("response_url", HttpError(200, answer))
    await slack.command("help")
    await until(lambda: logged(caplog, "command"))
    assert asked(slack) == 1
    assert not logged(caplog, "reply_failed")


class TestAWorkspaceWithoutChartsAndTables:
    @pytest.fixture
    async def slack(self, manifest: dict[str, Any]) -> AsyncIterator[FakeSlack]:
        async with FakeSlack(manifest=manifest, untaken_blocks=frozenset(DATA_BLOCKS)) as fake:
            yield fake
            assert fake.violations == []

    async def test_gets_all_but_these_and_is_asked_once(self, bot: str, slack: FakeSlack, account: Account) -> None:
        preview = await a_preview(slack, account)
        assert "actions" in kinds(preview) and not DATA_BLOCKS & set(kinds(preview))
        before = asked(slack)
        assert kinds(await say(slack, just_over())) == kinds(preview)
        assert asked(slack) == before + 1

    async def test_is_asked_again_after_a_day(self, slack: FakeSlack) -> None:
        clock = Clock()
        table = data_table("Rooms", ["Room", "Minutes"], [["Lab", 1]], page_size=5)
        async with aiohttp.ClientSession() as http:
            chat = chat_of(slack, http, DataBlocks(clock))
            for waits_s, requests in ((0.0, 2), (KEPT_S - 1, 1), (1.0, 2)):
                clock.now += waits_s
                before = len(slack.calls)
                await chat.post(slack.workspace.channel(None).id, "text", [section("Figures"), table], key="k")
                assert len(slack.calls) - before == requests
        assert [kinds(message) for message in slack.messages("live-ops")] == [["section"]] * 3


async def test_a_refusal_of_other_blocks_costs_no_chart(bot: str, slack: FakeSlack, account: Account) -> None:
    slack.fail("response_url", *[ApiError("invalid_blocks")] * 2)
    assert (await a_preview(slack, account)).blocks == []
    assert set(kinds(await say(slack, just_over()))) >= DATA_BLOCKS


API, STAND_IN = "https://slack.com/api", "http://127.0.0.1:4000/api"


@pytest.mark.parametrize(
    ("url", "api", "good"),
    [
        ("https://hooks.slack.com/commands/T1/2/3", API, True),
        ("https://hooks.slack-gov.com/actions/T1/2/3", API, True),
        ("http://hooks.slack.com/commands/T1/2/3", API, False),
        ("https://hooks.slack.com.example.com/", API, False),
        ("https://hooks.slack.com@example.com/", API, False),
        ("https://hooks.slack.com\\@example.com/", API, False),
        ("https://slack.com@example.com/", API, False),
        ("https://example.com/hooks.slack.com", API, False),
        ("http://169.254.169.254/latest", API, False),
        ("https://[", API, False),
        ("", API, False),
        ("http://127.0.0.1:5000/commands/1", STAND_IN, True),  # which the settings name
        ("http://127.0.0.1:5000/commands/1", API, False),
    ],
)
def test_only_slacks_own_addresses_are_answered(url: str, api: str, good: bool) -> None:
    assert is_slacks(url, api) is good


async def help_to(slack: FakeSlack, url: str) -> None:
    """Ask for the help, to be answered at that address."""
    form = {"command": "/sessions", "text": "help", "user_id": "U1", "team_id": slack.workspace.team_id}
    assert (await post(slack, form | {"response_url": url})).status == 200


async def test_an_answer_to_another_host_is_not_sent_and_its_address_not_logged(
    bot: str, slack: FakeSlack, caplog: pytest.LogCaptureFixture
) -> None:
    await help_to(slack, "https://secret.example.com/x")
    assert await until(lambda: logged(caplog, "reply_failed")) == [{"cause": "another host than Slack's"}]
    assert "secret.example" not in caplog.text


async def test_no_redirect_is_followed(bot: str, slack: FakeSlack, caplog: pytest.LogCaptureFixture) -> None:
    paths: list[str] = []

    async def elsewhere(request: web.Request) -> web.Response:
        paths.append(request.path)
        raise web.HTTPTemporaryRedirect("/elsewhere")

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", elsewhere)
    async with TestServer(app) as server:
        await help_to(slack, str(server.make_url("/answer")))
        await until(lambda: logged(caplog, "reply_failed"))
    assert paths == ["/answer"]
