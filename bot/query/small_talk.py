"""Stop words, and phrases for numbers of people and for nobody who hosts."""

from __future__ import annotations

import re

from bot.query.filters import FILTERS

TALK = {
    "session", "sessions", "meeting", "meetings", "call", "calls", "rooms", "channel", "here", "please", "just", "only",
    "currently", "right", "happening", "there", "this", "that", "these", "those", "it", "its", "it's", "they", "them",
    "one", "ones", "my", "me", "us", "i", "we", "you", "can", "could", "would", "want", "need", "how", "many", "much",
    "what", "what's", "whats", "which", "who", "who's", "whose", "when", "whenever", "if", "is", "are", "was", "were",
    "be", "been", "do", "does", "did", "have", "has", "got", "show", "list", "give", "get", "see", "find", "tell",
    "people", "users", "participants", "members", "someone", "somebody", "anyone",
}  # fmt: skip
"""Stop words: neither part of a query nor of a name."""
SMALL = {
    "a", "an", "at", "by", "for", "from", "in", "last", "no", "of", "on", "or", "past", "than", "the", "to", "with",
}  # fmt: skip
"""Words that may stand inside an unquoted name, but not at its ends."""
SIGNS = {
    "more than": ">", "over": ">", "above": ">", "at least": ">=", "less than": "<", "fewer than": "<", "under": "<",
    "below": "<", "up to": "<=", "at most": "<=", "exactly": "=",
}  # fmt: skip
COUNTED = re.compile(
    rf"(?:(?P<sign>{'|'.join(SIGNS)}) )?(?P<number>\d+\+?) (?:{'|'.join((*FILTERS['peers'].also, 'person'))})\b",
    re.IGNORECASE,
)
"""A number of people in words."""
HOSTLESS = re.compile(r"(?:(?:no|without|without an?|without any)[ _-]?host|hostless)\b", re.IGNORECASE)
