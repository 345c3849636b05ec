"""Says what is wrong with a session, or was."""

from __future__ import annotations

from bot.blockkit.escape import mrkdwn
from bot.blockkit.phrases import listed
from bot.query.lasting import Missing
from bot.query.model import Term
from bot.query.parse import parse


def is_wrong(what: str) -> str:
    """Return `no host is in` for the query line `missing:host>2m`."""
    return listed([_words(term, "is") for term in parse(what).terms])


def was_wrong(what: str) -> str:
    """Return `no host was in` for the query line `missing:host>2m`."""
    return listed([_words(term, "was") for term in parse(what).terms])


def _words(term: Term, verb: str) -> str:
    if isinstance(term.value, Missing):
        return f"no {mrkdwn(term.value.role, 40)} {verb} in"
    return {
        "idle": f"nobody {verb} in",
        "alone": f"one person {verb} alone",
        "ending": f"its longest duration {verb} near",
    }[term.key]
