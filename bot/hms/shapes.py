"""Schemas of 100ms's answers (100ms docs, server-side/v2), and their conversion to `bot.sessions`."""

from __future__ import annotations

import re
from typing import Any, Generic, TypeVar

import msgspec

from bot.sessions.model import Peer, Room, Session, UtcTime
from bot.sessions.roles import Template

T = TypeVar("T")

MAX_DURATION_S = range(120, 43_201)
"""The longest durations that a room may set (Rooms/update-a-room)."""


class SessionAnswer(msgspec.Struct, gc=False):
    """A session as documented (Sessions/object); `salvage` decodes any other."""

    id: str
    active: bool
    room_id: str = ""
    peers: dict[str, Peer] | list[Peer] | None = None
    created_at: UtcTime | None = None
    updated_at: UtcTime | None = None

    def session(self) -> Session:
        return Session(self.id, self.room_id, self.active, self.peers, self.created_at, self.updated_at)


class ListAnswer(msgspec.Struct, Generic[T]):
    """A page of a list. `data` may be null but is required. `limit` and `last` are read leniently: `follows` is False
    if `last` is missing, null or empty."""

    data: list[T] | None
    limit: Any = None
    last: Any = None

    @property
    def size(self) -> int | None:
        """The page size that 100ms applied, or None."""
        return int(said) if re.fullmatch(r"[1-9]\d{0,5}", said := str(self.limit)) else None

    @property
    def follows(self) -> bool:
        return bool(self.last)

    @property
    def cursor(self) -> str:
        return self.last if isinstance(self.last, str) else ""


class RoomAnswer(msgspec.Struct):
    """The fields of a room that are used (Rooms/object)."""

    id: str
    name: str | None = None
    template_id: Any = None
    max_duration_seconds: Any = None

    def room(self) -> Room:
        most_s = self.max_duration_seconds
        return Room(
            self.id,
            self.name or "",
            self.template_id if isinstance(self.template_id, str) else "",
            most_s if type(most_s) is int and most_s in MAX_DURATION_S else 0,
        )


class _Permissions(msgspec.Struct, rename="camel"):
    end_room: bool = False
    remove_others: bool = False


class _Role(msgspec.Struct):
    permissions: _Permissions | None = None

    @property
    def hosts(self) -> bool:
        may = self.permissions
        return may is not None and (may.end_room or may.remove_others)


class _Recording(msgspec.Struct):
    role: str | None = None


class _Destinations(msgspec.Struct, rename="camel"):
    browser_recordings: dict[str, _Recording] | None = None


class TemplateAnswer(msgspec.Struct):
    """A template (policy/template-object): its roles, their permissions, and its recordings' roles."""

    id: str
    name: str | None = None
    roles: dict[str, _Role] | None = None
    destinations: _Destinations | None = None

    def template(self) -> Template:
        roles = self.roles or {}
        recordings = self.destinations.browser_recordings if self.destinations else None
        return Template(
            self.id,
            self.name or "",
            frozenset(roles),
            frozenset(name for name, role in roles.items() if role.hosts),
            frozenset(each.role for each in (recordings or {}).values() if each.role),
        )


class ErrorAnswer(msgspec.Struct):
    """An error body (introduction/request-and-response); some services send `msg`, as recorded on a 100ms host."""

    message: Any = None
    msg: Any = None

    @property
    def text(self) -> str:
        return next((each for each in (self.message, self.msg) if isinstance(each, str)), "")
