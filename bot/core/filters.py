"""`FILTERS`: every word of the query line. A new filter is one entry here; the parser, the help, the README's table,
the usage hint, the request to 100ms and the local check all come from it.

Filters with `param` are sent to List sessions (100ms docs, server-side/v2, Sessions/list-sessions); the others, and
`room:` when it is negated or said more than once, are checked here with `test`.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.core.kinds import KINDS
from bot.core.session import Session
from bot.core.text import fold
from bot.core.times import BadValue, Time, parse_length, parse_time, print_length

LIMIT_MIN, LIMIT_DEFAULT, LIMIT_MAX = 10, 10, 100
STATES = {"active": True, "ended": False, "all": None}
"""Each state and what List sessions takes for `active`: it is left out only for all."""
LIST, SUBSCRIBE = "list", "subscribe"
"""Where a line is said: to list sessions, or to subscribe to them."""
STATE_WORDS = {
    **dict.fromkeys(("live", "running", "open", "current", "ongoing", "now"), "active"),
    **dict.fromkeys(("finished", "over", "past", "closed", "done", "inactive"), "ended"),
    **dict.fromkeys(("everything", "any", "both"), "all"),
}
"""Other words that people use for a state."""

Test = Callable[[Session, datetime], bool]


@dataclass(frozen=True, slots=True)
class RoomId:
    """A room by its id: 24 hex digits."""

    id: str

    def __str__(self) -> str:
        return self.id


@dataclass(frozen=True, slots=True)
class RoomName:
    """A room by its name, still to be looked up."""

    name: str

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Count:
    """A bound on a number: `>=2`; or a range with both its ends, `3..5`, whose sign is `..`."""

    sign: str
    number: int
    most: int = 0

    def holds(self, count: int) -> bool:
        return {
            ">=": count >= self.number,
            "<=": count <= self.number,
            ">": count > self.number,
            "<": count < self.number,
            "=": count == self.number,
            "..": self.number <= count <= self.most,
        }[self.sign]

    def __str__(self) -> str:
        return f"{self.number}..{self.most}" if self.sign == ".." else f"{self.sign}{self.number}"


@dataclass(frozen=True, slots=True)
class Filter:
    """One key of the query line. Values are whatever `parse` gives; it raises ValueError with a sentence for people."""

    key: str
    form: str
    help: str
    example: str
    parse: Callable[[str], Any]
    write: Callable[[Any], str] = str
    say: tuple[str, str] = ("", "")  # the filter in words, and its negation; {} is the value
    param: str = ""  # what List sessions calls it; its value is then `str`, a time's that of its instant
    test: Callable[[Any], Test] | None = None
    becomes: str = ""  # another spelling of that key
    once: bool = False
    names: bool = False  # its values name things of one account, so that no example works in another
    also: tuple[str, ...] = ()  # other words that people use for it
    opposite: tuple[str, ...] = ()  # and for its negation
    spaced: bool = False  # its values may have spaces: times and lengths
    scopes: tuple[str, ...] = (LIST, SUBSCRIBE)  # where it can be said

    @property
    def negatable(self) -> bool:
        return self.test is not None or self.becomes == "room"


_ID = re.compile(r"[0-9a-f]{24}")
_ID_IN_LINK = re.compile(r"(?<![0-9a-f])[0-9a-f]{24}(?![0-9a-f])")
_ALMOST_ID = re.compile(r"[0-9a-f]{20,28}")


def is_id(text: str) -> bool:
    """Whether it is a 100ms id: 24 hex digits, in small letters."""
    return _ID.fullmatch(text) is not None


def parse_id(text: str) -> str:
    """An id, or a dashboard link or words with one in it."""
    said = text.lower()
    if is_id(said):
        return said
    if ("/" in said or " " in said) and (found := _ID_IN_LINK.search(said)):
        return found[0]
    if _ALMOST_ID.fullmatch(said):
        raise BadValue(f"an id has 24 hex digits, this has {len(said)}")
    raise BadValue("an id is 24 hex digits, such as 627cda81ab4f3b56a077dc33")


def _parse_room(text: str) -> RoomId | RoomName:
    text = text.lstrip("#").strip() or text
    said = text.lower()
    if is_id(said) or _ALMOST_ID.fullmatch(said) or ("/" in said and _ID_IN_LINK.search(said)):
        return RoomId(parse_id(text))
    return RoomName(text)


def _parse_bool(text: str) -> str:
    states = {"true": "active", "yes": "active", "false": "ended", "no": "ended", "all": "all"}
    if text.lower() not in states:
        near = difflib.get_close_matches(text.lower(), states, n=1)
        raise BadValue("say true or false", near[0] if near else None)
    return states[text.lower()]


def _parse_when(text: str) -> Time:
    return parse_time(text.lstrip("<>=≤≥ "))  # `after:>=3d` says it twice


def _parse_kind(text: str) -> str:
    if text.lower() not in KINDS:
        near = difflib.get_close_matches(text.lower(), KINDS, n=1)
        raise BadValue(f"say {', '.join(KINDS)}", near[0] if near else None)
    return text.lower()


def _parse_limit(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,9}", text):
        raise BadValue(f"say a whole number from {LIMIT_MIN} to {LIMIT_MAX}")
    number = int(text)
    if not LIMIT_MIN <= number <= LIMIT_MAX:
        near = max(LIMIT_MIN, min(number, LIMIT_MAX))
        raise BadValue(f"100ms takes {LIMIT_MIN} to {LIMIT_MAX}", str(near))
    return number


def _parse_count(text: str) -> Count:
    text = text.replace(" ", "")
    if between := re.fullmatch(r"([0-9]{1,6})(?:-|–|\.\.+|…|to)([0-9]{1,6})", text):
        least, most = sorted(map(int, between.groups()))
        return Count("..", least, most)
    found = re.fullmatch(r"(>=|=>|<=|=<|≥|≤|>|<|==?|)([0-9]{1,6})(\+?)", text)
    if not found:
        raise BadValue("say a number with >=, >, =, < or <= before it, or a range such as 3..5")
    sign = {"=>": ">=", "=<": "<=", "≥": ">=", "≤": "<=", "==": "=", "": "="}.get(found[1], found[1])
    return Count(">=" if found[3] else sign, int(found[2]))


def _has_role(role: str) -> Test:
    wanted = fold(role)
    return lambda session, _: any(fold(peer.role or "") == wanted for _, peer in session.each_peer())


def _has_user(user: str) -> Test:
    wanted = fold(user)

    def test(session: Session, _: datetime) -> bool:
        return any(
            fold(peer.user_id or peer.user or "") == wanted or (peer.name is not None and wanted in fold(peer.name))
            for _, peer in session.each_peer()
        )

    return test


def _has_people(count: Count) -> Test:
    return lambda session, _: count.holds(session.people_in_count() if session.active else session.people_count())


FILTERS: dict[str, Filter] = {
    entry.key: entry
    for entry in (
        Filter(
            "room",
            form="room:<id or name>",
            help="sessions of that room; quotes for spaces",
            example='"Town hall"',
            parse=_parse_room,
            say=("in {}", "not in {}"),
            param="room_id",
            test=lambda room: lambda session, _: session.room_id == room.id,
            names=True,
            also=("in", "room_name", "channel"),
        ),
        Filter(
            "after",
            form="after:<time>",
            help="started then or later: `2h`, `3d`, `1w`, `today`, `monday 9:30`, `14:00`, `2pm`, `2026-11-23`, "
            "`2026-11-23T09:30Z`; a weekday or time of day is the latest such",
            example="2h",
            parse=_parse_when,
            say=("started from {}", ""),
            param="after",
            once=True,
            also=("since", "from", "started", "last", "past", "within"),
            scopes=(LIST,),
            spaced=True,
        ),
        Filter(
            "before",
            form="before:<time>",
            help="started then or earlier; the same spellings, and with `after:` the next such weekday or time",
            example="2h",
            parse=_parse_when,
            say=("started until {}", ""),
            param="before",
            once=True,
            also=("until", "to", "till", "by"),
            scopes=(LIST,),
            spaced=True,
        ),
        Filter(
            "role",
            form="role:<role>",
            help="someone with that role was in",
            example="host",
            parse=str,
            say=("with the role {}", "without the role {}"),
            test=_has_role,
            names=True,
        ),
        Filter(
            "user",
            form="user:<id or name>",
            help="someone with that user id, or with that in their name, was in",
            example="ada",
            parse=lambda text: text.lstrip("@").strip() or text,
            say=("with {}", "without {}"),
            test=_has_user,
            names=True,
            also=("name", "person", "host", "peer", "participant", "username", "user_id"),
        ),
        Filter(
            "peers",
            form="peers:>=<number>",
            help="so many people: in now while live, in all once it has ended; also `>` `=` `<` `<=` `5+` `3..5`",
            example=">=2",
            parse=_parse_count,
            say=("with {} people", "without {} people"),
            test=_has_people,
            also=("people", "users", "participants", "members", "size", "count"),
        ),
        Filter(
            "longer",
            form="longer:<length>",
            help="lasts or lasted longer than `45m`, `2h`, `1h30m`; `-longer:45m` is at most that",
            example="45m",
            parse=lambda text: parse_length(text.lstrip(">=≥ ")),
            write=print_length,
            say=("longer than {}", "not longer than {}"),
            test=lambda seconds: lambda session, now: session.length_s(now) > seconds,
            also=("duration", "length", "lasted", "over", "longer_than"),
            opposite=("shorter", "under", "shorter_than"),
            spaced=True,
        ),
        Filter(
            "limit",
            form=f"limit:{LIMIT_MIN}..{LIMIT_MAX}",
            help=f"sessions on a page, {LIMIT_DEFAULT} when nothing is said",
            example=str(LIMIT_DEFAULT),
            parse=_parse_limit,
            once=True,
            also=("max", "top", "page_size", "per_page"),
            scopes=(LIST,),
        ),
        Filter(
            "start",
            form="start:<session id>",
            help="begin after that session, as the API's `last` says",
            example="63172c2d3e3d9fdb008322e1",
            parse=parse_id,
            say=("after session {}", ""),
            once=True,
            names=True,
            also=("cursor",),
            scopes=(LIST,),
        ),
        Filter(
            "on",
            form="on:start,end,join,leave",
            help="with `subscribe`: what to be told of, `start` and `end` when nothing is said",
            example="start",
            parse=_parse_kind,
            scopes=(SUBSCRIBE,),
        ),
        Filter(
            "active",
            form="active:true|false",
            help="the API's spelling of `active` and `ended`",
            example="true",
            parse=_parse_bool,
            becomes="state",
            scopes=(LIST,),
        ),
        Filter(
            "room_id",
            form="room_id:<id>",
            help="the API's spelling of `room:<id>`",
            example="627cda81ab4f3b56a077dc33",
            parse=lambda text: RoomId(parse_id(text)),
            becomes="room",
            names=True,
        ),
    )
}
SYNONYMS = {
    word: f"{'-' * away}{entry.key}"
    for entry in FILTERS.values()
    for away in (False, True)
    for word in (entry.opposite if away else entry.also)
}
"""`since` is `after`, `shorter` is `-longer`."""
