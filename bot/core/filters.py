"""`FILTERS`: every word of the query line. A new filter is one entry here; the parser, the help, the README's table,
the usage hint, the request to 100ms and the local check all come from it.

Filters with `api` are sent to List sessions (100ms docs, server-side/v2, Sessions/list-sessions); the others, and
`room:` when it is negated or said more than once, are checked here with `test`.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from bot.core.session import Session
from bot.core.text import fold
from bot.core.times import Time, Unknown, api_time, parse_length, parse_time, print_length

LIMIT_MIN, LIMIT_DEFAULT, LIMIT_MAX = 10, 10, 100
STATES = {"active": True, "ended": False, "all": None}
"""Each state and what List sessions takes for `active`: it is left out only for all."""

Test = Callable[[Session, datetime], bool]


class BadValue(ValueError):
    """What is wrong with a value, for people, and `fix`: a value that is right, if one is near."""

    def __init__(self, text: str, fix: str | None = None) -> None:
        super().__init__(text)
        self.fix = fix


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
    """A bound on a number: `>=2`."""

    sign: str
    number: int

    def holds(self, count: int) -> bool:
        return {
            ">=": count >= self.number,
            "<=": count <= self.number,
            ">": count > self.number,
            "<": count < self.number,
            "=": count == self.number,
        }[self.sign]

    def __str__(self) -> str:
        return f"{self.sign}{self.number}"


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
    api: Callable[[Any, datetime, ZoneInfo], str] | None = None  # the value as List sessions takes it
    param: str = ""  # the name of that parameter
    test: Callable[[Any], Test] | None = None
    becomes: str = ""  # another spelling of that key
    once: bool = False

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
    """An id, or a dashboard link with one in it."""
    said = text.lower()
    if is_id(said):
        return said
    if "/" in said and (found := _ID_IN_LINK.search(said)):
        return found[0]
    if _ALMOST_ID.fullmatch(said):
        raise BadValue(f"an id has 24 hex digits, this has {len(said)}")
    raise BadValue("an id is 24 hex digits, such as 627cda81ab4f3b56a077dc33")


def _parse_room(text: str) -> RoomId | RoomName:
    said = text.lower()
    if is_id(said) or _ALMOST_ID.fullmatch(said) or ("/" in said and _ID_IN_LINK.search(said)):
        return RoomId(parse_id(text))
    return RoomName(text.lstrip("#").strip() or text)


def _parse_bool(text: str) -> str:
    states = {"true": "active", "yes": "active", "false": "ended", "no": "ended", "all": "all"}
    if text.lower() not in states:
        near = difflib.get_close_matches(text.lower(), states, n=1)
        raise BadValue("say true or false", near[0] if near else None)
    return states[text.lower()]


def _parse_when(text: str) -> Time:
    try:
        return parse_time(text.lstrip("<>=≤≥ "))  # `after:>=3d` says it twice
    except Unknown as error:
        raise BadValue(str(error), error.near) from None


def _parse_limit(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,9}", text):
        raise BadValue(f"say a whole number from {LIMIT_MIN} to {LIMIT_MAX}")
    number = int(text)
    if not LIMIT_MIN <= number <= LIMIT_MAX:
        near = max(LIMIT_MIN, min(number, LIMIT_MAX))
        raise BadValue(f"100ms takes {LIMIT_MIN} to {LIMIT_MAX}", str(near))
    return number


def _parse_count(text: str) -> Count:
    found = re.fullmatch(r"(>=|=>|<=|=<|≥|≤|>|<|==?|)([0-9]{1,6})(\+?)", text.replace(" ", ""))
    if not found:
        raise BadValue("say a number with >=, >, =, < or <= before it")
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
            api=lambda value, now, zone: str(value),
            test=lambda room: lambda session, _: session.room_id == room.id,
        ),
        Filter(
            "after",
            form="after:<time>",
            help="started then or later: `2h`, `3d`, `today`, `monday`, `9:30`, `2026-11-23`, `2026-11-23T09:30Z`",
            example="2h",
            parse=_parse_when,
            say=("started since {}", ""),
            param="after",
            api=lambda value, now, zone: api_time(value.at(now, zone)),
            once=True,
        ),
        Filter(
            "before",
            form="before:<time>",
            help="started then or earlier; the same spellings",
            example="2h",
            parse=_parse_when,
            say=("started before {}", ""),
            param="before",
            api=lambda value, now, zone: api_time(value.at(now, zone)),
            once=True,
        ),
        Filter(
            "role",
            form="role:<role>",
            help="someone with that role was in",
            example="host",
            parse=str,
            say=("with the role {}", "without the role {}"),
            test=_has_role,
        ),
        Filter(
            "user",
            form="user:<id or name>",
            help="someone with that user id, or with that in their name, was in",
            example="ada",
            parse=lambda text: text.lstrip("@").strip() or text,
            say=("with {}", "without {}"),
            test=_has_user,
        ),
        Filter(
            "peers",
            form="peers:>=<number>",
            help="so many people: in now for a live session, in all for an ended one; also `>` `=` `<` `<=`",
            example=">=2",
            parse=_parse_count,
            say=("with {} people", "without {} people"),
            test=_has_people,
        ),
        Filter(
            "longer",
            form="longer:<length>",
            help="lasts or lasted longer than `45m`, `2h`, `1h30m`",
            example="45m",
            parse=lambda text: parse_length(text.lstrip(">=≥ ")),
            write=print_length,
            say=("longer than {}", "not longer than {}"),
            test=lambda seconds: lambda session, now: session.length_s(now) > seconds,
        ),
        Filter(
            "limit",
            form=f"limit:{LIMIT_MIN}..{LIMIT_MAX}",
            help=f"sessions on a page, {LIMIT_DEFAULT} when nothing is said",
            example=str(LIMIT_DEFAULT),
            parse=_parse_limit,
            once=True,
        ),
        Filter(
            "start",
            form="start:<session id>",
            help="begin after that session, as the API's `last` says",
            example="63172c2d3e3d9fdb008322e1",
            parse=parse_id,
            say=("after session {}", ""),
            once=True,
        ),
        Filter(
            "active",
            form="active:true|false",
            help="the API's spelling of `active` and `ended`",
            example="true",
            parse=_parse_bool,
            becomes="state",
        ),
        Filter(
            "room_id",
            form="room_id:<id>",
            help="the API's spelling of `room:<id>`",
            example="627cda81ab4f3b56a077dc33",
            parse=lambda text: RoomId(parse_id(text)),
            becomes="room",
        ),
    )
}
