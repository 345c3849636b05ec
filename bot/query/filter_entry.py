"""`Filter`, the form of an entry of `filters.FILTERS`, and the local checks of sessions. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from bot.query.values import Count, RoomId, RoomPrefix, TemplateId
from bot.sessions.model import Room, Session
from bot.text import fold

if TYPE_CHECKING:
    from bot.query.lasting import Lasting

SCOPES = ("list", "subscribe", "digest", "mute")
"""The scopes of a query: the command that it belongs to."""


@dataclass(frozen=True, slots=True)
class Facts:
    """The context of a local check: the time, and rooms by id, which filters on room names or templates need."""

    now: datetime
    rooms: Mapping[str, Room]


Test = Callable[[Session, Facts], bool]
Due = Callable[[Session, Facts], datetime | None]


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
    lasting: Callable[[Any], Lasting] | None = None  # the spells it is about; `test` and `due` follow from these
    by_room: bool = False  # its check needs the session's room, whatever its value
    becomes: str = ""  # the key that this one is an alias of
    once: bool = False
    names: bool = False  # values are names within one account, so no example works everywhere
    also: tuple[str, ...] = ()  # synonyms
    opposite: tuple[str, ...] = ()  # synonyms of its negation
    spaced: bool = False  # values may contain spaces: times and lengths
    bounded: bool = False  # values may end with a bound, `host>2m`; `write` quotes what is before it
    scopes: tuple[str, ...] = SCOPES  # the scopes that accept it
    within: str = ""  # what its example stands behind, where that doesn't work alone

    def __post_init__(self) -> None:
        if (lasting := self.lasting) is not None:
            object.__setattr__(self, "test", lambda value: lasting(value).test)
            object.__setattr__(self, "due", lambda value: lasting(value).due)

    @property
    def fires(self) -> bool:
        """True if it is about a spell: a subscription tells when that has lasted so long, and when it is over."""
        return self.lasting is not None

    @property
    def line(self) -> str:
        """A line that works, with the filter in it."""
        return f"{self.within} {self.key}:{self.example}".strip()

    @property
    def negatable(self) -> bool:
        return self.test is not None or self.becomes == "room"


def in_room(room: RoomId | RoomPrefix) -> Test:
    if isinstance(room, RoomPrefix):
        return lambda session, facts: facts.rooms[session.room_id].folded.startswith(room.prefix)
    return lambda session, _: session.room_id == room.id


def of_template(template: TemplateId) -> Test:
    return lambda session, facts: facts.rooms[session.room_id].template_id == template.id


def has_role(role: str) -> Test:
    wanted = fold(role)
    return lambda session, _: any(
        fold(peer.role or "") == wanted for peer in (*(peer for _, peer in session.each_peer()), *session.recorders)
    )


def has_user(user: str) -> Test:
    wanted = fold(user)

    def test(session: Session, _: Facts) -> bool:
        return any(
            fold(peer.user_id or peer.user or "") == wanted or (peer.name is not None and wanted in fold(peer.name))
            for _, peer in session.each_peer()
        )

    return test


def has_people(count: Count) -> Test:
    return lambda session, _: count.holds(session.people_in_count() if session.active else session.people_count())


def grows_longer(seconds: int) -> Due:
    length = timedelta(seconds=seconds, milliseconds=1)  # strictly longer

    def due(session: Session, facts: Facts) -> datetime | None:
        at = session.started_at + length
        return at if session.active and at > facts.now else None

    return due


def longer_than(seconds: int) -> Test:
    return lambda session, facts: session.length_s(facts.now) > seconds
