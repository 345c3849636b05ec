"""Row 4: from start to ready, and the memory held afterwards."""

from __future__ import annotations

import time
from collections import defaultdict

from bench.processes import end, resident_mb
from bench.servers.data import ROOM_IDS
from bench.setup import Bench
from bench.table import Row, Target

PEER = "Bolt for JS + SDK"
A_FEW = 5
SETTLE_S = 0.3


def measure(bench: Bench) -> list[Row]:
    """Each bot in turn, round by round: started, asked a few commands, looked at, ended."""
    makers = [bench.ours] + ([] if bench.no_node else [bench.js_bot])
    start_s: dict[str, list[float]] = defaultdict(list)
    held_mb: dict[str, list[float]] = defaultdict(list)
    for _ in range(3 if bench.quick else 7):
        for make in makers:
            began = time.perf_counter()
            program = make()
            start_s[program.name].append(time.perf_counter() - began)
            bench.send(program, text=f"active room:{ROOM_IDS[2]}", count=A_FEW, until_answered=True)
            time.sleep(SETTLE_S)
            held_mb[program.name].append(resident_mb(program.child))
            end(program.child)
    peer = f"{PEER}: {bench.no_node}" if bench.no_node else PEER
    ready = start_s["ours"], peer, start_s.get(PEER, ())
    held = held_mb["ours"], peer, held_mb.get(PEER, ())
    return [
        Row("Start to ready", "s", *ready, target=Target("≤", 1.5, of_ours=True)),
        Row(f"Memory held after {A_FEW} commands", "MB", *held, target=Target("≤", 90, of_ours=True)),
    ]
