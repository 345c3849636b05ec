"""Row 7: the digest of a week with 10,000 sessions of 20 peers, and as many in the week before."""

from __future__ import annotations

import json
import subprocess
from collections import defaultdict
from urllib.request import urlopen

from bench.processes import HELPERS, PEERS, SUBJECT, Failed, ask, python
from bench.servers.weeks import A_WEEK, DUE
from bench.setup import Bench
from bench.table import Row, Target

PLAIN, NODE = "plain fetch and decode", "Node SDK, all kept"


def measure(bench: Bench) -> list[Row]:
    """In turn, round by round, of the same account; the first round of each is not counted."""
    stub = bench.processes.start(python("bench.servers.weeks"), env={}, cores=HELPERS)
    url = f"http://127.0.0.1:{ask(stub)}"
    commands = {"ours": python("bench.peers.digest_ours", f"{url}/v2")}
    commands[PLAIN] = python("bench.peers.digest_plain", f"{url}/v2")
    if not bench.no_node:
        commands[NODE] = ["node", str(PEERS / "digest_sdk.js"), f"{url}/v2", str(DUE)]
    programs: dict[str, subprocess.Popen[str]] = {}
    for name, command in commands.items():
        programs[name] = bench.processes.start(command, env=bench.env, cores=SUBJECT)
        ask(programs[name])
    found: dict[tuple[str, str], list[float]] = defaultdict(list)
    for number in range(1 + (2 if bench.quick else 5)):
        names = list(programs)
        for name in names[:: 1 if number % 2 else -1]:
            _calls(url)
            done = ask(programs[name], {})
            calls = _calls(url)
            if done.get("sessions", A_WEEK) != A_WEEK:
                raise Failed(f"{name} counted {done['sessions']} of {A_WEEK} sessions")
            if number:
                for what, value in {**done, "calls": calls}.items():
                    found[name, what].append(value)
    peer = f"{NODE}: {bench.no_node}" if bench.no_node else NODE

    def row(what: str, unit: str, key: str, peer: str, target: Target | None = None) -> Row:
        return Row(what, unit, found["ours", key], peer, found[peer, key], target=target)

    return [
        row("Digest of a week, 10,000 sessions × 20 peers", "s", "s", PLAIN, Target("≤", 10, of_ours=True)),
        row("… processor time", "s", "cpu_s", PLAIN),
        row("… API calls", "", "calls", PLAIN, Target("≤", 1)),
        row("… peak memory", "MB", "peak_mb", PLAIN, Target("≤", 200, of_ours=True)),
        row("Digest of a week, 10,000 sessions × 20 peers", "s", "s", peer),
        row("… processor time", "s", "cpu_s", peer),
        row("… peak memory", "MB", "peak_mb", peer),
    ]


def _calls(url: str) -> float:
    """Pages, and lists of rooms, that were asked for since the last time."""
    with urlopen(f"{url}/bench/counts", timeout=30) as answer:  # noqa: S310 - our own
        return float(sum(json.load(answer).values()))
