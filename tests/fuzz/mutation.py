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


def _piece(changed: Callable[[str, str, str, Sequence[str], random.Random], str]) -> Change:
    """A change at one piece; it gets what is before the piece, the piece and what is after it."""

    def change(text: str, words: Sequence[str], dice: random.Random) -> str:
        start = dice.randint(0, len(text))
        end = start + dice.choice((1, 1, 2, 4, 8, 24, 200))
        return changed(text[:start], text[start:end], text[end:], words, dice)

    return change


def _with_word(before: str, piece: str, after: str, words: Sequence[str], dice: random.Random) -> str:
    space = dice.choice(("", " "))
    return f"{before}{space}{dice.choice(words)}{space}{piece}{after}"


def _again(before: str, piece: str, after: str, words: Sequence[str], dice: random.Random) -> str:
    many = dice.choice(TIMES_OVER) if dice.random() < 0.3 else 2
    return (before + piece + piece * min(many, MOST_CHARS // max(1, len(piece))) + after)[:MOST_CHARS]


_with = _piece(lambda before, piece, after, words, dice: before + dice.choice(AWKWARD) + piece + after)
CHANGES: tuple[Change, ...] = (
    _with, _with, *[_piece(_with_word)] * 2, _piece(_again),
    _piece(lambda before, piece, after, *_: before + after),
    _piece(lambda before, piece, after, words, dice: before + chr(dice.randrange(0x110000)) + (piece + after)[1:]),
    _piece(lambda before, piece, after, *_: after + piece + before),
    _piece(lambda before, piece, after, *_: before + piece.swapcase() + after),
)  # fmt: skip


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
