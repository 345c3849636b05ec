"""Row 2: how long a slash command waits for its acknowledgement."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from bench.setup import Bench, Program
from bench.table import Row, Target, percentile

BEFORE, PLAIN, JS = "Bolt for Python, before response", "Bolt for Python", "Bolt for JS"
TARGET = Target("≤", 1.5)


@dataclass(frozen=True, slots=True)
class Load:
    """The pace of commands: each after the acknowledgement of the one before, or `per_second`."""

    words: str
    count: int
    connections: int = 1
    per_second: float = 0.0
    target: Target | None = None


def loads(quick: bool) -> list[Load]:
    """The peers do nothing after they have acknowledged, so only the first load compares like with like: there the
    bot's work on one command is over before the next one comes."""
    part = 0.4 if quick else 1
    return [
        Load("1 connection, 100 a second", int(200 * part), per_second=100, target=TARGET),
        Load("1 connection, back to back", int(300 * part)),
        Load("64 connections, back to back", int(1280 * part), connections=64),
    ]


def measure(bench: Bench) -> list[Row]:
    """All programs are up and warm; each gets each load in turn, round by round."""
    peers = [bench.bolt_python(before=True), bench.bolt_python(before=False)]
    if not bench.no_node:
        peers.append(bench.bolt_js())
    ours = bench.ours()
    turns: list[tuple[str, Program]] = [("help", ours), ("active", ours), *((peer.name, peer) for peer in peers)]
    for name, program in turns:
        bench.send(program, text=_text(name), count=600 if program.answers else 1500, connections=16, seconds=4)
    p50: dict[tuple[str, str], list[float]] = defaultdict(list)
    p99: dict[tuple[str, str], list[float]] = defaultdict(list)
    for number in range(2 if bench.quick else 5):
        for load in loads(bench.quick):
            for name, program in turns[number % len(turns) :] + turns[: number % len(turns)]:
                job = {"connections": load.connections, "per_second": load.per_second, "seconds": 3}
                count = max(60, load.count // 5) if name == PLAIN else load.count  # its 10 ms floor needs no more
                acked = bench.send(program, text=_text(name), count=count, **job).ack_ms
                p50[load.words, name].append(percentile(acked, 0.5))
                p99[load.words, name].append(percentile(acked, 0.99))
    rows = []
    for load in loads(bench.quick):
        for command, against in (("help", (BEFORE, PLAIN, JS)), ("active", (BEFORE,))):
            for peer in against:
                shown = f"{peer}: {bench.no_node}" if peer == JS and bench.no_node else peer
                mine, theirs = (load.words, command), (load.words, peer)
                what = f"Ack of `{command}`, {load.words}, p50"
                tails = p99[mine], p99.get(theirs, ())
                target = load.target if peer == BEFORE else None
                rows.append(Row(what, "ms", p50[mine], shown, p50.get(theirs, ()), tails=tails, target=target))
    return rows


def _text(name: str) -> str:
    return "active" if name == "active" else "help"
