"""`FILTERS`: every key of the query line. A new filter is one entry here; the parser, the help, the README's table,
the usage hint, the request to 100ms and the local check all derive from it.

Filters with `param` are sent to List sessions (100ms docs, server-side/v2, Sessions/list-sessions); the others, and
a negated or repeated `room:`, are evaluated locally with `test`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bot.query.kinds import DEFAULT_KINDS, ON
from bot.query.times import parse_length, print_length
from bot.query.values import (
    LIMIT_DEFAULT,
    LIMIT_MAX,
    LIMIT_MIN,
    Count,
    RoomId,
    RoomPrefix,
    TemplateId,
    parse_bool,
    parse_count,
    parse_empty,
    parse_id,
    parse_kind,
    parse_limit,
    parse_room,
    parse_template,
    parse_when,
)
from bot.sessions.model import Room, Session
from bot.text import fold

STATES = {"active": True, "ended": False, "all": None}
"""List sessions' `active` parameter for each state; None leaves it out."""
LIST, SUBSCRIBE, DIGEST, MUTE = "list", "subscribe", "digest", "mute"
"""The scopes of a query: the command that it belongs to."""
STATE_WORDS = {
    **dict.fromkeys(("live", "running", "open", "current", "ongoing", "now"), "active"),
    **dict.fromkeys(("finished", "over", "past", "closed", "done", "inactive"), "ended"),
    **dict.fromkeys(("everything", "any", "both"), "all"),
}
"""Synonyms of the states."""

ROOM_KEYS = frozenset({"room", "template"})
"""Filters that depend only on a session's room, which never changes."""


@dataclass(frozen=True, slots=True)
class Facts:
    """The context of a local check: the time, and rooms by id, which filters on room names or templates need."""

    now: datetime
    rooms: Mapping[str, Room]


Test = Callable[[Session, Facts], bool]
Due = Callable[[Session, datetime], datetime | None]


@dataclass(frozen=True, slots=True)
class Filter:
    """One key of the query line. `parse` returns the value or raises ValueError with a sentence for people."""

    key: str
    form: str
    help: str
    example: str
    parse: Callable[[str], Any]
    write: Callable[[Any], str] = str
    say: tuple[str, str] = ("", "")  # the filter in words, and its negation; {} is the value
    param: str = ""  # the parameter of List sessions; the value is sent as `str`, times as their instant
    test: Callable[[Any], Test] | None = None
    # The next time at which the result may change though the session doesn't; None: it never does.
    due: Callable[[Any], Due] | None = None
    becomes: str = ""  # the key that this one is an alias of
    once: bool = False
    names: bool = False  # values are names within one account, so no example works everywhere
    also: tuple[str, ...] = ()  # synonyms
    opposite: tuple[str, ...] = ()  # synonyms of its negation
    spaced: bool = False  # values may contain spaces: times and lengths
    scopes: tuple[str, ...] = (LIST, SUBSCRIBE, DIGEST, MUTE)  # the scopes that accept it

    @property
    def negatable(self) -> bool:
        return self.test is not None or self.becomes == "room"


def _in_room(room: RoomId | RoomPrefix) -> Test:
    if isinstance(room, RoomPrefix):
        return lambda session, facts: facts.rooms[session.room_id].folded.startswith(room.prefix)
    return lambda session, _: session.room_id == room.id


def _of_template(template: TemplateId) -> Test:
    return lambda session, facts: facts.rooms[session.room_id].template_id == template.id


def _has_role(role: str) -> Test:
    wanted = fold(role)
    return lambda session, _: any(
        fold(peer.role or "") == wanted for peer in (*(peer for _, peer in session.each_peer()), *session.recorders)
    )


def _has_user(user: str) -> Test:
    wanted = fold(user)

    def test(session: Session, _: Facts) -> bool:
        return any(
            fold(peer.user_id or peer.user or "") == wanted or (peer.name is not None and wanted in fold(peer.name))
            for _, peer in session.each_peer()
        )

    return test


def _has_people(count: Count) -> Test:
    return lambda session, _: count.holds(session.people_in_count() if session.active else session.people_count())


def _grows_longer(seconds: int) -> Due:
    length = timedelta(seconds=seconds, milliseconds=1)  # strictly longer

    def due(session: Session, now: datetime) -> datetime | None:
        at = session.started_at + length
        return at if session.active and at > now else None

    return due


FILTERS: dict[str, Filter] = {
    entry.key: entry
    for entry in (
        Filter(
            "room",
            form="room:<id, name or start*>",
            help="sessions of that room, or with a `*` at the end of every room whose name begins so",
            example="town-hall",
            parse=parse_room,
            say=("in {}", "not in {}"),
            param="room_id",
            test=_in_room,
            names=True,
            also=("in", "room_name", "channel"),
        ),
        Filter(
            "template",
            form="template:<id or name>",
            help="sessions of rooms made from that template",
            example="teaching",
            parse=parse_template,
            say=("of the template {}", "not of the template {}"),
            test=_of_template,
            names=True,
            also=("template_id", "policy"),
        ),
        Filter(
            "after",
            form="after:<time>",
            help="started then or later: `2h`, `3d`, `1w`, `today`, `monday 9:30`, `14:00`, `2pm`, `2026-11-23`, "
            "`2026-11-23T09:30Z`; a weekday or time of day is the latest such",
            example="2h",
            parse=parse_when,
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
            parse=parse_when,
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
            help="so many people: in now if it is live, in all if it has ended; also `>` `=` `<` `<=` `5+` `3..5`",
            example=">=2",
            parse=parse_count,
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
            test=lambda seconds: lambda session, facts: session.length_s(facts.now) > seconds,
            due=_grows_longer,
            also=("duration", "length", "lasted", "over", "longer_than"),
            opposite=("shorter", "under", "shorter_than"),
            spaced=True,
        ),
        Filter(
            "limit",
            form=f"limit:{LIMIT_MIN}..{LIMIT_MAX}",
            help=f"sessions on a page, {LIMIT_DEFAULT} by default",
            example=str(LIMIT_DEFAULT),
            parse=parse_limit,
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
            form=ON,
            help=f"with `subscribe`: what to be told about, `{','.join(DEFAULT_KINDS)}` by default",
            example="start",
            parse=parse_kind,
            scopes=(SUBSCRIBE,),
        ),
        Filter(
            "empty",
            form="empty:say|skip",
            help="with `digest`: what comes if there were no sessions, one line (the default) or nothing",
            example="skip",
            parse=parse_empty,
            once=True,
            scopes=(DIGEST,),
        ),
        Filter(
            "active",
            form="active:true|false",
            help="the API's spelling of `active` and `ended`",
            example="true",
            parse=lambda text: STATE_WORDS.get(text.lower()) or parse_bool(text),
            becomes="state",
            also=("state", "status"),
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
"""Maps synonyms to keys: `since` to `after`, `shorter` to `-longer`."""
