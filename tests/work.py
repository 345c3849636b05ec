"""The bot at work in a test."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from bot.app import Pace, Running, running
from bot.demo.fake_hms import FakeHms
from bot.demo.fake_slack import FakeSlack
from bot.net.retry_budget import RetryBudget
from bot.settings import Settings

ONCE = RetryBudget(first_wait_s=60.0)
"""Nothing is tried again, and a slow machine has time."""
HASTY = Pace(haste=5.0)
"""Nothing waits for the next tick of a job."""


def settings_of(slack: FakeSlack, hms: FakeHms, database_url: str) -> Settings:
    """The settings of a bot between its stand-ins."""
    return Settings(
        _env_file=None,
        slack_bot_token=slack.bot_token,
        slack_signing_secret=slack.signing_secret,
        slack_app_token=slack.app_token,
        slack_api_url=slack.api_url,
        hms_access_key=hms.access_key,
        hms_secret=hms.secret,
        hms_api_url=hms.url,
        database_url=database_url,
        poll_interval_s=3_600,
        host="127.0.0.1",
        port=0,
    )


@asynccontextmanager
async def at_work(
    settings: Settings, slack: FakeSlack, *, pace: Pace = HASTY, **options: Any
) -> AsyncIterator[Running]:
    """The bot in HTTP mode, to which Slack sends, by whose clock it goes; `options` as those of `running`."""
    async with running(settings, "web", pace=pace, **{"wall": slack.clock} | options) as started:
        slack.bot_events_url = f"{started.url}/slack/events"
        yield started
