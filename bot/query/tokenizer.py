"""Cuts a line into words: `-key:"a value"`, with commas, quotes and each word's place."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

_WORD = re.compile(
    r"""(?P<gap>[\s,]*)(?P<minus>[-–—−]*)
        (?:(?P<key>(?![^\s,:"]*[-–—−+]\d{1,2}:)[^\s,:"\d][^\s,:"]*)\s?:(?!//))?
        (?P<value>'[^']+'(?=[\s,]|$) | (?:"(?:[^"\\]|\\.)*(?:"|\\?$) | [^\s,"])*)""",
    re.VERBOSE,
)
"""A sign and digits before a colon are a time, not a key: `+02:00`, `10:00 pm-7:00 am`."""
_NEEDS_QUOTES = re.compile(r"""[\s,"'`\\]|^//|^$""")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)("|\\?$)')


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

    def joined(self, *others: Word, by: str = "") -> Word:
        """Return this word and the next ones as one."""
        words = (self, *others)
        quoted, closed = any(word.quoted for word in words), all(word.closed for word in words)
        return replace(
            self, value=by.join(word.value for word in words), quoted=quoted, closed=closed, end=words[-1].end
        )


def cut(line: str) -> list[Word]:
    """Return the words of a normalised line, from the left."""
    words: list[Word] = []
    end = 0
    while (found := _WORD.match(line, end)) and found.end() > (start := found.end("gap")):
        raw, end = found["value"], found.end()
        quoted = raw[:1] in ('"', "'") and len(raw) > 1
        single = raw[:1] == "'" and raw[-1:] == "'" and len(raw) > 2
        closed = single or all(match[2] == '"' for match in _QUOTED.finditer(raw))
        value = raw[1:-1] if single else _QUOTED.sub(lambda match: re.sub(r"\\(.)", r"\1", match[1]), raw)
        words.append(
            Word(
                minus=bool(found["minus"]),
                key=(found["key"] or "").lower(),
                value=re.sub(r" {2,}", " ", value).strip(),
                quoted=quoted,
                comma="," in found["gap"],
                closed=closed,
                start=start,
                end=end,
            )
        )
    return words


def unstopped(words: Iterable[Word]) -> list[Word]:
    """Return the words, plain ones without a sentence's final punctuation."""
    return [
        word if word.key or word.quoted else replace(word, value=word.value.rstrip(".!?") or word.value)
        for word in words
    ]


def quoted(text: str) -> str:
    """Return the value in quotes where the query line needs them."""
    return '"' + re.sub(r'(["\\])', r"\\\1", text) + '"' if _NEEDS_QUOTES.search(text) else text
