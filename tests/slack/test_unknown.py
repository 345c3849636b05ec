"""Nothing is guessed that Slack doesn't say of a person: neither for what is stored, nor for who may."""

from __future__ import annotations

import re
from typing import Any

import pytest

from bot.blockkit import actions as ids
from bot.demo.fake_hms import Account
from bot.demo.fake_slack import ApiError, FakeSlack, HttpError, RateLimited
from bot.settings import Settings
from tests.live import act, fill, press, say
from tests.work import at_work

WHICH, LATER = "Which city's time is that?", "Please try again in a moment."
NO_ANSWER = [RateLimited(30), HttpError(500, "<html>"), ApiError("fatal_error"), ApiError("access_denied")]


@pytest.fixture
def ungranted(slack: FakeSlack) -> FakeSlack:
    slack.fail("users.info", ApiError("missing_scope"))
    return slack


@pytest.mark.parametrize(
    ("line", "example", "in_utc"),
    [
        ("digest weekdays 9:00", "digest weekdays 09:00 Berlin", "at 09:00, UTC"),
        ('digest weekly mon,thu 5pm role:host empty:skip', "digest weekly mon,thu 17:00 Berlin role:host empty:skip", "at 17:00, UTC"),
        ("quiet 22:00-7:00 weekdays", "quiet 22:00-07:00 weekdays Berlin", "22:00 to 07:00"),
        ("mute until tomorrow", "mute until tomorrow Berlin", "Muted until"),
        ("mute role:host until 17:00", "mute role:host until 17:00 Berlin", "Muted until"),
    ],
)  # fmt: skip
async def test_a_time_of_day_that_is_stored_needs_a_city(
    bot: str, ungranted: FakeSlack, line: str, example: str, in_utc: str
) -> None:
    question = await say(ungranted, line)
    assert WHICH in question.plain and f"```/sessions {example}```" in question.plain and example in question.text
    for command in ("digests", "mutes", "quiet"):
        assert re.search("no digests|Nothing is muted|no quiet hours", (await say(ungranted, command)).plain), command
    assert in_utc in (await press(ungranted, question, "Use UTC")).plain.replace("\u00a0", " ")


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("digest weekdays 9:00 Berlin", "Digest 1 is set"),
        ("digest preview daily 9:00", "Daily digest"),
        ("quiet 22:00-7:00 UTC", "Quiet hours"),
        ("mute 2h", "Muted until"),
        ("mute until 90m", "Muted until"),
        ("mute until tomorrow 9:00 new york", "Muted until"),
        ("ended after:today", "Ended sessions"),
    ],
)
async def test_what_names_a_city_or_needs_none_is_done(bot: str, ungranted: FakeSlack, line: str, answer: str) -> None:
    assert answer in (await say(ungranted, line)).plain


async def test_a_default_that_somebody_has_set_is_an_answer(settings: Settings, ungranted: FakeSlack) -> None:
    async with at_work(settings.model_copy(update={"default_timezone": "UTC"}), ungranted):
        assert "at 09:00, UTC" in (await say(ungranted, "digest daily 9:00")).plain


async def test_what_is_to_end_is_found_by_its_city_too(bot: str, ungranted: FakeSlack) -> None:
    for city in ("UTC", "Berlin"):
        await say(ungranted, f"digest daily 9:00 {city}")
        await say(ungranted, f"quiet {'22:00-23:00' if city == 'UTC' else '4:00-5:00'} {city}")
    question = await say(ungranted, "digest remove daily 9:00")
    assert WHICH in question.plain and "/sessions digest remove daily 09:00 Berlin" in question.plain
    assert "Digest 1 has ended" in (await press(ungranted, question, "Use UTC")).plain
    assert WHICH not in (await say(ungranted, "quiet off 4:00-5:00")).plain  # there is one such
    await say(ungranted, "quiet 22:00-23:00 tokyo")
    assert WHICH in (await say(ungranted, "quiet off 22:00-23:00")).plain


@pytest.mark.parametrize("fault", NO_ANSWER)
@pytest.mark.parametrize("who", ["gus", "cleo"])
async def test_nobody_changes_anything_while_slack_does_not_say_who_is_a_guest(
    bot: str, slack: FakeSlack, account: Account, fault: Any, who: str
) -> None:
    fill(account, 1)
    await say(slack, "subscribe")
    slack.fail("users.info", *[fault] * 12)
    for line in ("subscribe role:host", "unsubscribe all", "digest daily 9:00 UTC", "quiet 22:00-7:00 UTC", "mute 2h"):
        assert LATER in (await say(slack, line, user=who)).plain, line
    assert "Active sessions" in (await say(slack, "active", user=who)).plain  # nothing is stored
    assert "1 subscription" in (await say(slack, "subscriptions")).plain


async def test_a_press_in_a_channel_waits_until_slack_says_whose_the_person_is(
    bot: str, slack: FakeSlack, account: Account
) -> None:
    session = fill(account, 1)[0]
    slack.fail("users.info", HttpError(503, ""))
    denied = await act(slack, slack.say("anything"), ids.SHOW, f"1|{session.id}", user="cleo")
    assert LATER in denied.plain and "Town hall" not in denied.plain


async def test_without_the_scope_all_is_as_documented(bot: str, ungranted: FakeSlack, account: Account) -> None:
    session = fill(account, 1)[0]
    assert "✅" in (await say(ungranted, "subscribe", user="gus")).plain
    shown = await act(ungranted, ungranted.say("anything"), ids.SHOW, f"1|{session.id}", user="cleo")
    assert "Town hall" in shown.plain
