"""Untrusted text made harmless for each place where Slack shows text.

In mrkdwn only `&`, `<` and `>` have an escape (docs.slack.dev/messaging/formatting-message-text); the marks that format
have none, so look-alikes stand in for them, and only where they would format: `student_10` stays as it is. The query
line reads the look-alikes back (`text.tidy`), so a name copied from a message still finds its owner.
Mrkdwn text objects are sent `verbatim`, so that nothing becomes a link or a mention by itself.
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
    """For plain_text objects, whose `emoji` must be false: one line, bounded, no stacked marks."""
    return _cut(unstack(clean(_short(text))), most_chars)


def mrkdwn(text: str, most_chars: int) -> str:
    """For mrkdwn and for a message's `text`: shows at most `most_chars` of the text itself. Escaped that may be longer,
    but no longer than twice."""
    if len(text) <= most_chars and _HARMLESS.fullmatch(text):
        return _short(text)  # most names; a page has dozens of them
    shown = unstack(clean(_short(text)[: most_chars * 4]))
    isolated = any(unicodedata.bidirectional(char) in _RIGHT_TO_LEFT for char in shown)
    shown = _cut_to_escape(shown, most_chars - 2 * isolated, 2 * most_chars - 2)
    shown = _UNDERSCORE.sub("ˍ", shown.translate(_LOOK_ALIKES))
    shown = entities(_EVERYONE.sub("＠", _EMOJI.sub("∶", shown)))
    return f"{_ISOLATE}{shown}{_POP}" if isolated else shown


def code(text: str) -> str:
    """For inside a code span or block: nothing formats there, but a backtick ends it."""
    return entities(unstack(text).replace("`", "ˋ"))


def entities(text: str) -> str:
    """The three escapes that mrkdwn has."""
    return re.sub(r"[&<>]", lambda match: _ENTITIES[match[0]], text)


def _short(text: str) -> str:
    """A name that is a hash by its beginning: nobody reads 64 digits."""
    return f"{text[:8]}…" if is_hash(text) else text


def _cut(text: str, most_chars: int) -> str:
    return text if len(text) <= most_chars else text[: max(0, most_chars - 1)].rstrip() + "…"


def _cut_to_escape(text: str, most_chars: int, most_escaped: int) -> str:
    """As much of the text as has `most_chars`, and `most_escaped` once it is escaped."""
    lengths = [len(_ENTITIES.get(char, char)) for char in text]
    if len(text) <= most_chars and sum(lengths) <= most_escaped:
        return text
    kept, left = 0, most_escaped - 1
    while kept < min(len(text), most_chars - 1) and lengths[kept] <= left:
        left -= lengths[kept]
        kept += 1
    return text[:kept].rstrip() + "…"
