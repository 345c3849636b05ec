"""Processes of the version before run beside today's on one database for the length of a rolling restart."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

import pytest

from tests.chaos.days import SHORT, Size
from tests.chaos.people import again
from tests.chaos.run import LATE, World, run_day
from tests.chaos.table import details
from tests.conftest import ROOT
from tests.upgrades.trees import tree_of

pytestmark = pytest.mark.slow

BEFORE = "32415b3"
"""Its code goes on on the tables of today's; a revision that it can't live with needs a version in between."""
BESIDE_S = 2.0


async def rolling(world: World, _: Size) -> None:
    """One process after the other is killed and has today's code. Answers get lost, people subscribe and mute, and
    sessions open and end meanwhile."""
    over = asyncio.Event()
    world.doors.healed = False
    muting = asyncio.create_task(again(world.muter.act, over))
    late = asyncio.create_task(world.people.subscribe(*LATE))
    for replica in world.replicas:
        await replica.deploy(ROOT)
        await asyncio.sleep(BESIDE_S)
    world.doors.healed = True
    over.set()
    await asyncio.gather(muting, late)
    await world.muter.end_all()


@pytest.mark.timeout(300)
async def test_a_rolling_restart(postgres: str, tmp_path: Path) -> None:
    """Nothing lost, nothing twice, nothing left to a person."""
    seed = random.SystemRandom().randrange(100_000)
    old = tree_of(BEFORE, tmp_path)
    result = await run_day(rolling, postgres, tmp_path, replicas=2, seed=seed, size=SHORT, tree=old)
    assert result.good and result.messages > 10, details(result)
