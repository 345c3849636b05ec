"""The bot as in production, a process of its own, between its stand-ins."""

from __future__ import annotations

import contextlib
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Literal

import yaml

from bot.demo.bot_process import ROOT, BotProcess
from bot.demo.fake_hms import Account, FakeHms
from bot.demo.fake_slack import Channel, FakeSlack
from tests.chaos.doors import Doors
from tests.chaos.life import Life
from tests.chaos.run import MORE, SCOPES

Mode = Literal["web", "socket"]


@dataclass(frozen=True, slots=True)
class World:
    """`doors` make the faults, while they aren't `healed`."""

    slack: FakeSlack
    life: Life
    doors: Doors
    bot: BotProcess
    dice: random.Random


@contextlib.asynccontextmanager
async def world(seed: int, mode: Mode = "web", **settings: Any) -> AsyncIterator[World]:
    """All is well, and the bot is ready. `settings` are the bot's, besides the addresses."""
    dice = random.Random(seed)
    account = Account(any_names=True, seed=seed)
    life = Life(account, random.Random(dice.random()))
    hms = FakeHms(account)
    slack = FakeSlack(manifest=yaml.safe_load((ROOT / "manifest.yml").read_text()), scopes=SCOPES, tiers=False)
    workspace = slack.workspace
    for number, name in enumerate(MORE):
        channel = Channel(f"C07QX6MRE{number:02}", name, {workspace.user(None).id, workspace.bot_user})
        workspace.channels[channel.id] = channel
    doors = Doors(slack, hms, 1, random.Random(dice.random()), _nothing, lambda _: "", lambda _: False, reconcile=True)
    doors.healed = True
    async with slack:
        await doors.open()
        try:
            async with BotProcess(slack, hms, "", mode, **doors.urls(0), **settings) as bot:
                await bot.start()
                assert await bot.ready(), "the bot doesn't start"
                yield World(slack, life, doors, bot, dice)
        finally:
            await doors.close()


def _nothing(*_: object) -> None:
    pass
