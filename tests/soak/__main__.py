"""`python -m tests.soak`: exits with 1 where a bound is broken.

MINUTES (6) stand for an hour; 0 leaves it out. COMMANDS (1000) come at once, after that; 0 leaves them out. MODE (web)
is web or socket. SEED is printed where it is not given.
"""

from __future__ import annotations

import asyncio
import os
import random
import sys
from collections.abc import Sequence
from dataclasses import astuple
from statistics import median

from tests.chaos.table import drawn
from tests.soak.run import Load, Mode, Result, load, soak
from tests.soak.watch import thirds

MOST_LINES = 20


def main() -> int:
    environment = os.environ
    minutes, commands = float(environment.get("MINUTES") or 6), int(environment.get("COMMANDS") or 1_000)
    seed = int(environment.get("SEED") or random.SystemRandom().randrange(100_000))
    mode: Mode = "socket" if environment.get("MODE") == "socket" else "web"
    print(f"SEED={seed} MINUTES={minutes:g} COMMANDS={commands} MODE={mode}", flush=True)
    broken: list[str] = []
    if minutes:
        hour = asyncio.run(soak(minutes, seed, mode))
        print(_hour(hour), flush=True)
        broken += hour.broken
    if commands:
        many = asyncio.run(load(commands, seed, mode))
        print(_many(many), flush=True)
        broken += many.broken
    for line in broken[:MOST_LINES]:
        print(f"  {line}")
    return 1 if broken else 0


def _hour(result: Result) -> str:
    rows = [("", "middle third", "last third", "most")]
    columns = zip(*map(astuple, result.samples), strict=True)
    for name, values in zip(("memory, MB", "open files and sockets", "threads", "tasks"), columns, strict=True):
        rows.append((name, *(f"{value:.1f}".removesuffix(".0") for value in (*thirds(values), max(values)))))
    counts = {
        "minutes": f"{result.minutes:.1f}", "polls": result.polls, "subscriptions": result.subscriptions, "sessions": result.sessions,
        "messages": result.messages, "faults": result.faults.total(), "connections refreshed": result.refreshed,
        "commands and presses": len(result.typed.ack_s),
        "acknowledged, s": _spread(result.typed.ack_s), "answered, s": _spread(result.typed.answer_s), "took too long": result.typed.late,
        "bounds broken": len(result.broken),
    }  # fmt: skip
    return drawn(rows) + "\n\n" + drawn([("an hour", ""), *((name, str(count)) for name, count in counts.items())])


def _many(result: Load) -> str:
    counts = {
        "at once": result.commands, "seconds": f"{result.seconds:.1f}", "acknowledged, s": _spread(result.typed.ack_s),
        "answered": len(result.typed.answer_s), "answered, s": _spread(result.typed.answer_s), "took too long": result.typed.late,
        "breaches of Slack's rules": len(result.other),
    }  # fmt: skip
    return drawn([("commands", ""), *((name, str(count)) for name, count in counts.items())])


def _spread(values: Sequence[float]) -> str:
    """The median, the 99th of a hundred, and the most."""
    if not values:
        return "–"
    return f"{median(values):.3f}, {sorted(values)[int(len(values) * 0.99)]:.3f}, {max(values):.3f}"


if __name__ == "__main__":
    sys.exit(main())
