"""Normalises typed text: undoes Slack's rewriting and replaces look-alike characters."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable, Mapping
from types import MappingProxyType

_SMART = str.maketrans(
    {
        **{chr(wide): chr(wide - 0xFEE0) for wide in range(0xFF01, 0xFF5F)},  # full-width forms of ASCII
        "“": '"', "”": '"', "„": '"', "‟": '"', "«": '"', "»": '"',
        "‘": "'", "’": "'", "‚": "'", "‛": "'",
        **dict.fromkeys("\u2010\u2011\u2012", "-"),
        "、": ",", "∗": "*", "ˍ": "_", "∼": "~", "ˋ": "`", "∶": ":",
    }
)  # fmt: skip
_DIGIT = re.compile(r"(?![0-9])\d")
MARKS_KEPT = 2
_JOINERS = "\u200c\u200d"  # carry meaning in Persian and in emoji, so they stay
_SLACK_TOKEN = re.compile(r"<(?P<mark>[@#!]|(?=https?://|mailto:|tel:))(?P<target>[^<>|]*)(?:\|(?P<label>[^<>]*))?>")


def from_slack(text: str, names: Mapping[str, str] = MappingProxyType({})) -> str:
    """Undo what Slack does to a command's text: `<@U1|ada>` is `@ada`, a link is its label, `&amp;` is `&`. `names`
    maps user ids to known names.

    docs.slack.dev, "Formatting message text" and "Implementing slash commands" (escape option).
    """

    def typed(match: re.Match[str]) -> str:
        mark, target, label = match["mark"], match["target"], match["label"] or ""
        name = clean(names.get(target, "")) or label.removeprefix(mark) or target
        said = f"{mark.strip('!')}{name}" if mark else label or target.removeprefix("mailto:").removeprefix("tel:")
        escaped = re.sub(r'(["\\])', r"\\\1", said)
        inside = text.count('"', 0, match.start()) % 2
        return escaped if inside or not re.search(r'[\s,"\\]', said) else f'"{escaped}"'

    said = _SLACK_TOKEN.sub(typed, text)
    return said.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def mentioned(text: str) -> list[str]:
    """Return the ids of the people mentioned in a command's text, in order."""
    return list(dict.fromkeys(match["target"] for match in _SLACK_TOKEN.finditer(text) if match["mark"] == "@"))


def tidy(text: str) -> str:
    """Return `clean` text with digits of every script and other look-alikes as ASCII. Idempotent."""
    if text.isascii():
        return clean(text)
    return clean(_DIGIT.sub(lambda match: str(int(match[0])), text.translate(_SMART)))


def clean(text: str) -> str:
    """Return one line: single spaces, no control characters, no direction marks."""
    if not (text.isascii() and text.isprintable()):
        text = "".join(_plain(char) for char in text)
    return re.sub(r" {2,}", " ", text).strip()


def _plain(char: str) -> str:
    kind = unicodedata.category(char)
    if kind in ("Zs", "Zl", "Zp") or char in "\t\n\r\v\f\x85":
        return " "
    if kind in ("Cc", "Cf", "Cs", "Co", "Cn") and char not in _JOINERS:
        return ""
    return char


def unstack(text: str) -> str:
    """Limit combining marks to two a character: stacks of them overlap the lines around."""
    if text.isascii():
        return text
    kept, marks = [], 0
    for char in text:
        marks = marks + 1 if unicodedata.category(char).startswith("M") else 0
        if marks <= MARKS_KEPT:
            kept.append(char)
    return "".join(kept)


def quote(word: str, most: int = 60) -> str:
    """Return an untrusted word as a code span that it can't end."""
    word = unstack(tidy(word)).replace("`", "ˋ")
    return f"`{word if len(word) <= most else word[: most - 1] + '…'}`"


def fold(text: str) -> str:
    """Return a name's form for comparison: tidy, NFKC, case-folded."""
    if text.isascii() and text.isprintable():
        return re.sub(r" {2,}", " ", text).strip().lower()
    return tidy(unicodedata.normalize("NFKC", tidy(text))).casefold()


def closest(word: str, words: Iterable[str], cutoff: float = 0.6) -> str | None:
    """Return the one of the words that is most like `word`, or None. `cutoff`: the least likeness, up to 1."""
    return next(iter(difflib.get_close_matches(word, list(words), n=1, cutoff=cutoff)), None)


def is_hash(name: str) -> bool:
    """True for a SHA-256, which a HIPAA workspace's API sends in place of a name (100ms docs, HIPAA-workspace)."""
    return re.fullmatch(r"[0-9a-f]{64}", name) is not None


def spoken(text: str) -> str:
    """Return a name's spoken form: folded, with spaces for the separators of 100ms's names."""
    return re.sub(r"[-._:\s]+", " ", fold(text)).strip()
