"""Results as a table."""

from __future__ import annotations

from collections.abc import Sequence

from tests.chaos.run import Result

HEAD = (
    "database", "replicas", "seed", "kills", "stops", "faults", "sessions", "messages", "lost", "twice",
    "out of order", "wrong", "minutes",
)  # fmt: skip
MOST_LINES = 10


def table(results: Sequence[Result]) -> str:
    rows = [HEAD, *map(_row, results)]
    widths = [max(len(row[place]) for row in rows) for place in range(len(HEAD))]
    lines = [" | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    rule = "-|-".join("-" * width for width in widths)
    return "\n".join(f"| {line} |" for line in (lines[0], rule, *lines[1:])).replace(f"| {rule} |", f"|-{rule}-|")


def details(result: Result) -> str:
    """Where processes ended, which faults were met, and what was found."""
    lines = [f"{result.database}, {result.replicas} at once, seed {result.seed}"]
    lines.append("  killed: " + ", ".join(f"{point} {many}" for point, many in sorted(result.ends.items())))
    lines.append("  stopped: " + ", ".join(f"{point} {many}" for point, many in sorted(result.halts.items())))
    lines.append("  faults: " + ", ".join(f"{fault} {many}" for fault, many in sorted(result.faults.items())))
    steps = ", ".join(f"{seconds:.0f}" for seconds in result.steps_s)
    lines.append(f"  seconds: {steps} (begun, killed, settled), {result.edits} messages edited")
    found = result.findings
    for name, some in (
        ("lost", found.lost), ("twice", found.twice), ("out of order", found.disorder), ("wrong", found.wrong),
        ("other", result.other),
    ):  # fmt: skip
        lines += [f"  {name}: {each}" for each in some[:MOST_LINES]]
        lines += [f"  {name}: … and {len(some) - MOST_LINES} more"] * (len(some) > MOST_LINES)
    return "\n".join(lines)


def _row(result: Result) -> tuple[str, ...]:
    found = result.findings
    counts = (
        result.replicas, result.seed, result.kills, result.stops, result.faults.total(), result.sessions,
        result.messages, len(found.lost), len(found.twice), len(found.disorder), len(found.wrong) + len(result.other),
    )  # fmt: skip
    return (result.database, *map(str, counts), f"{result.seconds / 60:.1f}")
