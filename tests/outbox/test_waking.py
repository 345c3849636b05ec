"""Sending begins when something was stored."""

from __future__ import annotations

from bot.accounts import Pace
from bot.demo.fake_hms import FakeHms
from bot.demo.fake_slack import FakeSlack
from bot.settings import Settings
from tests.live import posts, say
from tests.work import at_work

SLOW = Pace(haste=0.001)
"""The next tick of a job is minutes away."""


async def test_what_a_person_set_up_is_told_without_waiting_for_a_tick(
    settings: Settings, slack: FakeSlack, hms: FakeHms
) -> None:
    async with at_work(settings, slack, pace=SLOW):
        await say(slack, "subscribe", channel="live-ops")
        await slack.wait_for(lambda: posts(slack, "live-ops"))
