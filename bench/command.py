"""Row 3: whole commands, from the slash command to the answer at its response_url."""

from __future__ import annotations

from collections import defaultdict

from bench.processes import cpu_s
from bench.servers.data import ROOM_IDS, ROOM_NAMES
from bench.setup import Bench, Program
from bench.table import Row, Target, percentile

PEER = "Bolt for JS + SDK"
AT_ONCE = 8
TEXTS = {
    "10 sessions": f"ended room:{ROOM_IDS[2]}",
    "100 sessions": f"ended room:{ROOM_IDS[2]} limit:100",
}


def measure(bench: Bench) -> list[Row]:
    """Both bots are up and warm. Each round counts the processor time of a burst, and the time of single commands."""
    programs = [bench.ours()] + ([] if bench.no_node else [bench.js_bot()])
    sizes = {"10 sessions": 120, "100 sessions": 50} if bench.quick else {"10 sessions": 240, "100 sessions": 80}
    for program in programs:
        for text in TEXTS.values():
            _burst(bench, program, text, 150 if bench.quick else 300)
    per_cpu_s: dict[tuple[str, str], list[float]] = defaultdict(list)
    waited_ms: dict[tuple[str, str], list[float]] = defaultdict(list)
    for number in range(2 if bench.quick else 6):
        for name, text in TEXTS.items():
            for program in programs[:: 1 if number % 2 else -1]:
                per_cpu_s[name, program.name].append(_burst(bench, program, text, sizes[name]))
                alone = bench.send(program, text=text, count=20, until_answered=True)
                waited_ms[name, program.name].append(percentile(alone.answer_ms, 0.5))
    rows = []
    peer = f"{PEER}: {bench.no_node}" if bench.no_node else PEER
    for name in TEXTS:
        mine, theirs = (name, "ours"), (name, PEER)
        rate = per_cpu_s[mine], peer, per_cpu_s.get(theirs, ())
        rows.append(Row(f"Commands per processor second, {name}", "/s", *rate, target=Target("≥", 1.0)))
        rows.append(Row("… one alone, until answered, p50", "ms", waited_ms[mine], peer, waited_ms.get(theirs, ())))
    return rows


def _burst(bench: Bench, program: Program, text: str, count: int) -> float:
    """Commands answered per processor second of the bot, `AT_ONCE` at a time."""
    before = cpu_s(program.child)
    result = bench.send(program, text=text, count=count, connections=AT_ONCE, until_answered=True, seconds=30)
    used = cpu_s(program.child) - before
    assert len(result.answer_ms) == count, f"{program.name} answered {len(result.answer_ms)} of {count}"
    assert ROOM_NAMES[2] in result.sample and '"Show' in result.sample, result.sample[:400]
    return count / used
