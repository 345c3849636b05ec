"""Cuts a line into words: `-key:"a value"`, with commas, quotes and each word's place."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

_WORD = re.compile(
    r"""(?P<minus>[-–—−]*)
        (?:(?P<key>(?![^\s,:"]*[-–—−+]\d{1,2}:)[^\s,:"\d][^\s,:"]*)\s?:(?!//))?
        (?P<value>'[^']+'(?=[\s,]|$) | (?:"(?:[^"\\]|\\.)*(?:"|\\?$) | [^\s,"])*)""",
    re.VERBOSE,
)
"""A sign and digits before a colon are a time, not a key: `+02:00`, `10:00 pm-7:00 am`."""
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)("|\\?$)')
_GAP = re.compile(r"[\s,]*")


@dataclass(frozen=True, slots=True)
class Word:
    """One word: `key` in lower case or "", `value` without its quotes, and `line[start:end]`."""

    minus: bool
    key: str
    value: str
    quoted: bool
    comma: bool  # a comma precedes it
    closed: bool  # all quotes are closed
    start: int
    end: int

    def joined(self, other: Word, value: str) -> Word:
        """Return this word and the next as one."""
        quoted, closed = self.quoted or other.quoted, self.closed and other.closed
        return replace(self, value=value, quoted=quoted, closed=closed, end=other.end)


def cut(line: str) -> list[Word]:
    """Return the words of a normalised line, from the left."""
    words: list[Word] = []
    place = 0
    while True:
        start = _end(_GAP, line, place)
        found = _WORD.match(line, start)
        if found is None or found.end() == start:
            return words
        raw = found["value"]
        quoted = raw[:1] in ('"', "'") and len(raw) > 1
        single = raw[:1] == "'" and raw[-1:] == "'" and len(raw) > 2
        closed = all(match[2] == '"' for match in _QUOTED.finditer(raw)) if not single else True
        value = raw[1:-1] if single else _QUOTED.sub(lambda match: re.sub(r"\\(.)", r"\1", match[1]), raw)
        words.append(
            Word(
                minus=bool(found["minus"]),
                key=(found["key"] or "").lower(),
                value=re.sub(r" {2,}", " ", value).strip(),
                quoted=quoted,
                comma="," in line[place:start],
                closed=closed,
                start=start,
                end=found.end(),
            )
        )
        place = found.end()


def unstopped(words: Iterable[Word]) -> list[Word]:
    """Return the words, plain ones without a sentence's final punctuation."""
    return [
        word if word.key or word.quoted else replace(word, value=word.value.rstrip(".!?") or word.value)
        for word in words
    ]


def _end(pattern: re.Pattern[str], line: str, place: int) -> int:
    found = pattern.match(line, place)
    return found.end() if found else place
