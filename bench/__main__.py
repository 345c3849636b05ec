"""`python -m bench [--quick] [--only paging,ack,command,start,poll,fanout,digest,backlog,webhook]`: the table,
and `bench/results.json`."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import time
from pathlib import Path

from bench import ack, backlog, command, digest, fanout, paging, poll, start, webhook
from bench.processes import Failed, Processes
from bench.setup import Bench
from bench.table import markdown, results

PARTS = {
    "paging": paging.measure,
    "ack": ack.measure,
    "command": command.measure,
    "start": start.measure,
    "poll": poll.measure,
    "fanout": fanout.measure,
    "digest": digest.measure,
    "backlog": backlog.measure,
    "webhook": webhook.measure,
}
RESULTS = Path(__file__).with_name("results.json")


def main() -> int:
    arguments = argparse.ArgumentParser(prog="python -m bench", description="Benchmarks, as a table of ratios.")
    arguments.add_argument("--quick", action="store_true", help="few rounds, for a look")
    arguments.add_argument("--only", default=",".join(PARTS), help=f"some of {','.join(PARTS)}; writes no results")
    asked = arguments.parse_args()
    chosen = [name for name in PARTS if name in asked.only.split(",")]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    began = time.perf_counter()
    rows = []
    try:
        for name in chosen:
            print(f"Measuring: {name} …", file=sys.stderr)
            with Processes() as processes:
                rows += PARTS[name](Bench.start(processes, asked.quick))
    except Failed as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    took_s = time.perf_counter() - began
    print(markdown(rows))
    print(f"\n{took_s:.0f} s{', quick' if asked.quick else ''}; ratios are ours / peer, of paging times peer / ours.")
    if chosen == list(PARTS):
        found = results(rows, quick=asked.quick, took_s=took_s)
        RESULTS.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
