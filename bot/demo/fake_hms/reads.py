"""The read calls of the 100ms server API: a path and its query into an answer's JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from . import query
from .account import Account
from .oddities import Oddities
from .records import is_hex_id
from .wire import Writer, hashed, page

_T = TypeVar("_T")


class Refused(Exception):
    """An answer with another status than 200."""

    def __init__(self, status: int, message: str, detail: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.detail = detail


def found(account: Account, writer: Writer, odd: Oddities, method: str, path: str, given: Mapping[str, str]) -> object:
    """The body of a good answer. Raises Refused, and BadQuery for a parameter that isn't of its documented form."""
    return _Reads(account, writer, odd).found(method, path, given)


class _Reads:
    def __init__(self, account: Account, writer: Writer, odd: Oddities) -> None:
        self._account = account
        self._writer = writer
        self._odd = odd

    def found(self, method: str, path: str, given: Mapping[str, str]) -> object:
        if method != "GET":
            raise Refused(405, "Method not allowed", f"{method} is not served here")
        match path.split("/")[1:]:
            case ["sessions"]:
                return self._list_sessions(given)
            case ["rooms"]:
                return self._list_rooms(given)
            case ["templates"]:
                return self._list_templates(given)
            case ["sessions", session_id]:
                session = _look_up(self._account.sessions, session_id, "Session")
                return self._writer.session(session, self._odd)
            case ["rooms", room_id]:
                return self._writer.room(_look_up(self._account.rooms, room_id, "Room"), self._odd)
            case ["templates", template_id]:
                return self._writer.template(_look_up(self._account.templates, template_id, "Template"))
            case ["active-rooms", room_id]:
                room = _look_up(self._account.rooms, room_id, "Room")
                if not (live := self._account.active_sessions(room.id)):
                    raise _not_found("Active room")
                return self._writer.active_room(room, live[-1])
        raise _not_found("Page")

    def _window(self, given: Mapping[str, str]) -> query.Window:
        window = query.window(given)
        most = self._odd.limit_most
        if most is not None and window.limit > most:
            said = f"Invalid query param: limit greater than {most}"
            raise Refused(400, said, said)
        return window

    def _list_sessions(self, given: Mapping[str, str]) -> object:
        window = self._window(given)
        active, room_id = query.flag(given, "active"), query.hex_id(given, "room_id")
        if active is None and self._odd.without_active == "active":
            active = True
        some, _ = self._account.list_sessions(
            active, room_id, window.after, window.before, window.limit + 1, window.start
        )
        return self._page(
            [self._writer.session(session, self._odd) for session in some[: window.limit]],
            [session.id for session in some],
            window,
        )

    def _list_rooms(self, given: Mapping[str, str]) -> object:
        window = self._window(given)
        enabled = query.flag(given, "enabled")
        if enabled is None and self._odd.without_enabled == "enabled":
            enabled = True
        some, _ = self._account.list_rooms(
            self._clear(given.get("name")), enabled, window.after, window.before, window.limit + 1, window.start
        )
        return self._page(
            [self._writer.room(room, self._odd) for room in some[: window.limit]],
            [room.id for room in some],
            window,
        )

    def _clear(self, name: str | None) -> str | None:
        """A name to look for, from its hash where names are hashed: such a workspace takes either."""
        rooms = self._account.rooms.values() if self._odd.hashed else ()
        return next((room.name for room in rooms if hashed(room.name) == name), name)

    def _list_templates(self, given: Mapping[str, str]) -> object:
        """Newest first, paged as rooms are; it has no other parameters [policy/list-templates]."""
        window = self._window({name: value for name, value in given.items() if name in ("limit", "start")})
        ids = [
            each for each in sorted(self._account.templates, reverse=True) if not window.start or each < window.start
        ]
        ids = ids[: window.limit + 1]
        shapes = [self._writer.template(self._account.templates[each]) for each in ids[: window.limit]]
        return self._page(shapes, ids, window)

    def _page(self, shapes: list[Any], ids: list[str], window: query.Window) -> dict[str, Any]:
        odd = self._odd.drawn(f"page {window.start} {len(ids)}")
        last = ids[len(shapes) - 1] if shapes else None
        return page(shapes, limit=window.limit, last=last, more=len(ids) > len(shapes), odd=odd)


def _look_up(where: Mapping[str, _T], hex_id: str, kind: str) -> _T:
    if not is_hex_id(hex_id):
        raise query.BadQuery(f"id is malformed: {hex_id!r}")
    if hex_id not in where:
        raise _not_found(kind)
    return where[hex_id]


def _not_found(kind: str) -> Refused:
    return Refused(404, f"Error: {kind} not found", f"Error: {kind} not found")
