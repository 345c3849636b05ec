"""What is known of the person who asks."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.demo.fake_slack import ApiError, Dropped, FakeSlack, Fault, HttpError, RateLimited, Stalled
from bot.slack.people import KEPT_S, People
from bot.slack.question import FAILED_S


class Clock:
    """Seconds that pass when told to."""

    now = 10.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def people(slack: FakeSlack, clock: Clock) -> AsyncIterator[People]:
    client = AsyncWebClient(slack.bot_token, base_url=slack.api_url, retry_handlers=[])
    yield People(client, "Asia/Tokyo", clock=clock)


def asked(slack: FakeSlack) -> int:
    return sum(call.method == "users.info" for call in slack.calls)


async def test_a_zone_is_kept_for_an_hour(slack: FakeSlack, people: People, clock: Clock) -> None:
    ada = slack.workspace.user("ada").id
    assert [(await people.of(ada)).zone, (await people.of(ada)).zone] == ["Europe/Berlin"] * 2
    assert asked(slack) == 1
    clock.now += KEPT_S
    await people.of(ada)
    assert asked(slack) == 2


CUT, LIST = (HttpError(200, body, content_type="application/json") for body in ('{"ok": tr', "[]"))


@pytest.mark.parametrize(
    "fault",
    [ApiError("user_not_found"), HttpError(500, "<html>"), HttpError(429, ""), CUT, LIST, Dropped(), RateLimited(1)],
)
async def test_any_fault_gives_the_default(slack: FakeSlack, people: People, fault: object) -> None:
    slack.fail("users.info", *[fault] * 3)  # type: ignore[list-item]  # aiohttp itself repeats a dropped GET
    ada = await people.of(slack.workspace.user("ada").id)
    assert (ada.zone, ada.zone_said) == ("Asia/Tokyo", False)
    assert ada.unanswered is (fault != ApiError("user_not_found"))


@pytest.mark.parametrize(
    ("fault", "waits_s"), [(RateLimited(30), 30.0), (HttpError(500, ""), FAILED_S), (ApiError("fatal_error"), FAILED_S)]
)
async def test_nobody_else_is_asked_about_until_a_failure_is_over(
    slack: FakeSlack, people: People, clock: Clock, fault: Fault, waits_s: float
) -> None:
    slack.fail("users.info", fault)
    for name in ("ada", "ben"):
        assert (await people.of(slack.workspace.user(name).id)).unanswered
    assert asked(slack) == 1
    clock.now += waits_s - 0.1
    assert (await people.of(slack.workspace.user("ada").id)).unanswered
    clock.now += 0.1
    if not isinstance(fault, RateLimited):  # the stand-in goes by its own clock
        assert (await people.of(slack.workspace.user("ada").id)).zone == "Europe/Berlin"


async def test_an_answer_that_takes_too_long_is_waited_for_once(slack: FakeSlack, people: People, clock: Clock) -> None:
    slack.fail("users.info", Stalled(60))
    for name in ("ada", "ben", "cleo"):
        assert (await people.of(slack.workspace.user(name).id)).unanswered
    assert asked(slack) <= 1  # it is noted when it is answered


async def test_a_missing_scope_is_not_asked_for_again_within_an_hour(
    slack: FakeSlack, people: People, clock: Clock
) -> None:
    slack.fail("users.info", ApiError("missing_scope"))
    ada = slack.workspace.user("ada").id
    assert [(await people.of(ada)).zone, (await people.of(ada)).zone] == ["Asia/Tokyo"] * 2
    assert asked(slack) == 1
    clock.now += KEPT_S
    assert (await people.of(ada)).zone == "Europe/Berlin"


async def test_a_person_without_a_zone(slack: FakeSlack, people: People) -> None:
    nobody = next(user.id for user in slack.workspace.users.values() if not user.tz)
    assert (await people.of(nobody)).zone == "Asia/Tokyo"


async def test_a_zone_that_people_cannot_say_is_a_city_on_the_same_clock(slack: FakeSlack, people: People) -> None:
    assert People(AsyncWebClient("xoxb-1"), "EST").unknown.zone == "America/Panama"
    ada = slack.workspace.user("ada")
    slack.workspace.users[ada.id] = replace(ada, tz="HST")
    assert (await people.of(ada.id)).zone == "Pacific/Honolulu"


@pytest.mark.parametrize("zone", ["localtime", "Factory", "../UTC", "Mars/Olympus"])
async def test_what_is_no_zone_is_the_default(slack: FakeSlack, people: People, zone: str) -> None:
    ada = slack.workspace.user("ada")
    slack.workspace.users[ada.id] = replace(ada, tz=zone)
    assert (await people.of(ada.id)).zone == "Asia/Tokyo"


async def test_who_is_a_guest(slack: FakeSlack, people: People) -> None:
    assert (await people.of(slack.workspace.user("gus").id)).guest
    assert not (await people.of(slack.workspace.user("ada").id)).guest
