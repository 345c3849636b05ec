"""A program that does one job a line: JSON in, JSON out."""

from __future__ import annotations

import asyncio
import json
import resource
import sys
from collections.abc import Awaitable, Callable
from typing import Any


async def answer(work: Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]) -> None:
    """Say that it is ready with a first line; then each line of standard input is answered with what `work` gives, and
    the process's peak of memory."""
    print("{}", flush=True)
    while line := await asyncio.to_thread(sys.stdin.readline):
        done = await work(json.loads(line))
        peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps(done | {"peak_mb": peak_mb}), flush=True)
