"""`python -m tests.browser.bot`: `python -m bot web` by the clock of a stage, with a shorter lease."""

from __future__ import annotations

import asyncio
from pathlib import Path

from bot.app import Pace, serve
from bot.settings import load
from tests.clocks import Wall

AHEAD = Path("ahead")
"""The file in its folder that says by how many seconds it is later than this machine has it."""
LEAD_S = 4.0
"""A bot that was killed leads for so long."""


class StageClock(Wall):
    def __call__(self) -> float:
        self.by_s = float(AHEAD.read_text())
        return super().__call__()


if __name__ == "__main__":
    clock = StageClock()
    clock.rule()
    asyncio.run(serve(load("web"), "web", pace=Pace(lead_s=LEAD_S), wall=clock))
