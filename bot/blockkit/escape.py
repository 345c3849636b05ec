"""Escapes untrusted text for each kind of Slack text.

In mrkdwn only `&`, `<` and `>` have an escape (docs.slack.dev/messaging/formatting-message-text). Formatting characters
have none, so look-alikes replace them, and only where they would format: `student_10` is unchanged. The query
line maps look-alikes back (`text.tidy`), so a name copied from a message still matches.
Mrkdwn text objects are sent `verbatim`, which turns off automatic links and mentions.
"""

from __future__ import annotations

import re
import unicodedata

from bot.text import clean, is_hash, unstack

_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_LOOK_ALIKES = str.maketrans({"*": "∗", "~": "∼", "`": "ˋ"})
_HARMLESS = re.compile(r"[A-Za-z0-9.,-]+(?: [A-Za-z0-9.,-]+)*")
_UNDERSCORE = re.compile(r"(?<!\w)_|_(?!\w)")
_EMOJI = re.compile(r":(?=[\w+'-]+:)")
_EVERYONE = re.compile(r"@(?=(?:here|channel|everyone|group)\b)", re.IGNORECASE)
_RIGHT_TO_LEFT = ("R", "AL", "RLE", "RLO", "RLI")
_ISOLATE, _POP = "\u2068", "\u2069"


def plain(text: str, most_chars: int) -> str:
    """Escape for plain_text objects with `emoji` false: one line, bounded, no stacked combining marks."""
    return _cut(unstack(clean(_short(text))), most_chars)


def mrkdwn(text: str, most_chars: int) -> str:
    """Escape for mrkdwn and a message's `text`. Shows at most `most_chars` of the original; the escaped text is at most
    twice as long."""
    if len(text) <= most_chars and _HARMLESS.fullmatch(text):
        return _short(text)  # fast path for most names
    shown = unstack(clean(_short(text)[: most_chars * 4]))
    isolated = any(unicodedata.bidirectional(char) in _RIGHT_TO_LEFT for char in shown)
    shown = _cut_to_escape(shown, most_chars - 2 * isolated, 2 * most_chars - 2)
    shown = _UNDERSCORE.sub("ˍ", shown.translate(_LOOK_ALIKES))
    shown = entities(_EVERYONE.sub("＠", _EMOJI.sub("∶", shown)))
    return f"{_ISOLATE}{shown}{_POP}" if isolated else shown


def code(text: str) -> str:
    """Escape for a code span or block, which only a backtick can end."""
    return entities(unstack(text).replace("`", "ˋ"))


def entities(text: str) -> str:
    """Apply mrkdwn's three escapes."""
    return re.sub(r"[&<>]", lambda match: _ENTITIES[match[0]], text)


def _short(text: str) -> str:
    """Shorten a name that is a hash to its beginning."""
    return f"{text[:8]}…" if is_hash(text) else text


def _cut(text: str, most_chars: int) -> str:
    return text if len(text) <= most_chars else text[: max(0, most_chars - 1)].rstrip() + "…"


def _cut_to_escape(text: str, most_chars: int, most_escaped: int) -> str:
    """Cut the text to `most_chars`, and to `most_escaped` once escaped."""
    lengths = [len(_ENTITIES.get(char, char)) for char in text]
    if len(text) <= most_chars and sum(lengths) <= most_escaped:
        return text
    kept, left = 0, most_escaped - 1
    while kept < min(len(text), most_chars - 1) and lengths[kept] <= left:
        left -= lengths[kept]
        kept += 1
    return text[:kept].rstrip() + "…"
