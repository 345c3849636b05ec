"""Values of `notify:` and `every:`: who is mentioned when a subscription fires, and how often it reminds."""

from __future__ import annotations

import re

from bot.query.times import BadValue, parse_length, print_length
from bot.text import fold

NOTIFY_MOST = 5
"""Most people and groups that a subscription mentions."""
NOTIFY_WORDS = ("mention", "ping", "cc")
"""Synonyms of `notify`."""
EVERY_LEAST_S, EVERY_MOST_S = 600, 43_200
_ALL_HERE = ("here", "channel", "everyone", "group")
_PERSON = re.compile(r"[UW](?:[A-Z0-9]{8,}|(?=[A-Z]*\d)[A-Z0-9]{2,})")
_MENTION = r"<[@!][^<>]*>"
_VALUE = rf"(?:{_MENTION}|[^\s,<>]+)"
_LIST = re.compile(
    rf"\b((?:notify|{'|'.join(NOTIFY_WORDS)})\s?:\s*)({_VALUE}(?:\s*,\s*{_VALUE}|\s+{_MENTION})*)", re.IGNORECASE
)
"""`notify:` and its values in a command's text as Slack sends it, where a person may stand behind a space, too."""
_GAP = re.compile(rf"\s*,\s*|\s+(?={_MENTION})")
_TARGET = re.compile(r"<[@!](?:subteam\^)?([^<>|]*)(?:\|[^<>]*)?>")


def keep_ids(text: str) -> str:
    """Put ids for the mentions in the values of `notify:`: `<@U1|ada>` is `@U1`. Elsewhere a mention is a name."""
    return _LIST.sub(lambda found: found[1] + _TARGET.sub(r"@\1", _GAP.sub(",", found[2])), text)


def parse_notify(text: str) -> str:
    """Parse the id of a person or a user group, or a name, without its `@`."""
    said = _TARGET.sub(r"\1", text).strip("@! ")
    if not said:
        raise BadValue("say who, such as `notify:@ada` or `notify:@oncall`")
    if fold(said) in _ALL_HERE:
        raise BadValue("that rings for a whole channel, also for those who are off; name people or a user group")
    return said


def write_notify(who: str) -> str:
    return f"@{who}"


def is_person(who: str) -> bool:
    """True for the id of a person, by its form: docs.slack.dev/reference/objects/user-object."""
    return who == "USLACKBOT" or _PERSON.fullmatch(who) is not None


def parse_every(text: str) -> int:
    """Parse the seconds between two reminders."""
    seconds = parse_length(text)
    if not EVERY_LEAST_S <= seconds <= EVERY_MOST_S:
        near = print_length(max(EVERY_LEAST_S, min(seconds, EVERY_MOST_S)))
        raise BadValue("reminders come every 10m to 12h", near)
    return seconds
