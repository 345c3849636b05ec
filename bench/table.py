"""Rows of ratios: how they are made from samples, printed and written."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from statistics import median
from typing import Any

HEAD = ("what", "ours", "peer", "ratio (median, min–max)", "target", "met?")


@dataclass(frozen=True, slots=True)
class Target:
    """A bound on the ratio, or on our own median where a row has no peer or `of_ours` is set."""

    sign: str
    bound: float
    of_ours: bool = False

    def met(self, ratio: float | None, ours: float) -> bool | None:
        value = ours if self.of_ours else ratio
        if value is None:
            return None
        return value <= self.bound if self.sign == "≤" else value >= self.bound

    def words(self, unit: str) -> str:
        return f"{self.sign} {self.bound:g} {unit}" if self.of_ours else f"{self.sign} {self.bound:g} ×"


@dataclass(frozen=True, slots=True)
class Row:
    """One comparison. `ours` and `theirs` hold a value a round; the ratio is taken round by round."""

    what: str
    unit: str
    ours: Sequence[float]
    peer: str = ""
    theirs: Sequence[float] = ()
    speed: bool = False
    """The ratio is theirs / ours for times, so that it says how many times as fast ours is."""
    target: Target | None = None
    tails: tuple[Sequence[float], Sequence[float]] = ((), ())
    """The p99 of ours and theirs, shown beside the values."""

    @property
    def ratios(self) -> list[float]:
        pairs = zip(self.ours, self.theirs, strict=bool(self.theirs))
        return [theirs / ours if self.speed else ours / theirs for ours, theirs in pairs]

    @property
    def met(self) -> bool | None:
        if self.target is None or not self.ours:
            return None
        return self.target.met(median(self.ratios) if self.ratios else None, median(self.ours))

    def cells(self) -> tuple[str, ...]:
        ratios = self.ratios
        ratio = f"{median(ratios):.2f} ({min(ratios):.2f}–{max(ratios):.2f})" if ratios else "–"
        peer = f"{self.peer}: {self._value(self.theirs, self.tails[1])}" if self.theirs else self.peer or "–"
        target = self.target.words(self.unit) if self.target else "–"
        met = {True: "yes", False: "no", None: "–"}[self.met]
        return (self.what, self._value(self.ours, self.tails[0]), peer, ratio, target, met)

    def record(self) -> dict[str, Any]:
        return {
            "what": self.what,
            "unit": self.unit,
            "ours": _summary(self.ours),
            "peer": self.peer,
            "theirs": _summary(self.theirs),
            "ratio": _summary(self.ratios),
            "target": self.target.words(self.unit) if self.target else None,
            "met": self.met,
            "ours_p99": _summary(self.tails[0]),
            "theirs_p99": _summary(self.tails[1]),
        }

    def _value(self, values: Sequence[float], tail: Sequence[float]) -> str:
        return f"{_number(median(values))} {self.unit}" + (f" (p99 {_number(median(tail))})" if tail else "")


def markdown(rows: Sequence[Row]) -> str:
    lines = [HEAD, *(row.cells() for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEAD))]
    drawn = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |" for line in lines
    ]
    drawn.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(drawn)


def results(rows: Sequence[Row], *, quick: bool, took_s: float) -> dict[str, Any]:
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "quick": quick,
        "took_s": round(took_s, 1),
        "cores": len(os.sched_getaffinity(0)),
        "python": platform.python_version(),
        "node": node_version(),
        "rows": [row.record() for row in rows],
    }


def node_version() -> str | None:
    if not (node := shutil.which("node")):
        return None
    return subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout.strip()


def percentile(values: Sequence[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def _summary(values: Sequence[float]) -> dict[str, Any] | None:
    if not values:
        return None
    rounded = [round(value, 4) for value in values]
    return {"median": round(median(values), 4), "min": min(rounded), "max": max(rounded), "rounds": rounded}


def _number(value: float) -> str:
    return f"{value:.2f}" if value < 10 else f"{value:.1f}" if value < 100 else f"{value:.0f}"
