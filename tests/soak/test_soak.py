"""The judge sees what grows; and many commands at once are all answered."""

from __future__ import annotations

import os
import random
from dataclasses import replace

import httpx
import pytest

from tests.soak.run import Mode, load
from tests.soak.watch import Sample, grown, sample

pytestmark = pytest.mark.slow

STEADY = Sample(90.0, 20, 8, 30)


def test_what_is_steady_has_not_grown() -> None:
    """Warming up and single peaks are no growth."""
    samples = [replace(STEADY, memory_mb=60.0 + number / 3) for number in range(100)]
    samples += [replace(STEADY, memory_mb=94.0 + number % 3, files=20 + number % 5) for number in range(200)]
    samples[250] = Sample(300.0, 200, 50, 1_000)
    assert grown(samples) == []


@pytest.mark.parametrize(
    ("name", "leak", "says"),
    [
        ("memory_mb", 0.08, "memory grew from"),
        ("files", 0.05, "files grew from"),
        ("threads", 0.05, "threads grew from"),
        ("tasks", 0.05, "tasks grew from"),
    ],
)
def test_a_leak_is_seen(name: str, leak: float, says: str) -> None:
    samples = [replace(STEADY, **{name: getattr(STEADY, name) + number * leak}) for number in range(300)]
    (found,) = grown(samples)
    assert found.startswith(says)


async def test_a_process_can_be_looked_at(bot: str) -> None:
    async with httpx.AsyncClient(base_url=bot) as http:
        seen = await sample(os.getpid(), http)
    assert seen.memory_mb > 10 and seen.files > 2 and seen.threads >= 1 and seen.tasks >= 1


@pytest.mark.parametrize("mode", ["web", "socket"])
async def test_many_commands_at_once_are_all_answered(mode: Mode) -> None:
    result = await load(200, random.SystemRandom().randrange(100_000), mode)
    assert result.broken == []
    assert len(result.typed.answer_s) == 200
