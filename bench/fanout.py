"""Row 6: one change told to 1,000 channels, each with a subscription of its own."""

from __future__ import annotations

import subprocess
import sys
from collections import defaultdict

from bench.live import Stub
from bench.processes import PEERS, SUBJECT, Failed, ask, python
from bench.setup import Bench
from bench.table import Row, Target

BARE, NODE = "bare aiohttp loop", "@slack/web-api loop"
CHANNELS = 1_000
SLACK_MS = 25
"""Slack takes longer for any post; without this the programs show what the processor bounds."""

Programs = dict[str, subprocess.Popen[str]]
Found = dict[str, list[tuple[float, float]]]
"""By program, of each round: messages a second, and milliseconds of processor time a message."""


def measure(bench: Bench) -> list[Row]:
    """In turn, round by round: a session opens and ours tells it; the others post the same bodies."""
    stub = Stub(bench, 10)
    commands = {
        "ours": python("bench.peers.fanout_ours", f"{stub.url}/v2"),
        BARE: [sys.executable, str(PEERS / "fanout_bare.py"), stub.url],
    }
    if not bench.no_node:
        commands[NODE] = ["node", str(PEERS / "fanout_web_api.js"), stub.url]
    programs = {name: bench.processes.start(command, env=stub.env, cores=SUBJECT) for name, command in commands.items()}
    for program in programs.values():
        ask(program)
    rows = []
    for takes_ms, told in ((SLACK_MS, f"a post takes {SLACK_MS} ms"), (0, "a post takes no time")):
        stub.slack_takes(takes_ms)
        rows += _rows(
            bench, programs, f"One change told to 1,000 channels, {told}: messages", _rounds(bench, stub, programs)
        )
    return rows


def _rounds(bench: Bench, stub: Stub, programs: Programs) -> Found:
    found: Found = defaultdict(list)
    warm_up = 2
    for number in range(warm_up + (3 if bench.quick else 9)):
        now = stub.turn(seconds=60, opens=1, moves=0, ends=0, among=1)
        names = list(programs) if number < warm_up or number % 2 else list(programs)[::-1]
        for name in names:
            stub.counts()
            done = ask(programs[name], {"now": now})
            if not done["sent"] == stub.counts()["posts"] == CHANNELS:
                raise Failed(f"{name} sent {done['sent']} of {CHANNELS}")
            if number >= warm_up:
                found[name].append((CHANNELS / done["s"], done["cpu_s"] * 1_000 / CHANNELS))
    return found


def _rows(bench: Bench, programs: Programs, what: str, found: Found) -> list[Row]:
    rows = []
    rate, cpu_ms = zip(*found["ours"], strict=True)
    for peer in (BARE, NODE):
        shown = peer if peer in programs else f"{peer}: {bench.no_node}"
        target = Target("≥", 0.5) if peer == BARE else None
        peer_rate, peer_cpu_ms = zip(*found[peer], strict=True) if peer in programs else ((), ())
        rows += [
            Row(what, "/s", rate, shown, peer_rate, target=target),
            Row("… processor time a message", "ms", cpu_ms, shown, peer_cpu_ms),
        ]
    return rows
