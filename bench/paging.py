"""Row 1: page through 5,000 sessions of 20 peers, 100 a page."""

from __future__ import annotations

import sys
from typing import Any

from bench.processes import ANY, PEERS, python
from bench.servers.data import PEERS as PEERS_EACH
from bench.servers.data import SESSIONS
from bench.setup import Bench
from bench.table import Row, Target

NODE, HTTPX = "Node SDK", "httpx + json()"
SEEN = [SESSIONS, SESSIONS * PEERS_EACH]


def measure(bench: Bench) -> list[Row]:
    """Each program runs in turn, round by round: a warm-up pass and the timed ones. Its fastest pass counts, as what
    disturbs a shared machine only ever adds time."""
    rounds, passes = (2, 3) if bench.quick else (6, 6)
    commands = {"ours": python("bench.peers.paging_ours"), HTTPX: [sys.executable, str(PEERS / "paging_httpx.py")]}
    if not bench.no_node:
        commands[NODE] = ["node", str(PEERS / "paging_sdk.js")]
    times: dict[str, list[float]] = {name: [] for name in commands}
    peaks: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(rounds):
        for name, command in commands.items():
            printed = _run(bench, [*command, bench.hms_url, str(passes)])
            assert printed["seen"] == SEEN, (name, printed["seen"])
            times[name].append(min(printed["times_ms"]))
            peaks[name].append(printed["peak_mb"])
    rows = []
    for peer in (NODE, HTTPX):
        goals = (Target("≥", 2.4), Target("≤", 0.5)) if peer == NODE else (None, None)
        shown = peer if peer in commands else f"{peer}: {bench.no_node}"
        what = "Paging, 5,000 sessions × 20 peers"
        speed = Row(what, "ms", times["ours"], shown, times.get(peer, ()), speed=True, target=goals[0])
        memory = Row("… peak memory", "MB", peaks["ours"], shown, peaks.get(peer, ()), target=goals[1])
        rows += [speed, memory]
    return rows


def _run(bench: Bench, command: list[str]) -> Any:
    return bench.processes.run(command, env=bench.env, cores=ANY, timeout_s=60)
