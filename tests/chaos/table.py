"""Results as a table."""

from __future__ import annotations

from collections.abc import Sequence

from tests.chaos.points import CALL_SIDES, CALLS, COMMIT_SIDES, NAMES, OPEN, TIME, Point
from tests.chaos.run import Result

HEAD = (
    "what", "database", "replicas", "seed", "kills", "stops", "faults", "hooks", "sessions", "digests", "silences", "messages", "lost", "twice",
    "out of order", "wrong", "minutes",
)  # fmt: skip
MOST_LINES = 10


def table(results: Sequence[Result]) -> str:
    return drawn([HEAD, *map(_row, results)])


def points(result: Result) -> str:
    """Counts of kills and of stops of processes at each side of each point: before and after a
    commit, as a call arrives and when it is done."""
    rows: list[tuple[str, ...]] = [("commit or call", "killed before", "after", "stopped before", "after")]
    for sides, names in ((COMMIT_SIDES, (OPEN, *NAMES)), (CALL_SIDES, CALLS)):
        for of in names:
            counts = [some[Point(side, of)] for some in (result.killed, result.stopped) for side in sides]
            rows.append((of, *map(str, counts)))
    rows.append((TIME.of, str(result.killed[TIME]), "", str(result.stopped[TIME]), ""))
    return drawn(rows)


def drawn(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    lines = [" | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    rule = "-|-".join("-" * width for width in widths)
    return "\n".join(f"| {line} |" for line in (lines[0], rule, *lines[1:])).replace(f"| {rule} |", f"|-{rule}-|")


def details(result: Result) -> str:
    """The places where processes were killed and stopped, the faults that were met, and the findings."""
    what = f"{result.day}: " if result.day else ""
    lines = [f"{what}{result.database}, {result.replicas} at once, seed {result.seed}"]
    lines += [] if result.day else [points(result)]
    lines.append("  faults: " + ", ".join(f"{fault} {many}" for fault, many in sorted(result.faults.items())))
    lines.append("  hooks: " + ", ".join(f"{what} {many}" for what, many in sorted(result.hooks.items())))
    steps = ", ".join(f"{seconds:.0f}" for seconds in result.steps_s)
    lines.append(f"  seconds: {steps} (begun, killed, settled), {result.edits} messages edited, {result.recaps} recaps")
    more = {"other": result.other, "never killed or never stopped": result.missed}
    for name, some in (result.findings.kinds() | more).items():
        lines += [f"  {name}: {each}" for each in some[:MOST_LINES]]
        lines += [f"  {name}: … and {len(some) - MOST_LINES} more"] * (len(some) > MOST_LINES)
    return "\n".join(lines)


def _row(result: Result) -> tuple[str, ...]:
    lost, twice, disorder, wrong = map(len, result.findings.kinds().values())
    counts = (
        result.replicas, result.seed, result.killed.total(), result.stopped.total(), result.faults.total(), result.hooks.total(), result.sessions,
        result.digests, result.silences, result.messages, lost, twice, disorder, wrong + len(result.other),
    )  # fmt: skip
    return (result.day or "kills", result.database, *map(str, counts), f"{result.seconds / 60:.1f}")
