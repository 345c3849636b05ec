"""A short run over every target; `make fuzz` is the long one. And the fuzzer finds what is put in front of it."""

from __future__ import annotations

import random
from contextlib import nullcontext

import pytest

from tests.fuzz.run import fuzz, shrink
from tests.fuzz.targets import LINES, PRINTED, TARGETS, Target

pytestmark = pytest.mark.slow

INPUTS = 6_000
FEW = {"signature": 200, "request": 150}
"""A request takes longer than a line."""


@pytest.mark.parametrize("name", TARGETS)
def test_nothing_is_found(name: str) -> None:
    shares = sum(target.share for target in TARGETS.values())
    inputs = FEW.get(name) or round(INPUTS * TARGETS[name].share / shares)
    result = fuzz(name, TARGETS[name], inputs, random.SystemRandom().randrange(100_000), timed=False)
    assert result.findings == []
    assert result.inputs == inputs and result.outcomes > 3


def test_every_line_has_a_target_and_a_printed_form() -> None:
    assert {f"line {scope}" for scope in LINES} <= TARGETS.keys() and PRINTED.keys() == LINES.keys()


def test_it_finds_a_planted_fault() -> None:
    """Two words of a line, far apart, that no example has together."""

    def check(text: str) -> str:
        if "role:" in text and "monday" in text:
            raise KeyError(text)
        return text[:1]

    words = ["monday", "noon", "room:x"]
    planted = Target(["active role:host", "ended after:2h"], words, lambda: nullcontext(check), 1)
    (finding,) = fuzz("planted", planted, 2_000, seed=1, timed=False).findings
    assert finding.what.startswith("KeyError at tests/fuzz/test_fuzz.py:")
    assert finding.input in ("role:monday", "mondayrole:")


def test_the_shortest_input() -> None:
    assert shrink("one two three four" * 50, lambda text: "two" in text and "r" in text) in ("twor", "rtwo")
