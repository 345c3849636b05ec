"""An answer to all that a person presses, submits or starts: where it was done, or to them, or counted as unanswered."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bot.app import FEATURES
from bot.blockkit import actions as ids
from bot.blockkit.blocks import Message as Answer
from bot.blockkit.blocks import section
from bot.demo.fake_hms import Account
from bot.demo.fake_slack import ApiError, FakeSlack, Message
from bot.settings import Settings
from bot.slack.registry import Callback, Feature
from bot.slack.request import Request
from tests.live import act, fill, logged, press, resend, say, shown, until
from tests.slack.test_strangers import GRID, OTHER
from tests.web.test_metrics import Rise
from tests.work import at_work

ANSWERS = "answer_duration_seconds_count"
CANT_READ = "can't be read: it is from another version of this bot"


def a_view(slack: FakeSlack, kind: str = "modal", callback_id: str = "gone") -> dict[str, Any]:
    """A view that a person has before them."""
    view = {"id": f"V{len(slack.views)}", "type": kind, "callback_id": callback_id, "blocks": [section("hello")]}
    slack.views.append(view)
    return view


def direct(slack: FakeSlack) -> list[Message]:
    """The bot's direct messages to Ada."""
    return [each for each in slack.messages("dm") if each.bot_id]


async def to_person(slack: FakeSlack) -> Message:
    return (await until(lambda: direct(slack)))[-1]


def kinds(slack: FakeSlack, since: int = 0) -> list[str]:
    return [call.method for call in slack.calls[since:] if call.method != "users.info"]


async def test_a_press_in_a_modal_is_answered_to_the_person(bot: str, slack: FakeSlack, account: Account) -> None:
    rise = await Rise.since_now(bot)
    sessions = fill(account, 2)
    await slack.act_in_view(a_view(slack), action_id=ids.RUN, value="1|active")
    assert shown(await to_person(slack)) == [session.id for session in sessions]
    await rise.until(1, ANSWERS, source="action", name=ids.RUN, outcome="ok")


async def turn_page(slack: FakeSlack, account: Account, view: dict[str, Any]) -> str:
    """Press More in the view; the id of a session on the second page."""
    sessions = fill(account, 12)
    more = next(each["value"] for _, each in (await say(slack, "active")).elements() if each["action_id"] == ids.MORE)
    await slack.act_in_view(view, action_id=ids.MORE, value=more)
    return sessions[-1].id


async def test_what_turns_a_page_takes_the_place_of_the_modal(bot: str, slack: FakeSlack, account: Account) -> None:
    view = a_view(slack)
    last = await turn_page(slack, account, view)
    page = await until(lambda: slack.views[0] if slack.views[0] != view else None)
    assert page["id"] == view["id"] and last in json.dumps(page["blocks"])
    assert direct(slack) == []


async def test_what_turns_a_page_takes_the_place_of_the_home(bot: str, slack: FakeSlack, account: Account) -> None:
    last = await turn_page(slack, account, a_view(slack, "home"))
    (page,) = await until(lambda: slack.views[1:])
    assert page["type"] == "home" and last in json.dumps(page["blocks"])


async def test_a_modal_that_is_closed_meanwhile(bot: str, slack: FakeSlack, account: Account) -> None:
    rise = await Rise.since_now(bot)
    view = a_view(slack)
    slack.views.clear()
    await turn_page(slack, account, view)
    assert "Active sessions" in (await to_person(slack)).plain
    await rise.until(1, ANSWERS, source="action", name=ids.MORE, outcome="ok")


OF_A_CHANNEL = "is about a channel: type it in that channel."
REFUSED = [
    (ids.RUN, "1|subscribe", OF_A_CHANNEL),
    (ids.RUN, "1|mutes", OF_A_CHANNEL),
    (ids.RUN, "1|digest daily 9:00", OF_A_CHANNEL),
    (ids.MUTE, "1|2h", OF_A_CHANNEL),
    ("sessions.gone", "1", f"That button {CANT_READ}"),
]


@pytest.mark.parametrize("kind", ["modal", "home"])
async def test_what_is_refused_in_a_view(bot: str, slack: FakeSlack, kind: str) -> None:
    rise = await Rise.since_now(bot)
    for number, (action_id, value, says) in enumerate(REFUSED):
        await slack.act_in_view(a_view(slack, kind), action_id=action_id, value=value)
        answer = await until(lambda number=number: direct(slack)[number:])
        assert says in answer[0].plain, value
    await rise.until(5, ANSWERS, source="action")
    for name, outcome, count in ((ids.RUN, "UserError", 3), (ids.MUTE, "UserError", 1), ("other", "StaleButton", 1)):
        assert await rise.of(ANSWERS, source="action", name=name, outcome=outcome) == count


async def test_a_press_without_a_response_url(bot: str, slack: FakeSlack, account: Account) -> None:
    sessions = fill(account, 2)
    await press(slack, await say(slack, "active"), "Refresh")
    rise, begun = await Rise.since_now(bot), len(slack.calls)
    await resend(slack, without="response_url")
    assert shown(await to_person(slack)) == [session.id for session in sessions]
    assert kinds(slack, begun) == ["chat.postMessage"]
    await rise.until(1, ANSWERS, source="action", name=ids.REFRESH, outcome="ok")
    assert await rise.of("replies_total", outcome="ok") == 1


