"""Filters by which a session is wrong, in words: what is wrong with it, or was."""

from __future__ import annotations

from bot.blockkit.escape import mrkdwn
from bot.blockkit.phrases import listed
from bot.query.lasting import Missing
from bot.query.model import Term
from bot.query.wrong import read_wrong

ROLE_CHARS = 40
WORDS_MOST = 3
_WORDS = {
    "idle": "nobody {} in",
    "alone": "one person {} alone",
    "ending": "it {} about to end",
    "longer": "it {} open",
}


def is_wrong(what: str) -> str:
    """Return `nobody is in` for the filters `idle:5m`, as mrkdwn; `what` is one or more canonical terms."""
    return _said(what, "is")


def was_wrong(what: str) -> str:
    """Return `nobody was in` for the filters `idle:5m`, as mrkdwn."""
    return _said(what, "was")


def _said(what: str, verb: str) -> str:
    terms = [term for term in read_wrong(what).terms if not term.negated]
    words = list(dict.fromkeys(_words(term, verb) for term in terms))
    if (more := len(words) - WORDS_MOST) > 0:
        words[WORDS_MOST:] = [f"{more} more"]
    return listed(words or [f"something {verb} wrong"])


def _words(term: Term, verb: str) -> str:
    if isinstance(term.value, Missing):
        return f"no {mrkdwn(term.value.role, ROLE_CHARS)} {verb} in"
    return _WORDS[term.key].format(verb)
