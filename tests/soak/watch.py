"""Memory, files and threads that a process holds, from /proc and its own `/metrics`, and whether that grew."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import httpx

EVERY_S = 1.0
GROWTH_MOST = 0.05
"""Of memory."""
MORE_MOST = 3
"""Of open files, threads or tasks: connections come and go."""


@dataclass(frozen=True, slots=True)
class Sample:
    """`memory_mb` is resident; `files` are open ones, sockets included; `tasks` are those of its event loop."""

    memory_mb: float
    files: int
    threads: int
    tasks: int


async def sample(pid: int, http: httpx.AsyncClient) -> Sample:
    """proc_pid_status(5) and proc_pid_fd(5); `http` asks the bot. OSError where there is no such process."""
    exposed = (await http.get("/metrics")).text
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    status = dict(line.split(":", 1) for line in lines)
    files = len(list(Path(f"/proc/{pid}/fd").iterdir()))
    found = re.search(r"^sessions_bot_tasks (\S+)", exposed, re.MULTILINE)
    assert found is not None, "no tasks in /metrics"
    return Sample(int(status["VmRSS"].split()[0]) / 1024, files, int(status["Threads"]), int(float(found[1])))


async def watch(pid: int, url: str, samples: list[Sample]) -> None:
    """Until cancelled."""
    async with httpx.AsyncClient(base_url=url, timeout=30) as http:
        while True:
            samples.append(await sample(pid, http))
            await asyncio.sleep(EVERY_S)


def thirds(values: Sequence[float]) -> tuple[float, float]:
    """The medians of the middle and the last third: the first is for warming up."""
    third = len(values) // 3
    return median(values[third : -third or None]), median(values[-third:])


def grown(samples: Sequence[Sample]) -> list[str]:
    """Name what grew by more than its bound, one line each."""
    found = []
    before, after = thirds([each.memory_mb for each in samples])
    if after > before * (1 + GROWTH_MOST):
        found.append(f"memory grew from {before:.1f} to {after:.1f} MB")
    for name in ("files", "threads", "tasks"):
        before, after = thirds([getattr(each, name) for each in samples])
        if after > before + MORE_MOST:
            found.append(f"{name} grew from {before:.0f} to {after:.0f}")
    return found