async def test_nothing_is_shared_by_a_press_without_a_response_url(
    bot: str, slack: FakeSlack, account: Account
) -> None:
    fill(account, 2)
    await slack.press(await say(slack, "active"), "Share in channel")
    await until(lambda: slack.messages("live-ops"))
    await resend(
        slack, without="response_url", container={"type": "message", "message_ts": "1.000001", "is_ephemeral": True}
    )
    assert "can't be shared from here" in (await to_person(slack)).plain
    assert len(slack.messages("live-ops")) == 1


async def test_a_press_on_a_message_that_is_deleted_meanwhile(bot: str, slack: FakeSlack, account: Account) -> None:
    fill(account, 2)
    listed = await say(slack, "active")
    slack.workspace.delete(listed)
    assert "Active sessions" in (await act(slack, listed, ids.RUN, "1|active")).plain


@pytest.mark.parametrize(
    ("changes", "cause"),
    [({"user": {}}, "nobody"), ({"team": {"id": OTHER}, "enterprise": GRID}, "another workspace")],
)
async def test_a_press_that_can_be_answered_to_nobody_is_counted_as_unanswered(
    bot: str,
    slack: FakeSlack,
    account: Account,
    caplog: pytest.LogCaptureFixture,
    changes: dict[str, Any],
    cause: str,
) -> None:
    fill(account, 1)
    await press(slack, await say(slack, "active"), "Refresh")
    rise, begun = await Rise.since_now(bot), len(slack.calls)
    await resend(slack, without="response_url", **changes)
    await rise.until(1, ANSWERS, source="action", outcome="undelivered")
    assert kinds(slack, begun) == [] and direct(slack) == [], "not by our token"
    assert await rise.of("replies_total", outcome="failed") == 1
    assert logged(caplog, "reply_failed") == [{"cause": cause}]


async def test_a_person_who_takes_no_messages_is_counted_as_unanswered(
    bot: str, slack: FakeSlack, caplog: pytest.LogCaptureFixture
) -> None:
    rise = await Rise.since_now(bot)
    slack.workspace.messages_tab = False
    await slack.act_in_view(a_view(slack), action_id=ids.RUN, value="1|help")
    await rise.until(1, ANSWERS, source="action", name=ids.RUN, outcome="undelivered")
    assert logged(caplog, "reply_failed")


@pytest.mark.parametrize("code", ["expired_url", "invalid_blocks"])
async def test_an_answer_that_slack_refuses_in_every_form_is_counted_as_unanswered(
    bot: str, slack: FakeSlack, caplog: pytest.LogCaptureFixture, code: str
) -> None:
    rise = await Rise.since_now(bot)
    slack.fail("response_url", *[ApiError(code)] * 2)
    await slack.command("help")
    await rise.until(1, ANSWERS, source="command", name="help", outcome="undelivered")
    assert logged(caplog, "reply_failed") == [{"cause": f"status 200: {code}"}]


async def test_a_shortcut_or_a_form_that_nobody_registered(bot: str, slack: FakeSlack) -> None:
    rise = await Rise.since_now(bot)
    await slack.shortcut("gone")
    assert f"That shortcut {CANT_READ}" in (await to_person(slack)).plain
    await slack.shortcut("gone", message=slack.say("anything"))
    assert f"That shortcut {CANT_READ}" in (await slack.reply(where=lambda each: each.ephemeral)).plain
    await slack.submit(a_view(slack))
    (_, answer) = await until(lambda: len(direct(slack)) == 2 and direct(slack))
    assert f"That form {CANT_READ}" in answer.plain
    await rise.until(2, ANSWERS, source="shortcut", name="other", outcome="StaleButton")


async def test_a_form_that_is_closed_is_nobodys_question(bot: str, slack: FakeSlack) -> None:
    assert (await slack.submit(a_view(slack), kind="view_closed")).status == 200
    await slack.shortcut("gone")
    await to_person(slack)
    assert len(direct(slack)) == 1


async def test_views_and_shortcuts_are_one_entry_each(settings: Settings, slack: FakeSlack) -> None:
    async def form(request: Request, view: Any) -> None:
        name = view["state"]["values"]["b"]["name"]["value"]
        await request.reply(Answer(f"Form {name}", [section(f"Form {name}")]))

    async def shortcut(request: Request, payload: Any) -> None:
        text = payload["message"]["text"] if "message" in payload else "all"
        await request.reply(Answer(f"Shortcut {text}", [section(f"Shortcut {text}")]))

    added = Feature(views=(Callback("form", form, ("mute",)),), shortcuts=(Callback("look", shortcut),))
    async with at_work(settings, slack, features=(*FEATURES, added)) as started:
        await started.starting
        rise = await Rise.since_now(started.url)
        await slack.shortcut("look")
        assert (await to_person(slack)).plain == "Shortcut all"
        await slack.shortcut("look", message=slack.say("this"))
        assert (await slack.reply(where=lambda each: each.ephemeral)).plain == "Shortcut this"
        state = {"values": {"b": {"name": {"type": "plain_text_input", "value": "Ada"}}}}
        await slack.submit(a_view(slack, callback_id="form") | {"state": state})
        assert "is about a channel" in (await until(lambda: direct(slack)[1:]))[0].plain  # as `mute` is
        await rise.until(1, ANSWERS, source="view", name="form", outcome="UserError")
        assert await rise.of(ANSWERS, source="shortcut", name="look", outcome="ok") == 2
