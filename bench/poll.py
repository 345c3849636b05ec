"""Row 5: polls of an account with 10,000 live sessions of 20 peers, with few and with many subscriptions."""

from __future__ import annotations

import subprocess
from collections import defaultdict
from statistics import median

from bench.live import Stub
from bench.processes import PEERS, SUBJECT, Failed, ask, python
from bench.setup import Bench
from bench.table import Row, Target

NODE, PLAIN = "Node SDK loop", "plain fetch and decode"
COUNTS = ("1", "100", "1000")
TIMED = "timed"
SESSIONS = 10_000
WARM_UP, OPENED = 10, 100
"""The turns before the first measurement, and the sessions that open in them: these have messages in the channels, and
these change afterwards."""
EACH = {"seconds": 60, "opens": 10, "moves": 80, "ends": 10, "among": WARM_UP * OPENED}
"""The acts of 1 % of the sessions between two polls."""


def measure(bench: Bench) -> list[Row]:
    """Every program polls the same account, in turn, after each of its turns."""
    stub = Stub(bench, SESSIONS - WARM_UP * OPENED)
    commands = {PLAIN: python("bench.peers.poll_plain")}
    ours = (*COUNTS, TIMED)
    commands |= {name: python("bench.peers.poll_ours") for name in ours}
    if not bench.no_node:
        commands[NODE] = ["node", str(PEERS / "poll_sdk.js")]
    programs: dict[str, subprocess.Popen[str]] = {}
    for name, command in commands.items():
        line = [*command, f"{stub.url}/v2", *([name] if name in ours else [])]
        programs[name] = bench.processes.start(line, env=stub.env, cores=SUBJECT)
        ask(programs[name])
    for _ in range(WARM_UP):
        now = stub.turn(seconds=60, opens=OPENED, moves=0, ends=0, among=1)
        for program in programs.values():
            ask(program, {"now": now})
    first = python("bench.peers.poll_ours", f"{stub.url}/v2", "first")
    programs["first"] = bench.processes.start(first, env=stub.env, cores=SUBJECT)
    ask(programs["first"])
    ask(programs["first"], {"now": now})
    found: dict[tuple[str, str], list[float]] = defaultdict(list)
    for number in range(3 if bench.quick else 9):
        now = stub.turn(**EACH)
        names = list(programs)
        for name in names[:: 1 if number % 2 else -1]:
            stub.counts()
            done = ask(programs[name], {"now": now})
            counts = stub.counts()
            found[name, "cpu_ms"].append(done["cpu_ms"])
            found[name, "calls"].append(counts["pages"] + counts["records"] + counts["rooms"])
            found[name, "peak_mb"].append(done["peak_mb"])
            found[name, "messages"].append(done.get("messages", counts["posts"]))
    for name in COUNTS:
        if not any(found[name, "messages"]):
            raise Failed(f"a poll for {name} subscriptions found nothing to tell")
    return _rows(bench, found)


def _rows(bench: Bench, found: dict[tuple[str, str], list[float]]) -> list[Row]:
    rows = []
    pages = [calls + EACH["ends"] for calls in found[PLAIN, "calls"]]
    plain, peak = found[PLAIN, "cpu_ms"], found[PLAIN, "peak_mb"]
    time_most, memory_most = Target("≤", 1.5), Target("≤", 200, of_ours=True)
    for name in COUNTS:
        count = f"{name} subscription{'s' * (name != '1')}".replace("1000", "1,000")
        what = (
            f"Poll, 10,000 live, 1 % changed, {count}, {median(found[name, 'messages']):.0f} messages: processor time"
        )
        rows += [
            Row(what, "ms", found[name, "cpu_ms"], PLAIN, plain, target=time_most),
            Row("… API calls", "", found[name, "calls"], "pages, and those that ended", pages, target=Target("≤", 1)),
            Row("… peak memory", "MB", found[name, "peak_mb"], PLAIN, peak, target=memory_most),
        ]
    timed = "… and 1,000 subscriptions whose answers change as time passes: processor time"
    rows.append(
        Row(timed, "ms", found[TIMED, "cpu_ms"], "1 subscription", found["1", "cpu_ms"], target=Target("≤", 1.2))
    )
    peer, last = f"{NODE}: {bench.no_node}" if bench.no_node else NODE, COUNTS[-1]
    return [
        *rows,
        Row("… processor time", "ms", found[last, "cpu_ms"], peer, found[NODE, "cpu_ms"]),
        Row("… peak memory", "MB", found[last, "peak_mb"], peer, found[NODE, "peak_mb"]),
        Row("The first poll of all: processor time", "ms", found["first", "cpu_ms"], PLAIN, plain),
        Row("… peak memory", "MB", found["first", "peak_mb"], PLAIN, peak, target=memory_most),
    ]
