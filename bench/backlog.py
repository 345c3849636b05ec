"""Row 8: the bot after a downtime in which 20,000 sessions of 20 peers have ended."""

from __future__ import annotations

from collections import defaultdict

from bench.processes import HELPERS, SUBJECT, Failed, ask, python
from bench.setup import Bench
from bench.table import Row, Target

ENDED = 20_000


def measure(bench: Bench) -> list[Row]:
    """A process of its own each time, as memory is never given back."""
    stub = bench.processes.start(python("bench.servers.weeks"), env={}, cores=HELPERS)
    url = f"http://127.0.0.1:{ask(stub)}/v2"
    found: dict[str, list[float]] = defaultdict(list)
    for _ in range(2 if bench.quick else 5):
        program = bench.processes.start(python("bench.peers.backlog_ours", url), env=bench.env, cores=SUBJECT)
        ask(program)
        done = ask(program, {})
        if done["sessions"] < ENDED:
            raise Failed(f"{done['sessions']:.0f} of {ENDED} sessions were read")
        for what, value in done.items():
            found[what].append(value)
    return [
        Row(
            "After a downtime, 20,000 ended × 20 peers, 5 channels: longest block of the loop",
            "ms",
            found["block_ms"],
            target=Target("≤", 100, of_ours=True),
        ),
        Row("… peak memory", "MB", found["peak_mb"], target=Target("≤", 300, of_ours=True)),
        Row("… processor time", "s", found["cpu_s"]),
        Row("… polls until all is read", "", found["polls"]),
    ]
