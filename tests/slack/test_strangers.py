"""Another workspace's requests, and people of other workspaces in a channel that is shared by Slack Connect."""

from __future__ import annotations

import asyncio
import json
import logging
from typing import Any

import pytest

from bot.blockkit import actions as ids
from bot.demo.fake_hms import Account, FakeHms
from bot.demo.fake_slack import ApiError, FakeSlack, Message, User
from bot.settings import Settings
from tests.live import act, cards, fill, logged, opened, polls, post, press, resend, say, subscribe, until
from tests.work import at_work

OTHER, STRANGER = "T0OTHER0001", "U0STRANGER1"
GRID = {"id": "E0GRID00001", "name": "Grid"}
ELSEWHERE, NOT_FOR_STRANGERS = "belongs to another workspace than this bot", "are for people of its own workspace"
LINES = ["", "active", "show ended", "subscribe", "mute 2h", "settings", "doctor", "help"]


@pytest.fixture
def shared(slack: FakeSlack) -> FakeSlack:
    """The workspace, whose default channel a person of another one is in, too."""
    slack.workspace.users[STRANGER] = User(STRANGER, "sten", "Sten Ranger", "Europe/Oslo", 3_600, home=OTHER)
    channel = slack.workspace.channel(None)
    channel.is_ext_shared = True
    channel.members.add(STRANGER)
    return slack


def colleague(slack: FakeSlack, told: str, *workspaces: str) -> str:
    """The id of a person of the organisation who is in these of its workspaces; `told` is the team_id of users.info."""
    person = User("W0COLLEAGUE", "cleo", "Cleo League", "Europe/Oslo", 3_600, home=told, workspaces=workspaces)
    slack.workspace.users[person.id] = person
    slack.workspace.channel(None).members.add(person.id)
    return person.id


async def answer_to(slack: FakeSlack, **changes: Any) -> Message:
    """The answer to what Slack has sent last, sent as another thing: with other values of these fields."""
    before = len(slack.ephemerals())
    await resend(slack, **changes)
    await until(lambda: len(slack.ephemerals()) > before)
    return slack.ephemerals()[-1]


async def test_a_command_of_another_workspace(bot: str, slack: FakeSlack, account: Account) -> None:
    fill(account, 2)
    await say(slack, "help")
    calls = len(slack.calls)
    for line in LINES:
        await say(slack, "help")  # its response_url takes five answers
        denied = await answer_to(slack, team_id=OTHER, text=line, channel_id="C0OTHER0001")
        assert ELSEWHERE in denied.plain, line
    assert {call.method for call in slack.calls[calls:]} - {"auth.test"} == {"response_url"}  # a job asks that at times
    assert "has no subscriptions" in (await answer_to(slack, text="subscriptions", channel_id="C0OTHER0001")).plain


async def test_a_press_of_another_workspace(bot: str, slack: FakeSlack, account: Account) -> None:
    fill(account, 2)
    await press(slack, await say(slack, "active"), "Show")
    denied = await answer_to(slack, team={"id": OTHER, "domain": "other"})
    assert ELSEWHERE in denied.plain and "Person" not in denied.plain
    assert ELSEWHERE in (await answer_to(slack, team=None)).plain


async def test_a_stranger_who_types(bot: str, shared: FakeSlack, account: Account) -> None:
    fill(account, 2)
    for line in LINES:
        assert ELSEWHERE in (await say(shared, line, user=STRANGER)).plain, line
        denied = await answer_to(shared, team_id=shared.workspace.team_id)  # so that only users.info knows
        assert NOT_FOR_STRANGERS in denied.plain, line
        assert denied.ephemeral_to == STRANGER
    assert "has no subscriptions" in (await say(shared, "subscriptions")).plain
    assert "Nothing is muted" in (await say(shared, "mutes")).plain


@pytest.mark.parametrize("known", ["granted", "missing", "unknown to Slack"])
async def test_a_stranger_who_presses(bot: str, shared: FakeSlack, account: Account, known: str) -> None:
    session = fill(account, 2)[0]
    values = {
        ids.SHOW: f"1|{session.id}",
        ids.RUN: "1|active",
        ids.MUTE: "1|2h",
        ids.SET: "1|C07QX6L1V3P|subscriptions|unsubscribe 1",
        "sessions.gone": "1",
    }
    await subscribe(shared)
    code = {"missing": "missing_scope", "unknown to Slack": "user_not_found"}.get(known)
    if code:
        shared.fail("users.info", *[ApiError(code)] * len(values))
    shown = shared.say("anything")
    for action_id, value in values.items():
        denied = await act(shared, shown, action_id, value, user=STRANGER)
        assert NOT_FOR_STRANGERS in denied.plain, action_id
        assert "Person" not in denied.plain and denied.ephemeral_to == STRANGER
    assert "1 subscription" in (await say(shared, "subscriptions")).plain
    assert "Nothing is muted" in (await say(shared, "mutes")).plain


async def test_a_stranger_at_the_menu_of_a_card(
    shared: FakeSlack, hms: FakeHms, account: Account, polling: Settings
) -> None:
    async with at_work(polling, shared):
        await polls(hms)
        await subscribe(shared)
        opened(account, account.add_room("Town hall"))
        (card,) = await until(lambda: cards(shared))
        assert NOT_FOR_STRANGERS in (await press(shared, card, "Mute this channel for 1 hour", user=STRANGER)).plain
        assert "Nothing is muted" in (await say(shared, "mutes")).plain


