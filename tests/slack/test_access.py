"""`ACCESS` through the real door: who may do what where, by typing and by pressing."""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.app import FEATURES
from bot.blockkit import actions as ids
from bot.demo.fake_hms import Account
from bot.demo.fake_slack import ApiError, FakeSlack, HttpError
from bot.demo.fake_slack.seed import ADA, OPERATORS
from bot.query.filters import LIST
from bot.settings import Settings
from bot.slack.groups import FAILED_S, KEPT_S, Groups, MembersUnknown
from bot.slack.registry import Registry
from tests.clocks import Clock
from tests.conftest import ROOT
from tests.live import act, asked, fill, logged, press, say

REGISTRY = Registry(FEATURES)
LIVE, SUPPORT = "C07QX6L1V3P", "C07QX65PP0T"
METHOD = "usergroups.users.list"


@pytest.fixture
async def slack(manifest: dict[str, Any]) -> AsyncIterator[FakeSlack]:
    scopes = frozenset({"commands", "chat:write", "users:read", "usergroups:read"})
    async with FakeSlack(manifest=manifest, scopes=scopes) as fake:
        yield fake
        assert fake.violations == []


@pytest.fixture
def settings(settings: Settings, request: pytest.FixtureRequest) -> Settings:
    return settings.model_copy(update={"access": getattr(request, "param", "")})


