"""Fits parts of a line, lines of a text, members of groups and items of a message into limits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from bot.blockkit.limits import ALL_TEXT_CHARS, SECTION_TEXT_CHARS
from bot.blockkit.sizes import text_chars

NOTE_CHARS = 1_500
"""Characters that a list reserves for a note on the last action."""


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a line. `rank` 0 is always included; others by ascending rank while they fit."""

    text: str
    rank: int = 0


def fit(lines: Sequence[Sequence[Part]], most_chars: int) -> str:
    """Join the lines with as many parts as fit, separated by dots; empty parts and lines are dropped."""
    parts = [part for line in lines for part in line if part.text]
    left = most_chars - sum(len(part.text) + 3 for part in parts if part.rank == 0)
    kept = {id(part) for part in parts if part.rank == 0}
    for part in sorted((part for part in parts if part.rank), key=lambda part: part.rank):
        if len(part.text) + 3 <= left:
            left -= len(part.text) + 3
            kept.add(id(part))
    shown = (" · ".join(part.text for part in line if id(part) in kept) for line in lines)
    return "\n".join(line for line in shown if line)


def packed(lines: Iterable[str], most_chars: int = SECTION_TEXT_CHARS) -> Iterable[str]:
    """Yield texts of whole lines, each at most `most_chars` long."""
    chunk: list[str] = []
    length_chars = 0
    for line in lines:
        if chunk and length_chars + len(line) + 1 > most_chars:
            yield "\n".join(chunk)
            chunk, length_chars = [], 0
        chunk.append(line)
        length_chars += len(line) + 1
    if chunk:
        yield "\n".join(chunk)


def fair(sizes: Sequence[int], most: int) -> list[int]:
    """Return how many of each group to show, `most` in all; large groups share what small ones don't need."""
    shares = [0] * len(sizes)
    for done, place in enumerate(sorted(range(len(sizes)), key=sizes.__getitem__)):
        shares[place] = min(sizes[place], most // (len(sizes) - done))
        most -= shares[place]
    return shares


def share_chars(fixed: Sequence[Mapping[str, Any]], items: int, spare_chars: int = 0) -> int:
    """Return the characters of text available to each item of a message beside its `fixed` blocks."""
    return (ALL_TEXT_CHARS - spare_chars - text_chars(fixed)) // items


def fitting(lines: Sequence[str], most_chars: int) -> list[str]:
    """Return the leading lines that fit, line breaks included."""
    ends = accumulate(len(line) + 1 for line in lines)
    return [line for line, end in zip(lines, ends, strict=True) if end <= most_chars]