async def pressed_in_channel(slack: FakeSlack, account: Account) -> None:
    """A press on what everybody in a channel sees, for `answer_to` to send as another one."""
    session = fill(account, 2)[0]
    await act(slack, slack.say("anything"), ids.SHOW, f"1|{session.id}")


async def test_who_was_answered_may_press_whatever_workspace_slack_names(
    bot: str, slack: FakeSlack, account: Account
) -> None:
    """In Enterprise Grid a command and a press on its answer may name different workspaces of one person."""
    slack.fail("users.info", ApiError("missing_scope"))
    fill(account, 2)
    await press(slack, await say(slack, "active"), "Show")
    for home in (OTHER, GRID["id"]):
        user = {"id": slack.workspace.user("ada").id, "team_id": home}
        assert NOT_FOR_STRANGERS not in (await answer_to(slack, user=user, enterprise=GRID)).plain
    await pressed_in_channel(slack, account)
    assert NOT_FOR_STRANGERS in (await answer_to(slack, user=user | {"team_id": OTHER}, enterprise=GRID)).plain


async def test_people_of_an_enterprise(bot: str, slack: FakeSlack, account: Account) -> None:
    """Enterprise Grid says its own id for that of a person's workspace, where the bot is installed in one."""
    await pressed_in_channel(slack, account)
    ada = {"id": slack.workspace.user("ada").id, "team_id": GRID["id"]}
    assert NOT_FOR_STRANGERS not in (await answer_to(slack, user=ada, enterprise=GRID)).plain
    assert NOT_FOR_STRANGERS in (await answer_to(slack, user=ada, enterprise=None)).plain
    assert NOT_FOR_STRANGERS in (await answer_to(slack, user=ada, enterprise={"id": "E0GRID00002"})).plain


@pytest.mark.parametrize(
    ("told", "workspaces", "answered"),
    [
        *((told, (OTHER, "ours"), True) for told in (OTHER, GRID["id"], "ours")),
        *((told, (OTHER,), False) for told in (OTHER, GRID["id"])),
    ],
)
async def test_a_person_of_these_workspaces_of_the_organisation(
    bot: str, slack: FakeSlack, account: Account, told: str, workspaces: tuple[str, ...], answered: bool
) -> None:
    """One of them, or the organisation, whichever users.info (`told`) and Slack's press (`home`) name first."""
    own = slack.workspace.team_id
    fill(account, 2)
    who = colleague(slack, told.replace("ours", own), *(each.replace("ours", own) for each in workspaces))
    for home in (OTHER, GRID["id"], own):
        await press(slack, await say(slack, "active"), "Show")
        denied = NOT_FOR_STRANGERS in (await answer_to(slack, user={"id": who, "team_id": home}, enterprise=GRID)).plain
        assert denied is not answered, home


@pytest.mark.parametrize(
    ("told", "workspaces", "homes"),
    [
        ("E0GRID00002", (), ("ours",)),  # Slack tells that alone
        (GRID["id"], ("ours",), (OTHER, "E0GRID00002")),  # an id is a person's in one organisation, here a colleague's
    ],
)
async def test_somebody_of_another_organisation(
    bot: str, slack: FakeSlack, account: Account, told: str, workspaces: tuple[str, ...], homes: tuple[str, ...]
) -> None:
    own = slack.workspace.team_id
    who = colleague(slack, told, *(own for _ in workspaces))
    await pressed_in_channel(slack, account)
    for home in homes:
        user = {"id": who, "team_id": home.replace("ours", own)}
        assert NOT_FOR_STRANGERS in (await answer_to(slack, user=user, enterprise=GRID)).plain, home


@pytest.mark.parametrize("told", [{"team_id": OTHER, "authorizations": [{"team_id": OTHER}]}, {"team_id": OTHER}])
async def test_an_event_of_another_workspace(
    slack: FakeSlack,
    hms: FakeHms,
    account: Account,
    polling: Settings,
    told: dict[str, Any],
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with at_work(polling, slack):
        await subscribe(slack)
        slack.fail("chat.postMessage", ApiError("is_archived"))
        opened(account, account.add_room("Town hall"))
        await until(lambda: "channel_paused" in caplog.text)
        await polls(hms)
        event = {"type": "channel_unarchive", "channel": slack.workspace.channel(None).id, "user": "U1"}
        body = {"type": "event_callback", "event_id": "Ev1", "event": event}
        await post(slack, json.dumps(body | told).encode(), "application/json")
        await until(lambda: "event_ignored" in caplog.text)
        await asyncio.sleep(0.1)
        assert "resumed" not in caplog.text and cards(slack) == []
        assert logged(caplog, "event_ignored") == [{"kind": "channel_unarchive", "cause": "another workspace"}]
        assert ("bot", logging.WARNING, "event_ignored") in caplog.record_tuples
        own = {"team_id": OTHER, "authorizations": [{"team_id": slack.workspace.team_id}]}  # it happened there
        await post(slack, json.dumps(body | {"event_id": "Ev2"} | own).encode(), "application/json")
        await until(lambda: cards(slack))
