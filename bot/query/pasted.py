"""Strips the formatting of pasted text: quotes, bullets, bold, backticks."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from bot.query.notify import keep_ids
from bot.text import from_slack, tidy

_BULLET = re.compile(r"(?:(?:[>•◦▪*+]|[-–—−]|\d{1,2}[.)])\s+|```|>(?![=\d]))+")
"""Marks of a quote, list item or code block at the start of a line."""
_KEPT = r'(?P<kept>"(?:[^"\\]|\\.)*(?:"|$))'
_MARKED = re.compile(rf'{_KEPT}|(?<!\S)(?P<mark>[*_~]+)(?=\S)(?P<word>[^"]*?\S)(?P=mark)(?!\S)')
_QUOTED = re.compile(r"""(["'])([^"']*)\1""")
_PLEASE = re.compile(r"^please,? |,? please[.!?]*$", re.IGNORECASE)
_BACKTICKS = re.compile(rf"{_KEPT}|`+")


def typed_lines(text: str, command: str, names: Mapping[str, str] = MappingProxyType({})) -> list[str]:
    """Return a command text's lines, normalised, without `command` in front and without "please"; empty lines are left
    out. `names`: see `from_slack`."""
    lines = (unmarked(line) for line in from_slack(keep_ids(text), names).splitlines())
    return [line for line in (_without(command, line) for line in lines) if line]


def unmarked(line: str) -> str:
    """Return a normalised line without the marks around it or its words: backticks, bold, quote, list item, outer
    quotes. Text in double quotes is kept. Idempotent."""
    line = tidy(line)
    while line != (plain := _plain(line)):
        line = plain
    return line


def _plain(line: str) -> str:
    line = _BACKTICKS.sub(lambda match: match["kept"] or "", line)
    line = _MARKED.sub(lambda match: match["kept"] or match["word"], line)
    if found := _BULLET.match(line):
        line = line[found.end() :]
    found = _QUOTED.fullmatch(line)
    return tidy(found[2] if found else line)


def _without(command: str, line: str) -> str:
    first, _, rest = line.partition(" ")
    return _PLEASE.sub("", rest.strip() if first.lower() == command else line)
