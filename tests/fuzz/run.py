"""One run over one target: inputs from changed ones that are right, what they broke, and the shortest that does."""

from __future__ import annotations

import logging
import random
import time
import traceback
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from pathlib import Path

from tests.fuzz.mutation import mutated
from tests.fuzz.targets import TARGETS, Check, Target

ROOT = Path(__file__).parent.parent.parent
SLOW_S = 0.05
"""Of processor time: the longest that one input may take, three times over."""
SLOW = f"takes longer than {SLOW_S * 1000:.0f} ms"
LEARNT_MOST = 5_000
SHRINK_S = 5.0


@dataclass(frozen=True, slots=True)
class CheckResult:
    """`input` is as short as deleting makes it; `what` it breaks, and where."""

    target: str
    input: str
    what: str


@dataclass(slots=True)
class Result:
    """`outcomes`: how many different ones the inputs had."""

    target: str
    inputs: int = 0
    outcomes: int = 0
    seconds: float = 0.0
    slowest_s: float = 0.0
    findings: list[CheckResult] = field(default_factory=list)


def run(name: str, inputs: int, seed: int) -> Result:
    """Try so many inputs for that target, each known by seed and place; one that fails is no end."""
    logging.basicConfig(handlers=[logging.NullHandler()])  # the bot logs what it is sent here, as it should
    return fuzz(name, TARGETS[name], inputs, seed)


def fuzz(name: str, target: Target, inputs: int, seed: int, *, timed: bool = True) -> Result:
    """The examples first, then changed ones. What has an outcome that none had before is changed on its turn. `timed`:
    what takes long is a finding."""
    dice, result = random.Random(f"{seed} {name}"), Result(name)
    corpus, known = list(target.examples), set[Hashable]()
    broken: dict[str, str] = {}
    began = time.perf_counter()
    with target.open() as check:
        for number in range(inputs):
            text = target.examples[number] if number < len(target.examples) else _next(target, corpus, dice)
            outcome, fault, took_s = _try(check, text)
            fault = fault if timed or fault != SLOW else ""
            result.slowest_s = max(result.slowest_s, took_s)
            result.inputs += 1
            if fault and len(text) < len(broken.get(fault, text + ".")):
                broken[fault] = text
            if outcome not in known:
                known.add(outcome)
                if len(corpus) < LEARNT_MOST:
                    corpus.append(text)
        result.findings = [
            CheckResult(name, shrink(text, lambda text, fault=fault: _try(check, text)[1] == fault), fault)
            for fault, text in broken.items()
        ]
    result.outcomes, result.seconds = len(known), time.perf_counter() - began
    return result


def replay(name: str, text: str) -> list[CheckResult]:
    """Try one input again."""
    with TARGETS[name].open() as check:
        _, fault, _ = _try(check, text)
        return [CheckResult(name, text, fault)] if fault else []


def shrink(text: str, breaks: Callable[[str], bool]) -> str:
    """A shorter text that still does, by deleting ever smaller pieces."""
    stop_at, size = time.monotonic() + SHRINK_S, max(1, len(text) // 2)
    while time.monotonic() < stop_at:
        place, before = 0, len(text)
        while place < len(text) and time.monotonic() < stop_at:
            shorter = text[:place] + text[place + size :]
            if breaks(shorter):
                text = shorter
            else:
                place += size
        if size == 1 and len(text) == before:
            break
        size = max(1, size // 2)
    return text


def _next(target: Target, corpus: list[str], dice: random.Random) -> str:
    text = dice.choice(target.examples if dice.random() < 0.3 else corpus)
    if dice.random() < 0.1:  # two in one
        other = dice.choice(corpus)
        text = text[: dice.randint(0, len(text))] + other[dice.randint(0, len(other)) :]
    return mutated(text, target.words, dice, structured=target.structured)


def _try(check: Check, text: str) -> tuple[Hashable, str, float]:
    """The outcome, what is broken (or "") and the seconds; one that seems slow is tried again, by processor time."""
    began = time.perf_counter()
    try:
        outcome = check(text)
    except Exception as error:
        return type(error), _where(error), 0.0
    took_s = time.perf_counter() - began
    for _ in range(3):
        if took_s < SLOW_S:
            return outcome, "", took_s
        began = time.thread_time()
        check(text)
        took_s = time.thread_time() - began
    return outcome, SLOW if took_s >= SLOW_S else "", took_s


def _where(error: Exception) -> str:
    """The kind of error, and the innermost place in code of ours."""
    frames = [each for each in traceback.extract_tb(error.__traceback__) if each.filename.startswith(str(ROOT))]
    ours = [each for each in frames if ".venv" not in each.filename]
    place = f"{Path(ours[-1].filename).relative_to(ROOT)}:{ours[-1].lineno}" if ours else "?"
    said = f": {error}" if isinstance(error, AssertionError) else ""
    return f"{type(error).__name__} at {place}{said}".split("\n")[0][:200]
