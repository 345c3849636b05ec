"""Changes that people, broken programs and attackers make to what is right."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from typing import Any

MOST_CHARS = 20_000
"""A mebibyte is what the door takes; what grows faster than its input shows long before."""
AWKWARD = (
    *" \t\n\r\x00\x07\"'\\`*_~<>&|@#!:;,.-–—+=/%{}[]()^$?0123456789", "\u00a0", "\u200b", "\u200d", "\u202e", "\u0301", "\ud800",
    "“", "”", "’", "é", "ß", "İ", "²", "٣", "ﷺ", "🙂", "👩‍👩‍👧", "<@U1|ada>", "<!channel>", "@here", "&amp;", "&lt;", "%00", "%ff", "://",
    "-1", "0", "1e999", "999999999999999999999", "NaN", "null", "../", "\r\n",
)  # fmt: skip
TIMES_OVER = 2, 3, 5, 20, 200, 3_000
VALUES: tuple[Any, ...] = (
    None, True, 0, -1, 1.5, 1e308, 2**63, 2**64, 10**30, "", "x", "0", "\u0000", "2026-11-23T14:02:00Z", "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59.999999999+23:59", "2026-11-23", "null", [], {}, [None], {"": None}, [[[[]]]], "x" * 5_000,
)  # fmt: skip

Change = Callable[[str, Sequence[str], random.Random], str]
"""Gets the text, words that such texts are made of, and dice."""


def mutated(text: str, words: Sequence[str], dice: random.Random, *, structured: bool) -> str:
    """The text after some changes; `structured` ones see the JSON in it."""
    for _ in range(dice.choice((1, 1, 1, 2, 2, 3, 5))):
        change = dice.choice(CHANGES)
        if structured and dice.random() < 0.7:
            change = _other_json
        text = change(text, words, dice)
    return text[:MOST_CHARS]


def _without(text: str, words: Sequence[str], dice: random.Random) -> str:
    start, end = _span(text, dice)
    return text[:start] + text[end:]


def _with(text: str, words: Sequence[str], dice: random.Random) -> str:
    place = dice.randint(0, len(text))
    return text[:place] + dice.choice(AWKWARD) + text[place:]


def _with_word(text: str, words: Sequence[str], dice: random.Random) -> str:
    place = dice.randint(0, len(text))
    space = dice.choice(("", " "))
    return f"{text[:place]}{space}{dice.choice(words)}{space}{text[place:]}"


def _with_any(text: str, words: Sequence[str], dice: random.Random) -> str:
    place = dice.randint(0, len(text))
    return text[:place] + chr(dice.randrange(0x110000)) + text[place + 1 :]


def _again(text: str, words: Sequence[str], dice: random.Random) -> str:
    start, end = _span(text, dice)
    many = dice.choice(TIMES_OVER) if dice.random() < 0.3 else 2
    return (text[:end] + text[start:end] * min(many, MOST_CHARS // max(1, end - start)) + text[end:])[:MOST_CHARS]


def _swapped(text: str, words: Sequence[str], dice: random.Random) -> str:
    start, end = _span(text, dice)
    return text[end:] + text[start:end] + text[:start]


def _cased(text: str, words: Sequence[str], dice: random.Random) -> str:
    start, end = _span(text, dice)
    return text[:start] + text[start:end].swapcase() + text[end:]


CHANGES: tuple[Change, ...] = (_without, _with, _with, _with_word, _with_word, _with_any, _again, _swapped, _cased)


def _span(text: str, dice: random.Random) -> tuple[int, int]:
    start = dice.randint(0, len(text))
    return start, min(len(text), start + dice.choice((1, 1, 2, 4, 8, 24, 200)))


def _other_json(text: str, words: Sequence[str], dice: random.Random) -> str:
    """One value in it is another, is gone, or is there under another key. A text that is no JSON stays one."""
    try:
        tree = json.loads(text)
    except (ValueError, RecursionError):
        return _with(text, words, dice)
    places = list(_places(tree))
    if not places:
        return json.dumps(dice.choice(VALUES))
    holder, key = dice.choice(places)
    what = dice.random()
    if what < 0.2:
        del holder[key]
    elif what < 0.35:
        other, from_key = dice.choice(places)
        holder[key] = json.loads(json.dumps(other.get(from_key) if isinstance(other, dict) else other[from_key:][:1]))
    elif what < 0.6 and isinstance(holder[key], str):
        holder[key] = dice.choice(CHANGES)(holder[key], words, dice)
    elif what < 0.7 and isinstance(holder, dict):
        holder[dice.choice(words)] = holder.pop(key)
    else:
        holder[key] = dice.choice(VALUES)
    return json.dumps(tree)


def _places(tree: Any) -> Any:
    """(the object or array, the key or place in it) of every value."""
    entries = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, value in entries:
        yield tree, key
        yield from _places(value)
