"""`notify:` and `every:` through the real door: who may be mentioned, and what people and the channel read of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from bot.blockkit.phrases import NO_BREAK
from bot.demo.fake_hms import Account
from bot.demo.fake_slack import ApiError, FakeSlack, HttpError
from bot.demo.fake_slack.seed import ADA, BOT_USER, CLEO, GUEST, OPERATORS, SLACKBOT
from bot.demo.fake_slack.server import DEFAULT_SCOPES
from bot.settings import Settings
from tests.clocks import Wall
from tests.live import asked, posts, say, subscribe

GROUPS, PEOPLE = "usergroups.list", "users.info"
PICK = "For a person, type `@` and pick them from Slack's list."


@pytest.fixture
async def slack(manifest: dict[str, Any], clock: Wall) -> AsyncIterator[FakeSlack]:
    async with FakeSlack(manifest=manifest, scopes=DEFAULT_SCOPES | {"usergroups:read"}, clock=clock) as fake:
        yield fake
        assert fake.violations == []


@pytest.fixture
def settings(settings: Settings, request: pytest.FixtureRequest) -> Settings:
    return settings.model_copy(update={"access": getattr(request, "param", "")})


def access(text: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("settings", [text], indirect=True, ids=[""])


async def test_whoever_is_named_is_shown_and_only_by_name_in_the_channel(bot: str, slack: FakeSlack) -> None:
    done = await subscribe(slack, "role:host notify:@ada,@oncall")
    mentions = f"entions <!subteam^{OPERATORS}> and <@{ADA}>"
    assert f"M{mentions}." in done.plain
    assert f"role:host on:start,end notify:@{OPERATORS},@{ADA}`" in done.plain
    (told,) = posts(slack)
    assert "Mentions @oncall and Ada Berger." in told.plain
    assert not any(f"<{sign}" in told.plain + told.text for sign in "@!")
    for line in ("subscriptions", "settings"):
        assert f" · m{mentions}" in (await say(slack, line)).plain
    assert f"notify:@{OPERATORS},@{ADA}" in (await say(slack, "settings changes")).plain
    gone = await say(slack, "unsubscribe role:host")
    again = gone.plain.partition("/sessions subscribe ")[2].partition("`")[0]
    assert f"M{mentions}." in (await subscribe(slack, again)).plain


async def test_what_is_wrong_already_is_named_and_reminders_are_shown(
    bot: str, slack: FakeSlack, account: Account, clock: Wall
) -> None:
    session = account.open_session(account.add_room("Town hall"), clock() - 600)
    account.leave(
        session, account.join(session, name="Ann", role="host", user_id="ann", at=clock() - 600), clock() - 500
    )
    done = (await subscribe(slack, "idle:1m notify:@oncall every:30m")).plain.replace(NO_BREAK, " ")
    (told,) = posts(slack)
    for text in (done, told.plain.replace(NO_BREAK, " ")):
        assert "told when one starts or stops matching." in text and "reminds every 30 min." in text
        assert "*Town hall* matches already, without an alert." in text
    line = f"idle:1m on:start,end notify:@{OPERATORS} every:30m"
    assert f"`/sessions subscribe {line}`" in done
    for shows in ("subscriptions", "settings"):
        assert " · reminds every 30 min" in (await say(slack, shows)).plain.replace(NO_BREAK, " ")
    assert f"/sessions subscribe {line}" in (await say(slack, "unsubscribe 1")).plain
    assert "Subscribed, as number 2" in (await subscribe(slack, line)).plain
    assert "what it tells about has changed" in (await subscribe(slack, "idle:1m every:1h")).plain


async def test_other_people_are_a_change_of_the_same_subscription(bot: str, slack: FakeSlack) -> None:
    for line, says in {
        "notify:@ada": "Subscribed, as number 1",
        f"notify:{ADA}": "that is number 1",
        "notify:@ada notify: @cleo": "what it tells about has changed",
        "": "what it tells about has changed",
    }.items():
        assert says in (await subscribe(slack, line)).plain, line
    assert [("Mentions" in each.plain) for each in posts(slack)] == [True, True, False]
    assert "entions" not in (await say(slack, "subscriptions")).plain


@pytest.mark.parametrize("typed", ["oncall", "@oncall", "@OnCall", OPERATORS, f"@{OPERATORS}", '"@oncall"'])
async def test_a_group_is_found_by_its_handle_or_id(bot: str, slack: FakeSlack, typed: str) -> None:
    assert f"Mentions <!subteam^{OPERATORS}>." in (await subscribe(slack, f"notify:{typed}")).plain


@pytest.mark.parametrize(
    ("line", "says"),
    [
        *((f"notify:{word}", "rings for a whole channel") for word in ("@here", "@channel", "everyone", "@Everyone", "＠here")),
        ("notify:@gus", "`Gus Guest` is a guest here. Only members can be mentioned."),
        ("notify:@dora", "`Dora Lindt` has a deactivated account: nobody would read that."),
        (f"notify:{BOT_USER}", "is an app. Name people or a user group."),
        (f"notify:{SLACKBOT}", "`Slackbot` is an app."),
        ("notify:U0123NOBODY", f"Slack knows nobody here by the id `U0123NOBODY`. {PICK}"),
        ("notify:@night-shift", "The user group `@night-shift` is disabled: nobody would read that."),
        ("notify:S0123NONE", f"No user group is called `@S0123NONE`. {PICK}"),
        ("notify:@zoe", f"No user group is called `@zoe`. {PICK}"),
        ("role:host notify:@ada,@oncal", f"No user group is called `@oncal`. {PICK} For example "),
        ("notify:", "`notify:` needs a value. For example `/sessions subscribe notify:@oncall`"),
        ("notify:@", "say who"),
        ("-notify:@ada", "can't be excluded"),
        ("notify:U0AAAAAAA1,@ada", "Slack knows nobody here"),
        ("every:5m", "reminders come every 10m to 12h"),
        ("every:13h", "reminders come every 10m to 12h"),
        ("every:30m", "`every:` reminds while something is wrong"),
        ("-idle:5m every:30m", "`every:` reminds while something is wrong"),
        ("role:host every:soon", "that is not a length"),
    ],
)  # fmt: skip
async def test_who_cannot_be_mentioned(bot: str, slack: FakeSlack, line: str, says: str) -> None:
    answer = await subscribe(slack, line)
    assert says in answer.plain
    assert posts(slack) == [] and "no subscriptions" in (await say(slack, "subscriptions")).plain


async def test_people_of_another_workspace_cannot_be_mentioned(bot: str, slack: FakeSlack) -> None:
    slack.workspace.users[CLEO] = replace(slack.workspace.users[CLEO], home="T0OTHER")
    assert "`Cleo Iyer` belongs to another workspace." in (await subscribe(slack, "notify:@cleo")).plain


async def test_five_at_most(bot: str, slack: FakeSlack) -> None:
    for number in range(5):
        user_id = f"U0MORE000{number}"
        slack.workspace.users[user_id] = replace(slack.workspace.users[ADA], id=user_id, name=f"more{number}")
    five = ",".join(f"@more{number}" for number in range(5))
    assert "mentions at most 5: put people into a user group" in (await subscribe(slack, f"notify:{five},@ada")).plain
    assert "✅" in (await subscribe(slack, f"notify:{five},@more0")).plain


@pytest.mark.parametrize(
    ("method", "fault", "says"),
    [
        (GROUPS, ApiError("missing_scope"), "I can't look up user groups: the app lacks the scope `usergroups:read`"),
        (GROUPS, ApiError("plan_upgrade_required"), f"This workspace's plan has no user groups. {PICK}"),
        (
            GROUPS,
            HttpError(503, "<html>"),
            "Slack doesn't tell me just now which user groups there are, so nothing has",
        ),
        (PEOPLE, ApiError("missing_scope"), f"I can't look up who `{CLEO}` is: the app lacks the scope `users:read`"),
        (PEOPLE, HttpError(503, "<html>"), f"Slack doesn't tell me just now who `{CLEO}` is, so nothing has changed."),
    ],
)
async def test_nothing_is_stored_where_slack_does_not_tell(
    bot: str, slack: FakeSlack, method: str, fault: ApiError | HttpError, says: str
) -> None:
    await say(slack, "help")  # Ada is known
    slack.fail(method, fault)
    assert says in (await subscribe(slack, f"notify:{'@oncall' if method == GROUPS else CLEO}")).plain
    assert posts(slack) == []


async def test_guests_cannot_set_it(bot: str, slack: FakeSlack) -> None:
    assert "Guests can't change" in (await subscribe(slack, "notify:@ada", user=GUEST)).plain


@access(f"notify, acknowledge: {OPERATORS}")
async def test_access_can_forbid_it(bot: str, slack: FakeSlack) -> None:
    denied = await subscribe(slack, "notify:@ada", user="cleo")
    assert "`notify:` is for some people only. Whoever runs this bot says who (ACCESS)." in denied.plain
    assert asked(slack, GROUPS) == 0 and posts(slack) == []
    assert "✅" in (await subscribe(slack, user="cleo")).plain
    assert "Mentions" in (await subscribe(slack, "notify:@ada", user="ben")).plain
    assert "Not for you in this channel: acknowledge, notify (ACCESS)" in (
        (await say(slack, "help", user="cleo")).plain.replace("`", "")
    )


@access("*: C07QX65PP0T; subscribe: C07QX6L1V3P")
async def test_the_rule_for_all_others_holds_for_it(bot: str, slack: FakeSlack) -> None:
    denied = await subscribe(slack, "notify:@ada")
    assert "`notify:` isn't for this channel (ACCESS). It works in <#C07QX65PP0T>." in denied.plain
