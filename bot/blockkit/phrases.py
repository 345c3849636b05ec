"""Renders times, lengths and queries as mrkdwn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from bot.blockkit.escape import code, mrkdwn, plain
from bot.blockkit.limits import SECTION_TEXT_CHARS
from bot.query.filters import FILTERS
from bot.query.lasting import Missing
from bot.query.model import Query, Term
from bot.query.times import Fixed
from bot.query.values import Count, RoomId, RoomPrefix, TemplateId

Names = Mapping[str, str]
"""Known room names by room id."""

NAME_CHARS = 60
NO_BREAK = "\u00a0"
_SIGNS = {
    ">=": "at least {}",
    ">": "more than {}",
    "<=": "at most {}",
    "<": "fewer than {}",
    "=": "exactly {}",
    "..": "{} to {}",
}
SESSIONS = "*Sessions* "
_STATES = {"active": "Active sessions", "ended": "Ended sessions", "all": "All sessions"}


def date(when: datetime) -> str:
    """Return a date token, shown in each reader's zone (formatting-message-text, "Date formatting")."""
    utc = when.astimezone(UTC)
    return f"<!date^{int(utc.timestamp())}^{{date_short_pretty}} at {{time}}|{utc:%Y-%m-%d %H:%M} UTC>"


def since(when: datetime) -> str:
    """Return a date token with the time elapsed, which Slack computes on display."""
    utc = when.astimezone(UTC)
    return f"<!date^{int(utc.timestamp())}^{{date_short_pretty}} at {{time}}, {{ago}}|{utc:%Y-%m-%d %H:%M} UTC>"


def clock(when: datetime, now: datetime, *, short: bool = False) -> str:
    """Return a time for a moment near `now`, else with its date; `short` keeps only the date then."""
    utc = when.astimezone(UTC)
    stamp = int(utc.timestamp())
    if abs((now - utc).total_seconds()) < 12 * 3_600:
        return f"<!date^{stamp}^{{time}}|{utc:%H:%M} UTC>"
    if short:
        return f"<!date^{stamp}^{{date_short}}|{utc:%m-%d}>"
    return f"<!date^{stamp}^{{date_short}} {{time}}|{utc:%m-%d %H:%M} UTC>"


def moment(when: datetime, zone: str) -> str:
    """Return `Mon 23 Nov 16:03` in a zone, which the caller must name beside it."""
    local = when.astimezone(ZoneInfo(zone))
    return f"{local:%a} {local.day} {local:%b} {local:%H:%M}".replace(" ", NO_BREAK)


def length(seconds: float) -> str:
    """Return a length as `45 s`, `12 min`, `1 h 05 min` or `2 d 3 h`, with no-break spaces."""
    whole = int(seconds)
    minutes, hours = whole // 60, whole // 3_600
    if whole < 60:
        text = f"{whole} s"
    elif minutes < 60:
        text = f"{minutes} min"
    elif hours < 48:
        text = f"{hours} h {minutes % 60:02d} min"
    else:
        text = f"{hours // 24} d {hours % 24} h"
    return text.replace(" ", NO_BREAK)


def count(number: int, one: str, many: str) -> str:
    """Return a number and its noun: `1 session`, `1,200 sessions`."""
    return f"{number:,} {one if number == 1 else many}"


def unread(number: int) -> str:
    """Return a line on sessions that couldn't be decoded and are left out."""
    return f"⚠️ {count(number, 'session', 'sessions')} could not be read."


def listed(words: Sequence[str]) -> str:
    """Join one or more words: `a`, `a and b`, `a, b and c`."""
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))


def person(name: str) -> str:
    """Return a member's name for a public message; a mention would notify them."""
    return mrkdwn(name, 40) or "Somebody"


def room(room_id: str, names: Names, most_chars: int = NAME_CHARS) -> str:
    """Return a room's name in bold, or its id if the name isn't known."""
    name = mrkdwn(names.get(room_id) or "", most_chars)
    return f"*{name}*" if name else f"room {mrkdwn(room_id, 24)}" if room_id else "a room not known"


def template(template_id: str, names: Names, most_chars: int = NAME_CHARS) -> str:
    """Return a template's name in bold, or its id if the name isn't known."""
    return f"*{mrkdwn(names.get(template_id) or template_id, most_chars)}*"


def no_rooms_yet(prefixes: Sequence[str]) -> str:
    """Return a warning that no room matches these prefixes yet."""
    said = " or ".join(f"`{code(plain(each, NAME_CHARS))}`" for each in prefixes[:3])
    return f"No room's name begins with {said} yet."


def query(asked: Query, names: Names) -> str:
    """Describe a query with fixed times: "Active sessions in *town-hall*, started from 09:00"."""
    return " ".join([f"*{_STATES[asked.state]}*", ", ".join(_said(asked, names))]).rstrip()


def sessions(asked: Query, names: Names, most_chars: int = SECTION_TEXT_CHARS) -> str:
    """Describe a subscription's sessions, all its rooms known: "*Sessions* in *town-hall*, with Ada". Names are cut,
    then filters counted, to fit `most_chars`, which is at least 40."""
    for name_chars, values_most in ((NAME_CHARS, None), (24, 3), (16, 1)):
        said = _said(asked, names, name_chars, values_most)
        text = f"{SESSIONS}{', '.join(said)}" if said else "*All sessions*"
        if len(text) <= most_chars:
            return text
    total = len(said)
    while said:
        said.pop()
        more = total - len(said)
        text = f"{SESSIONS}{', '.join(said)} and {count(more, 'more filter', 'more filters')}"
        if said and len(text) <= most_chars:
            return text
    return f"{SESSIONS}by {count(total, 'filter', 'filters')}"


def _said(asked: Query, names: Names, name_chars: int = NAME_CHARS, values_most: int | None = None) -> list[str]:
    """Return a phrase for each key and each negated key. Times must be fixed."""
    said = []
    keys = dict.fromkeys(term.key for term in asked.terms)
    after, before = asked.only("after"), asked.only("before")
    for key in keys:
        phrases = FILTERS[key].say
        if after and before and key in ("after", "before"):
            if key == "after":
                said.append(f"started between {date(after.utc)} and {date(before.utc)}")
            continue
        for negated in (False, True):
            terms = [term for term in asked.terms if term.key == key and term.negated is negated]
            if terms and phrases[negated]:
                values = [_value(term, names, name_chars) for term in terms[:values_most]]
                more = [f"{len(terms) - len(values)} more"] if len(terms) > len(values) else []
                said.append(phrases[negated].format(" or ".join([*values, *more])))
    return said


def _value(term: Term, names: Names, name_chars: int) -> str:
    value: Any = term.value
    if isinstance(value, RoomId):
        return room(value.id, names, name_chars)
    if isinstance(value, TemplateId):
        return template(value.id, names, name_chars)
    if isinstance(value, RoomPrefix):
        return f"`{code(plain(str(value), name_chars))}`"
    if isinstance(value, Fixed):
        return date(value.utc)
    if isinstance(value, Count):
        return _SIGNS[value.sign].format(value.number, value.most)
    if isinstance(value, Missing):
        role = mrkdwn(value.role, name_chars)
        return f"{role} for {length(value.seconds)}" if value.seconds else role
    if isinstance(value, int):
        return length(value)
    return mrkdwn(FILTERS[term.key].write(value), name_chars)