def access(text: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("settings", [text], indirect=True, ids=[""])


async def test_by_default_everybody_may_read_and_subscribe(bot: str, slack: FakeSlack, account: Account) -> None:
    fill(account, 3)
    for person in ("ada", "ben", "cleo", "nia"):
        assert "Active sessions" in (await say(slack, "active", user=person)).plain
        assert "✅" in (await say(slack, "subscribe", user=person)).plain
        assert "Not for you" not in (await say(slack, "help", user=person)).plain
    listed = await say(slack, "active", user="gus")
    assert "Active sessions" in listed.plain
    assert "Town hall" in (await press(slack, listed, "Show")).plain
    assert "told when one opens" in (await say(slack, "settings", user="gus")).plain
    assert "Guests can't change" in (await say(slack, "subscribe", user="gus")).plain
    assert asked(slack, METHOD) == 0


@access(f"sub, digest: {OPERATORS}; unsubscribe: {ADA}")
async def test_some_people_only(bot: str, slack: FakeSlack, account: Account, caplog: pytest.LogCaptureFixture) -> None:
    account.add_room("Town hall")
    for line in ("subscribe", "follow room:Nowhere", "DIGEST, preview daily 9:00", "Sub wat"):
        denied = await say(slack, line, user="cleo")
        assert "is for some people only. Whoever runs this bot says who (ACCESS)." in denied.plain
        assert denied.ephemeral_to == slack.workspace.user("cleo").id
        assert denied.labels == []
    assert [(fields.get("outcome"), fields.get("cause")) for fields in logged(caplog, "command")] == [
        ("Denied", f"{command}: who") for command in ("subscribe", "subscribe", "digest", "subscribe")
    ]
    assert "✅" in (await say(slack, "subscribe", user="ben")).plain
    assert "for some people" in (await say(slack, "unsubscribe 1", user="ben")).plain
    assert "told when one opens" in (await say(slack, "subscriptions", user="cleo")).plain
    assert "Active sessions" in (await say(slack, "active", user="cleo")).plain
    shown = await say(slack, "help", user="cleo")
    assert "Not for you in this channel: subscribe, unsubscribe, digest (ACCESS)" in shown.plain.replace("`", "")
    assert "no subscription" not in (await say(slack, "unsubscribe 1", user="ada")).plain
    assert asked(slack, METHOD) == 1


@access(f"subscribe: {LIVE} C0OTHER; {LIST}: {ADA} {SUPPORT}; settings: C0OTHER D0OTHER")
async def test_some_channels_only(bot: str, slack: FakeSlack, account: Account) -> None:
    fill(account, 1)
    assert "✅" in (await say(slack, "subscribe", user="cleo")).plain
    denied = await say(slack, "subscribe", user="cleo", channel="support")
    assert (
        "`/sessions subscribe` isn't for this channel (ACCESS). It works in <#C07QX6L1V3P>, <#C0OTHER>." in denied.plain
    )
    assert "<#C07QX6L1V3P>" in denied.text
    assert "Listing sessions is for some people" in (await say(slack, "", user="ben", channel="support")).plain
    assert "Listing sessions isn't for this channel" in (await say(slack, "show ended")).plain
    assert "Active sessions" in (await say(slack, "show active", channel="support")).plain
    assert "It works in <#C0OTHER>." in (await say(slack, "settings changes")).plain
    assert "Nothing is muted" in (await say(slack, "mutes", user="cleo")).plain
    for line in ("help", "?", "--help"):
        assert "Filters" in (await say(slack, line, user="cleo", channel="general")).plain


@access(f"*: {ADA}; mutes: {SUPPORT} {LIVE}")
async def test_nothing_is_reached_by_pressing_that_cannot_be_typed(
    bot: str, slack: FakeSlack, account: Account, caplog: pytest.LogCaptureFixture
) -> None:
    session = fill(account, 12)[0]
    listed, card = await say(slack, "active"), slack.say("anything")
    place = next(each["value"] for _, each in listed.elements() if each["action_id"] == ids.MORE)
    shown = f"1|{session.id}"
    values = {
        **{key: [place] for key in (ids.MORE, ids.BACK, ids.REFRESH, ids.SHARE, ids.OPEN)},
        **{key: [shown] for key in (ids.SHOW, ids.SHOW_AGAIN)},
        ids.RUN: ["1|active", "1|sub", "1|settings changes", "1|show ended", f"1|{session.id}", "1|digest list", "1|"],
        ids.SET: [
            f"1|{LIVE}|subscriptions|unsubscribe 1",
            f"1|{LIVE}|mutes|unmute all",
            f"1|{LIVE}|settings|mutes",
            f"1|{LIVE}||threads off",
        ],
        ids.MUTE: ["1|2h"],
        ids.TAKE: [shown],
        **{key: [f"1|{LIVE}"] for key in (ids.RESUME, ids.RELEASE)},
    }
    assert values.keys() == REGISTRY.actions.keys()
    await say(slack, "help", user="cleo")
    begun = len(slack.calls)
    for action_id, value in [(action_id, value) for action_id, listed in values.items() for value in listed]:
        denied = await act(slack, card, action_id, value, user="cleo")
        assert "is for some people only" in denied.plain, (action_id, value)
    assert {call.method for call in slack.calls[begun:]} == {"response_url"}
    assert "Nothing is muted" in (await act(slack, card, ids.RUN, "1|mutes", user="cleo")).plain
    assert "Mute" in (await act(slack, card, ids.MUTE, "1|2h", user="ada")).plain


@access(f"digests: {ADA}")
async def test_a_list_by_another_word_is_the_same_list(bot: str, slack: FakeSlack) -> None:
    for line in ("digests", "digest", "digest list", "digest digests"):
        assert "for some people only" in (await say(slack, line, user="ben")).plain, line


@access(f"subscribe: {OPERATORS} S0GONE")
async def test_a_group_that_cannot_be_read(bot: str, slack: FakeSlack, caplog: pytest.LogCaptureFixture) -> None:
    assert "✅" in (await say(slack, "subscribe")).plain  # she is in the group that can be
    denied = await say(slack, "subscribe", user="cleo")
    assert "Slack doesn't say who is in `S0GONE`. There is no such group" in denied.plain
    assert logged(caplog, "group_unreadable") == [{"group": "S0GONE", "cause": "no_such_subteam"}]
    assert ("bot", logging.WARNING, "group_unreadable") in caplog.record_tuples


@access(f"subscribe: {OPERATORS}")
@pytest.mark.parametrize(
    ("fault", "says"),
    [
        (ApiError("missing_scope"), "lacks the scope `usergroups:read`"),
        (ApiError("plan_upgrade_required"), "plan has no user groups"),
        (HttpError(503, "<html>"), "Please try again in a moment"),
        (HttpError(200, "[]", content_type="application/json"), "Please try again in a moment"),
    ],
)
async def test_nobody_gets_in_while_it_cannot_be_told(bot: str, slack: FakeSlack, fault: Any, says: str) -> None:
    slack.fail(METHOD, fault)
    for _ in range(2):
        denied = await say(slack, "subscribe")
        assert "I can't tell whether `/sessions subscribe` is for you" in denied.plain and says in denied.plain
    assert asked(slack, METHOD) == 1


async def test_members_are_kept_for_five_minutes(slack: FakeSlack) -> None:
    clock = Clock()
    groups = Groups(AsyncWebClient(slack.bot_token, base_url=slack.api_url, retry_handlers=[]), clock)
    assert await groups.of(ADA, [OPERATORS]) == OPERATORS
    slack.workspace.groups[OPERATORS].members.remove(ADA)
    assert await groups.of(ADA, [OPERATORS]) == OPERATORS
    clock.now += KEPT_S
    slack.fail(METHOD, ApiError("fatal_error"))
    for _ in range(2):
        with pytest.raises(MembersUnknown):
            await groups.of(ADA, [OPERATORS])
    clock.now += FAILED_S
    assert await groups.of(ADA, [OPERATORS]) == ""
    assert asked(slack, METHOD) == 3


def test_a_wrong_rule_ends_the_start(tmp_path: Path) -> None:
    keys = {"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_SIGNING_SECRET": "s", "HMS_ACCESS_KEY": "k", "HMS_SECRET": "s"}
    done = subprocess.run(
        [sys.executable, "-m", "bot", "web"], cwd=tmp_path, capture_output=True, text=True,
        env={"PYTHONPATH": str(ROOT), "PATH": "", "ACCESS": "list: @ada", **keys},
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr.startswith("sessions-bot: ACCESS, in `list: @ada`: `@ada` is no id of Slack: ")
    assert done.stderr.count("\n") == 1


def test_each_button_belongs_to_commands_that_there_are() -> None:
    for action in REGISTRY.actions.values():
        assert set(action.commands) <= {LIST, *REGISTRY.commands, *REGISTRY.rights}
