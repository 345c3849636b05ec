"""`python -m tests.fuzz`: exits with 1 where an input breaks anything, with the shortest such and how to run it again.

INPUTS (1,000,000) are those of all targets together, SEED is printed where it is not given, ONLY="request signature"
names targets by words in them. INPUT is one input, a JSON string, for the targets that ONLY names.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import shlex
import sys
import time
from concurrent.futures import ProcessPoolExecutor, as_completed

from tests.chaos.table import drawn
from tests.fuzz.run import CheckResult, Result, replay, run
from tests.fuzz.targets import TARGETS

INPUTS = 1_000_000
HEAD = ("target", "inputs", "outcomes", "seconds", "slowest input", "findings")


def main() -> int:
    environment = os.environ
    total = int(environment.get("INPUTS") or INPUTS)
    seed = int(environment.get("SEED") or random.SystemRandom().randrange(100_000))
    only = (environment.get("ONLY") or "").lower()
    names = [name for name in TARGETS if not only or only == name or set(only.split()) & set(name.split())]
    if text := environment.get("INPUT"):
        return _report([finding for name in names for finding in replay(name, json.loads(text))])
    print(f"SEED={seed} INPUTS={total}", flush=True)
    shares = sum(TARGETS[name].share for name in names)
    began, results = time.perf_counter(), []
    with ProcessPoolExecutor(mp_context=multiprocessing.get_context("spawn")) as pool:
        asked = [pool.submit(run, name, -(-total * TARGETS[name].share // shares), seed) for name in names[::-1]]
        for each in as_completed(asked):
            results.append(each.result())
            print(f"{results[-1].target}: {results[-1].seconds:.0f} s", file=sys.stderr, flush=True)
    print(drawn([HEAD, *map(_row, sorted(results, key=lambda result: names.index(result.target)))]))
    print(f"{sum(result.inputs for result in results):,} inputs in {time.perf_counter() - began:.0f} s")
    return _report([finding for result in results for finding in result.findings])


def _row(result: Result) -> tuple[str, ...]:
    slowest = f"{result.slowest_s * 1000:.1f} ms"
    counts = f"{result.inputs:,}", f"{result.outcomes:,}", f"{result.seconds:.0f}", slowest, str(len(result.findings))
    return (result.target, *counts)


def _report(findings: list[CheckResult]) -> int:
    for finding in findings:
        again = f"ONLY={shlex.quote(finding.target)} INPUT={shlex.quote(json.dumps(finding.input))}"
        print(f"\n{finding.target}: {finding.what}\n  {again} .venv/bin/python -m tests.fuzz")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
