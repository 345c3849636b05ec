"""Bad input and faults: each gets one clear sentence, in time, and an id that is also in the log."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import hypothesis
import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from bot.demo.fake_hms import Account, BadJson, CutOff, Drop, FakeHms, Html, Stall, Status, WrongTypes
from bot.demo.fake_slack import ApiError, FakeSlack, HttpError, RateLimited
from bot.net.retry_budget import RetryBudget
from bot.settings import Settings
from tests import strategies
from tests.effort import effort
from tests.live import fill, logged, post, press, resend, say, shown, until
from tests.work import HASTY, at_work


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("after:25:61", "there is no time 25:61 in a day. For example `/sessions after:2h`."),
        ("ended after:25:61", "there is no time 25:61 in a day. For example `/sessions ended after:2h`."),
        ("room:631a0f990e6ffae22efa610", "an id has 24 hex digits, this has 23"),
        ("show 631a0f990e6ffae22efa610", "an id has 24 hex digits, this has 23"),
        ("show", "Which session? For example `/sessions show 1`."),
        ("x" * 3_000, "600 is the most I read"),
        ("🙂🙃", "is not a word I know"),
        ("\u202eשלום\u0007", "I know no command, filter or room called `שלום`."),
        ("ended limit:ten", "a whole number from 10 to 100. For example `/sessions ended limit:10`."),
    ],
)
async def test_errors_say_what_is_wrong_and_where(
    bot: str, slack: FakeSlack, hms: FakeHms, typed: str, says: str
) -> None:
    reply = await say(slack, typed)
    assert says in reply.plain
    assert ("^" in reply.plain) is typed.startswith("ended")
    assert reply.plain.replace("```", "").count("\n") <= 3
    assert not [request for request in hms.requests if request.path == "/sessions"]
    assert reply.labels == []


@pytest.fixture
async def impatient(settings: Settings, slack: FakeSlack) -> AsyncIterator[str]:
    """The bot, which asks 100ms for a second and not for nine."""
    async with at_work(settings, slack, pace=replace(HASTY, budget=RetryBudget(budget_s=1.0))) as started:
        yield started.url


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        (Status(400), "100ms refused that request"),
        (Status(401), "should check HMS_ACCESS_KEY and HMS_SECRET, or HMS_MANAGEMENT_TOKEN"),
        (Status(403), "100ms refused the bot's token"),
        (Status(404), "100ms doesn't know that id"),
        (Status(429, headers={"Retry-After": "45"}), "Try again in 45 seconds"),
        (Status(429, body={"code": 429, "message": "rate limit exceeded, retry after 30 seconds"}), "in 30 seconds"),
        (Status(500), "100ms is having trouble"),
        (Html(200), "not an answer"),
        (Html(503), "100ms is having trouble"),
        (CutOff(), "can't be reached"),
        (BadJson(), "not an answer"),
        (WrongTypes(), "in a form I don't know"),
        (Drop(), "can't be reached"),
        (Stall(60), "doesn't answer in time"),
    ],
)
async def test_faults_of_100ms(
    impatient: str, slack: FakeSlack, hms: FakeHms, caplog: pytest.LogCaptureFixture, fault: object, says: str
) -> None:
    hms.fail_always("/*", fault)
    ack = await slack.command("active")
    assert ack.status == 200 and ack.elapsed_s < 1
    reply = await slack.reply(timeout_s=15)
    assert says in reply.plain
    assert re.search(r"Reference `([0-9a-f]{8})`", reply.plain)
    assert "Try again" in reply.labels
    hms.heal()
    again = await press(slack, reply, "Try again")
    assert again.ts == reply.ts and "No sessions match" in again.plain
    assert hms.secret not in caplog.text and slack.bot_token not in caplog.text


async def test_a_fault_while_paging_keeps_the_page(bot: str, slack: FakeSlack, hms: FakeHms) -> None:
    fill(hms.account, 25)
    reply = await say(slack, "active")
    page = shown(reply)
    hms.fail_always("/sessions*", Status(404))
    problem = await press(slack, reply, "More")
    assert problem.ts != reply.ts
    assert shown(slack.ephemerals()[0]) == page


async def test_room_names_are_an_ornament(bot: str, slack: FakeSlack, hms: FakeHms) -> None:
    sessions = fill(hms.account, 3)
    hms.fail_always("/rooms*", Status(404))
    reply = await say(slack, "active")
    assert shown(reply) == [session.id for session in sessions]
    assert f"room {sessions[0].room_id}" in reply.plain


async def test_slack_that_stumbles_still_gets_the_answer(bot: str, slack: FakeSlack) -> None:
    slack.fail("response_url", HttpError(500, ""), RateLimited(1))
    assert "Filters" in (await say(slack, "help")).plain


async def test_no_zone_is_no_obstacle(bot: str, slack: FakeSlack, hms: FakeHms) -> None:
    slack.fail("users.info", ApiError("missing_scope"))
    for _ in range(2):
        await say(slack, "ended after:2026-07-01")
    assert [r.query["after"] for r in hms.requests if r.path == "/sessions"] == ["2026-07-01T00:00:00.000Z"] * 2
    assert sum(call.method == "users.info" for call in slack.calls) == 1  # a refusal is remembered


OF_NOBODY = {"user": {"id": "U1"}, "team": {"id": "T1"}}


@pytest.mark.parametrize(
    ("body", "kind", "unhandled"),
    [
        ({"command": "/other", "text": "", "user_id": "U1", "team_id": "T1", "channel_id": "C1"}, "form", 1),
        ({"type": "event_callback", "event": {"type": "app_home_opened"}, "team_id": "T1", "event_id": "E"}, "json", 1),
        (OF_NOBODY | {"type": "view_submission", "view": {"type": "modal", "callback_id": "x"}}, "payload", 0),
        (OF_NOBODY | {"type": "shortcut", "callback_id": "x"}, "payload", 0),
    ],
)
async def test_what_nothing_handles_is_acknowledged(
    bot: str, slack: FakeSlack, caplog: pytest.LogCaptureFixture, body: dict[str, Any], kind: str, unhandled: int
) -> None:
    written = json.dumps(body)
    if kind == "json":
        ack = await post(slack, written.encode(), "application/json")
    else:
        ack = await post(slack, {"payload": written} if kind == "payload" else body)
    assert ack.status == 200
    assert len(logged(caplog, "unhandled")) == unhandled, "any form and shortcut is answered, as out of date"
    assert {call.method for call in slack.calls} == {"auth.test"}


async def test_what_is_malformed_cannot_be_read(bot: str, slack: FakeSlack, caplog: pytest.LogCaptureFixture) -> None:
    good = {"action_id": "sessions.gone"}
    malformed = [
        *(("button", {"actions": actions}) for actions in (
            "x", [[]], [None], ["x"], [{}], [{"action_id": 7}], [good | {"selected_option": "x"}], [good, []],
        )),
        ("button", {"without": "actions"}),
        *(("shortcut", {"type": kind, "callback_id": []}) for kind in ("shortcut", "message_action")),
        ("shortcut", {"type": "shortcut"}),
        *(("form", {"type": "view_submission", "view": view})
          for view in ({"type": "modal", "callback_id": []}, {"type": "modal"})),
    ]  # fmt: skip
    for what, changes in malformed:
        await press(slack, await say(slack, "active"), "Refresh")
        await resend(slack, **changes)
        assert f"That {what} can't be read" in (await slack.reply()).plain, changes
    assert sum("kind" in fields for fields in logged(caplog, "unhandled")) == len(malformed)
    assert not logged(caplog, "unexpected")


async def test_garbage_is_no_crash_and_without_a_signature_not_logged(
    bot: str, slack: FakeSlack, caplog: pytest.LogCaptureFixture
) -> None:
    garbage = (
        b"", b"\xff", b"\xff\xfe", b"payload=%7B", b"payload=[]", b"{", b"[]", b"null", b"command=/sessions", b"a=b" * 1000
    )  # fmt: skip
    for body in garbage:
        assert (await slack.post_raw(body, {})).status == 401
        assert (await post(slack, body, secret="wrong")).status == 401
    assert "unreadable" not in caplog.text
    for body in garbage:
        assert (await post(slack, body)).status in (200, 400, 401), body
    assert "Filters" in (await say(slack, "help")).plain


async def test_what_was_meant_is_shown_in_the_zone_of_who_typed_it(bot: str, slack: FakeSlack, hms: FakeHms) -> None:
    await say(slack, "limit:9 ended after:2026-07-01")  # ada, in Berlin
    assert [r.query["after"] for r in hms.requests if r.path == "/sessions"] == ["2026-06-30T22:00:00.000Z"]


@pytest.mark.parametrize(
    ("answer", "noted"),
    [
        ("used_url", "status 404: used_url"),
        ('{"ok": false, "error": "used_url"}', "status 404: used_url"),
        ("<p>No: Ann said hello</p>", "status 404: without a code"),
        ('["error"]', "status 404: without a code"),
    ],
)
async def test_of_a_refusal_only_the_code_is_logged(
    bot: str, slack: FakeSlack, caplog: pytest.LogCaptureFixture, answer: str, noted: str
) -> None:
    slack.fail("response_url", HttpError(404, answer))
    await slack.command("help")
    assert await until(lambda: logged(caplog, "reply_failed")) == [{"cause": noted}]


async def test_tolerance_of_commands(bot: str, slack: FakeSlack, account: Account) -> None:
    session = fill(account, 1)[0]
    for typed in (
        f"show {session.id},",
        f'show "{session.id}"',
        f"show `{session.id}`",
        f"show, {session.id}",
        f"show session {session.id}",
        f"details {session.id}",
    ):
        assert "*Participant-minutes*" in (await say(slack, typed)).plain, typed
    for typed in ("help,", "?", "-h", "--help", "HELP"):
        assert "Filters" in (await say(slack, typed)).plain, typed
    assert "1 session" in (await say(slack, "show active")).plain
    assert "1 session" in (await say(slack, "/sessions active")).plain


@hypothesis.settings(max_examples=effort(15), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.one_of(strategies.lines, strategies.texts))
async def test_any_text_is_answered(bot: str, slack: FakeSlack, text: str) -> None:
    ack = await slack.command(text.replace("\x00", ""))
    assert ack.status == 200
    reply = await slack.reply()
    assert reply.plain and reply.ephemeral


async def test_acks_do_not_wait_for_100ms(bot: str, slack: FakeSlack, hms: FakeHms) -> None:
    hms.fail_always("/sessions*", Stall(3))
    acks = await asyncio.gather(*(slack.command("active") for _ in range(40)))
    assert all(ack.status == 200 and ack.elapsed_s < 1.5 for ack in acks)
    hms.heal()
    await slack.wait_for(40, timeout_s=20)
