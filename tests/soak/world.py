"""The bot as in production, a process of its own, between its stand-ins."""

from __future__ import annotations

import contextlib
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Literal

from bot.demo.bot_process import BotProcess
from tests.chaos.team import Team

Mode = Literal["web", "socket"]


@dataclass(frozen=True, slots=True)
class World:
    """The team's `doors` make the faults, while they aren't `healed`."""

    team: Team
    bot: BotProcess
    dice: random.Random


@contextlib.asynccontextmanager
async def world(seed: int, mode: Mode = "web", **settings: Any) -> AsyncIterator[World]:
    """All is well, and the bot is ready. `settings` are the bot's, besides the addresses."""
    dice = random.Random(seed)
    team = Team(seed, dice)
    team.doors.healed = True
    async with team.slack:
        await team.doors.open()
        try:
            async with BotProcess(team.slack, team.hms, "", mode, **team.doors.urls(0), **settings) as bot:
                await bot.start()
                assert await bot.ready(), "the bot doesn't start"
                yield World(team, bot, dice)
        finally:
            await team.doors.close()
