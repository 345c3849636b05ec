"""The zone of the person who asks."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.demo.fake_slack import ApiError, Dropped, FakeSlack, HttpError, RateLimited
from bot.slack.zones import KEPT_S, Zones


class Clock:
    """Seconds that pass when told to."""

    now = 10.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def zones(slack: FakeSlack, clock: Clock) -> AsyncIterator[Zones]:
    yield Zones(AsyncWebClient(slack.bot_token, base_url=slack.api_url, retry_handlers=[]), "Asia/Tokyo", clock)


def asked(slack: FakeSlack) -> int:
    return sum(call.method == "users.info" for call in slack.calls)


async def test_a_zone_is_kept_for_an_hour(slack: FakeSlack, zones: Zones, clock: Clock) -> None:
    ada = slack.workspace.user("ada").id
    assert [await zones.of(ada), await zones.of(ada)] == ["Europe/Berlin"] * 2
    assert asked(slack) == 1
    clock.now += KEPT_S
    await zones.of(ada)
    assert asked(slack) == 2


@pytest.mark.parametrize(
    "fault", [ApiError("user_not_found"), HttpError(500, "<html>"), HttpError(429, ""), Dropped(), RateLimited(1)]
)
async def test_any_fault_gives_the_default(slack: FakeSlack, zones: Zones, fault: object) -> None:
    slack.fail("users.info", *[fault] * 3)  # type: ignore[list-item]  # aiohttp itself repeats a dropped GET
    assert await zones.of(slack.workspace.user("ada").id) == "Asia/Tokyo"


async def test_a_missing_scope_is_not_asked_for_again_within_an_hour(
    slack: FakeSlack, zones: Zones, clock: Clock
) -> None:
    slack.fail("users.info", ApiError("missing_scope"))
    ada = slack.workspace.user("ada").id
    assert [await zones.of(ada), await zones.of(ada)] == ["Asia/Tokyo"] * 2
    assert asked(slack) == 1
    clock.now += KEPT_S
    assert await zones.of(ada) == "Europe/Berlin"


async def test_a_person_without_a_zone(slack: FakeSlack, zones: Zones) -> None:
    nobody = next(user.id for user in slack.workspace.users.values() if not user.tz)
    assert await zones.of(nobody) == "Asia/Tokyo"
