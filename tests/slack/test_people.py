"""The person who asks: their zone, and whether they are a guest."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.demo.fake_slack import ApiError, Dropped, FakeSlack, Fault, HttpError, RateLimited, Stalled
from bot.slack.people import KEPT_S, People
from bot.slack.question import FAILED_S
from tests.clocks import Clock
from tests.live import asked

USERS_INFO = "users.info"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def people(slack: FakeSlack, clock: Clock) -> AsyncIterator[People]:
    client = AsyncWebClient(slack.bot_token, base_url=slack.api_url, retry_handlers=[])
    yield People(client, "Asia/Tokyo", clock=clock)


async def test_a_zone_is_kept_for_an_hour(slack: FakeSlack, people: People, clock: Clock) -> None:
    ada = slack.workspace.user("ada").id
    assert [(await people.of(ada)).zone, (await people.of(ada)).zone] == ["Europe/Berlin"] * 2
    assert asked(slack, USERS_INFO) == 1
    clock.now += KEPT_S
    await people.of(ada)
    assert asked(slack, USERS_INFO) == 2


CUT, LIST = (HttpError(200, body, content_type="application/json") for body in ('{"ok": tr', "[]"))


@pytest.mark.parametrize(
    "fault",
    [ApiError("user_not_found"), HttpError(500, "<html>"), HttpError(429, ""), CUT, LIST, Dropped(), RateLimited(1)],
)
async def test_any_fault_gives_the_default(slack: FakeSlack, people: People, fault: object) -> None:
    slack.fail(USERS_INFO, *[fault] * 3)  # type: ignore[list-item]  # aiohttp itself repeats a dropped GET
    ada = await people.of(slack.workspace.user("ada").id)
    assert (ada.zone, ada.zone_said) == ("Asia/Tokyo", False)
    assert ada.unanswered is (fault != ApiError("user_not_found"))


@pytest.mark.parametrize(
    ("fault", "waits_s"), [(RateLimited(30), 30.0), (HttpError(500, ""), FAILED_S), (ApiError("fatal_error"), FAILED_S)]
)
async def test_nobody_else_is_asked_about_until_a_failure_is_over(
    slack: FakeSlack, people: People, clock: Clock, fault: Fault, waits_s: float
) -> None:
    slack.fail(USERS_INFO, fault)
    for name in ("ada", "ben"):
        assert (await people.of(slack.workspace.user(name).id)).unanswered
    assert asked(slack, USERS_INFO) == 1
    clock.now += waits_s - 0.1
    assert (await people.of(slack.workspace.user("ada").id)).unanswered
    clock.now += 0.1
    if not isinstance(fault, RateLimited):  # the stand-in goes by its own clock
        assert (await people.of(slack.workspace.user("ada").id)).zone == "Europe/Berlin"


async def test_an_answer_that_takes_too_long_is_waited_for_once(slack: FakeSlack, people: People, clock: Clock) -> None:
    slack.fail(USERS_INFO, Stalled(60))
    for name in ("ada", "ben", "cleo"):
        assert (await people.of(slack.workspace.user(name).id)).unanswered
    assert asked(slack, USERS_INFO) <= 1  # it is noted when it is answered


async def test_a_missing_scope_is_not_asked_for_again_within_an_hour(
    slack: FakeSlack, people: People, clock: Clock
) -> None:
    slack.fail(USERS_INFO, ApiError("missing_scope"))
    ada = slack.workspace.user("ada").id
    assert [(await people.of(ada)).zone, (await people.of(ada)).zone] == ["Asia/Tokyo"] * 2
    assert asked(slack, USERS_INFO) == 1
    clock.now += KEPT_S
    assert (await people.of(ada)).zone == "Europe/Berlin"


@pytest.mark.parametrize(
    ("zone", "known"),
    [
        ("HST", "Pacific/Honolulu"),  # a city on the same clock, which people can say
        *((zone, "Asia/Tokyo") for zone in ("", "localtime", "Factory", "../UTC", "Mars/Olympus")),
    ],
)
async def test_a_zone_is_one_that_people_can_say(slack: FakeSlack, people: People, zone: str, known: str) -> None:
    ada = slack.workspace.user("ada")
    slack.workspace.users[ada.id] = replace(ada, tz=zone)
    assert (await people.of(ada.id)).zone == known


def test_a_default_zone_is_one_that_people_can_say() -> None:
    assert People(AsyncWebClient("xoxb-1"), "EST").unknown.zone == "America/Panama"


async def test_who_is_a_guest(slack: FakeSlack, people: People) -> None:
    assert (await people.of(slack.workspace.user("gus").id)).guest
    assert not (await people.of(slack.workspace.user("ada").id)).guest
