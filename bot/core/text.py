"""What a person typed, as they meant it: Slack's rewriting undone, look-alike characters made plain."""

from __future__ import annotations

import re
import unicodedata

_SMART = str.maketrans(
    {
        "“": '"', "”": '"', "„": '"', "‟": '"', "«": '"', "»": '"', "＂": '"',
        "‘": "'", "’": "'", "‚": "'", "‛": "'",
        **dict.fromkeys("\u2010\u2011\u2012", "-"),
        "：": ":", "，": ",", "∗": "*", "ˍ": "_", "∼": "~", "ˋ": "`", "∶": ":", "＠": "@",
    }
)  # fmt: skip
MARKS_KEPT = 2
_JOINERS = "\u200c\u200d"  # carry meaning in Persian and in emoji, so they stay
_SLACK_TOKEN = re.compile(r"<(?P<target>(?:[@#!]|https?://|mailto:|tel:)[^<>|]*)(?:\|(?P<label>[^<>]*))?>")


def from_slack(text: str) -> str:
    """Undo what Slack does to a command's text: `<@U1|ada>` is `ada`, a link is its label, `&amp;` is `&`.

    docs.slack.dev, "Formatting message text" and "Implementing slash commands" (escape option).
    """
    text = _SLACK_TOKEN.sub(_typed, text)
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _typed(match: re.Match[str]) -> str:
    target = match["target"]
    typed = match["label"] or re.sub(r"^(?:[@#!]|mailto:|tel:)", "", target)
    return f'"{typed}"' if re.search(r"[\s,]", typed) and '"' not in typed else typed


def tidy(text: str) -> str:
    """`clean`, with straight quotes and the look-alikes that we show in names made plain again. Idempotent."""
    return clean(text.translate(_SMART))


def clean(text: str) -> str:
    """One line: single spaces, no control characters, no direction marks."""
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
    """Without more than two combining marks on a character: stacks of them reach into the lines around."""
    if text.isascii():
        return text
    kept, marks = [], 0
    for char in text:
        marks = marks + 1 if unicodedata.category(char).startswith("M") else 0
        if marks <= MARKS_KEPT:
            kept.append(char)
    return "".join(kept)


def quote(word: str, most: int = 60) -> str:
    """An untrusted word as an inline code span that it can't end."""
    word = unstack(tidy(word)).replace("`", "ˋ")
    return f"`{word if len(word) <= most else word[: most - 1] + '…'}`"


def fold(text: str) -> str:
    """The form in which two names are compared: tidy, NFKC, without regard to case."""
    if text.isascii() and text.isprintable():
        return re.sub(r" {2,}", " ", text).strip().lower()
    return tidy(unicodedata.normalize("NFKC", tidy(text))).casefold()


_HASH = re.compile(r"[0-9a-f]{64}")


def is_hash(name: str) -> bool:
    """True for the SHA-256 that a HIPAA workspace's API gives in place of a name (100ms docs, HIPAA-workspace)."""
    return len(name) == 64 and _HASH.fullmatch(name) is not None
