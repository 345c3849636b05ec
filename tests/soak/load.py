"""Many commands at once: all are acknowledged in time, and all are answered."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

from tests.soak.typing import Typed, Typist
from tests.soak.world import Mode, world

LINES = ("active", "ended after:1h", "all limit:20", "help", "subscriptions", "active role:guest")


@dataclass(slots=True)
class Result:
    """`other`: breaches of Slack's rules, among them each acknowledgement that took longer than 3 seconds."""

    commands: int
    typed: Typed
    seconds: float
    other: list[str]

    @property
    def good(self) -> bool:
        return not (self.other or self.typed.unanswered or self.typed.late)


async def load(commands: int, seed: int, mode: Mode = "web") -> Result:
    """So many people, each of whom types one command in the same moment."""
    async with world(seed, mode) as made:
        typed = Typed()
        slack = made.team.slack
        warm = Typist(slack, 0, Typed())
        for line in LINES:
            await warm.type(line)
        typists = [Typist(slack, number + 1, typed) for number in range(commands)]
        began = time.monotonic()
        await asyncio.gather(*(each.type(LINES[number % len(LINES)]) for number, each in enumerate(typists)))
        return Result(commands, typed, time.monotonic() - began, list(slack.violations))
