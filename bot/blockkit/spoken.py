"""Builds a message's `text` from its blocks, for screen readers, which read only that.

docs.slack.dev/reference/methods/chat.postMessage#accessibility
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from heapq import heapify, heappop, heappush
from typing import Any

from bot.blockkit.escape import mrkdwn
from bot.blockkit.fit import fitting
from bot.blockkit.limits import HEADER_TEXT_CHARS, UPDATE_TEXT_CHARS

_LINE = re.compile(r"(?:```.*?```|[^\n])+", re.DOTALL)
"""A line, or a whole code block."""
_DOT = " · "
_PARTS = re.compile(f"{_DOT}(?=(?:[^`]*`[^`]*`)*[^`]*$)")
"""Separators between parts of a line, outside code spans."""


def spoken(head: str, blocks: Sequence[Mapping[str, Any]]) -> str:
    """Return `head` and every other line of the blocks. If that is too long, the longest lines lose their last parts,
    then the last lines are dropped."""
    if len(head) > UPDATE_TEXT_CHARS:
        return head[: UPDATE_TEXT_CHARS - 1] + "…"
    said = _bare(head)
    lines = [line for line in _lines(blocks) if _bare(line) not in said]
    room_chars = UPDATE_TEXT_CHARS - len(head) - len("\n…")
    over = sum(len(line) + 1 for line in lines) - room_chars
    longest = [(-len(line), number) for number, line in enumerate(lines)]
    heapify(longest)
    while over > 0 and longest:
        chars, number = heappop(longest)
        *parts, _ = _PARTS.split(lines[number])
        if parts:
            lines[number] = _DOT.join(parts)
            over += chars + len(lines[number])
            heappush(longest, (-len(lines[number]), number))
    return "\n".join([head, *(lines if over <= 0 else [*fitting(lines, room_chars), "…"])])


def _lines(blocks: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield the lines of text blocks. Buttons announce themselves; the head describes charts and tables."""
    for block in blocks:
        texts = [block.get("text"), *block.get("fields", ()), *block.get("elements", ())]
        for text in texts if block["type"] in ("header", "section", "context") else ():
            if text and text["type"] == "plain_text":
                yield mrkdwn(text["text"], HEADER_TEXT_CHARS)
            elif text:
                yield from _LINE.findall(text["text"])


def _bare(text: str) -> str:
    """Strip formatting, for comparison."""
    return re.sub(r"[*`\n]+|\.$", "", text)
