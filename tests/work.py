"""The bot at work in a test."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from bot.app import Pace, Running, running
from bot.demo.fake_slack import FakeSlack
from bot.settings import Settings

HASTY = Pace(haste=5.0)
"""Nothing waits for the next tick of a job."""


@asynccontextmanager
async def at_work(
    settings: Settings, slack: FakeSlack, *, pace: Pace = HASTY, **options: Any
) -> AsyncIterator[Running]:
    """The bot in HTTP mode, to which Slack sends; `options` as those of `running`."""
    async with running(settings, "web", pace=pace, **options) as started:
        slack.bot_events_url = f"{started.url}/slack/events"
        yield started
