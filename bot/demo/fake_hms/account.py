"""One 100ms account in memory: rooms, sessions, and the two listings of the API."""

from __future__ import annotations

import random
import re
import uuid
from bisect import bisect_left, insort
from collections.abc import Callable, Iterable
from typing import Any, Literal

from .records import HexId, Peer, Role, Room, Session, Template, id_seconds, is_hex_id, make_id, on_ms
from .sample import sessions_of

ROOMS_SINCE = 1_650_000_000
"""Unix seconds given to the first room made without a time; one second more for each that follows."""

_ROOM_NAME = re.compile(r"[A-Za-z0-9.:_-]+")
"""[Rooms/create-via-api]"""

_IndexKey = tuple[str | None, bool | None]


class Account:
    """Rooms and sessions with the operations that change them.

    Every `at` is Unix seconds and is rounded to the millisecond. `room_name_match` says how the `name`
    filter of the rooms listing works, which the docs leave open: "whole" compares the whole name, "part"
    finds it anywhere; neither minds the case [Rooms/create-via-api]. A room's name has letters, digits and
    `. - : _` [Rooms/create-via-api]; `any_names` lets tests have others, as HTML and markup.

    Unlike the real service, a room may hold several active sessions at once, so that a dozen rooms can
    show dozens of live sessions.
    """

    def __init__(
        self,
        *,
        seed: int = 0,
        customer_id: str = "627cdddff2e4e30487862ad1",
        app_id: str = "627cdddff2e4e30487862ad2",
        room_name_match: Literal["whole", "part"] = "whole",
        any_names: bool = False,
    ) -> None:
        self.customer_id = customer_id
        self.app_id = app_id
        self.room_name_match = room_name_match
        self.any_names = any_names
        self.rooms: dict[str, Room] = {}
        self.sessions: dict[str, Session] = {}
        self.templates: dict[str, Template] = {}
        self.watchers: list[Callable[[str, Session, Peer | None], object]] = []
        """Called with the type of the webhook's event for each that happens."""
        self._rng = random.Random(seed)
        self._serial = 0x832000
        self._room_ids: list[str] = []
        # Ids in rising order for every combination of the filters room_id and active (None: any).
        self._index: dict[_IndexKey, list[str]] = {}

    @classmethod
    def from_json(cls, *answers: bytes, seed: int = 0) -> Account:
        """An account that holds the sessions of sample answers; their rooms get names made from ids.

        Raises `ValueError` for a sample that is not a session listing, or whose ids disagree with its times.
        """
        account = cls(seed=seed)
        for session in (session for answer in answers for session in sessions_of(answer)):
            if session.room_id not in account.rooms:
                account.add_room(f"room-{session.room_id[-6:]}", id=session.room_id)
            if session.verbatim is not None:
                account.customer_id = session.verbatim.get("customer_id", account.customer_id)
            account._keep(session)
        return account

    def add_room(
        self,
        name: str | None = None,
        *,
        id: str | None = None,
        enabled: bool = True,
        at: float | None = None,
        **fields: Any,
    ) -> Room:
        """Add a room; without a name it gets a UUID as its name. `fields` are further fields of `Room`.

        Raises `ValueError` for a malformed or taken id and for a name that can't be, `TypeError` for an
        unknown field.
        """
        if name and not (self.any_names or _ROOM_NAME.fullmatch(name)):
            raise ValueError(f"room name {name!r} has more than letters, digits and . - : _")
        if id is not None and (not is_hex_id(id) or id in self.rooms):
            raise ValueError(f"room id {id!r} is malformed or taken")
        if at is None:
            at = id_seconds(id) if id else ROOMS_SINCE + len(self.rooms)
        room = Room(
            id=id or self._new_id(at), name=name or self._uuid(), enabled=enabled, created_at=on_ms(at), **fields
        )
        self.rooms[room.id] = room
        insort(self._room_ids, room.id)
        return room

    def add_template(
        self, name: str, *, hosts: Iterable[str] = (), others: Iterable[str] = (), recorder: str = ""
    ) -> Template:
        """Add a template with these roles: `hosts` may end a room and remove others, `recorder` is that of its browser
        recordings."""
        roles = {each: Role(each, hosts=True) for each in hosts}
        roles |= {each: Role(each) for each in (*others, *filter(None, [recorder]))}
        template = Template(self._new_id(ROOMS_SINCE - 1), name, roles, recorder)
        self.templates[template.id] = template
        return template

    def open_session(self, room: Room, at: float) -> Session:
        """Start a session in a room of this account; raises `KeyError` for a foreign room."""
        if room.id not in self.rooms:
            raise KeyError(room.id)
        at = on_ms(at)
        session = Session(id=self._new_id(at), room_id=room.id, active=True, created_at=at, updated_at=at, version=1)
        self._keep(session)
        self._happened("session.open.success", session)
        return session

    def join(self, session: Session, *, name: str, role: str, user_id: str | None = None, at: float) -> Peer:
        """Let somebody in under a new peer id; raises `ValueError` when the session has ended."""
        if not session.active:
            raise ValueError(f"session {session.id} has ended")
        peer = Peer(self._uuid(), session.id, name, role, user_id, on_ms(at))
        session.peers[peer.id] = peer
        session.touch(peer.joined_at)
        self._happened("peer.join.success", session, peer)
        return peer

    def leave(self, session: Session, peer: Peer, at: float) -> None:
        """Let a peer out; raises `ValueError` when they have left already or had not yet joined."""
        at = on_ms(at)
        if peer.left_at is not None or at < peer.joined_at:
            raise ValueError(f"peer {peer.id} is not in at {at}")
        peer.left_at = at
        session.touch(at)
        self._happened("peer.leave.success", session, peer)

    def change_role(self, session: Session, peer: Peer, role: str, at: float) -> None:
        """Give a peer who is in another role."""
        peer.role = role
        session.touch(on_ms(at))
        self._happened("role.change.success", session, peer)

    def end(self, session: Session, at: float) -> None:
        """End a session and with it every stay; raises `ValueError` when it has ended or has later events."""
        at = on_ms(at)
        if not session.active or at < session.updated_at:
            raise ValueError(f"session {session.id} cannot end at {at}")
        leaving = session.present()
        for peer in leaving:
            peer.left_at = at
        for room_id in (None, session.room_id):
            live = self._index[room_id, True]
            del live[bisect_left(live, session.id)]
            insort(self._index.setdefault((room_id, False), []), session.id)
        session.active = False
        session.touch(at)
        for peer in leaving:
            self._happened("peer.leave.success", session, peer)
        self._happened("session.close.success", session)

    def active_sessions(self, room_id: str | None = None) -> list[Session]:
        """The active sessions, oldest first."""
        return [self.sessions[id] for id in self._index.get((room_id, True), ())]

    def count(self, active: bool | None = None, room_id: str | None = None) -> int:
        """Return the number of sessions that the filters leave."""
        return len(self._index.get((room_id, active), ()))

    def list_sessions(
        self,
        active: bool | None = None,
        room_id: str | None = None,
        after: float | None = None,
        before: float | None = None,
        limit: int = 10,
        start: str | None = None,
    ) -> tuple[list[Session], str | None]:
        """One page, newest first, and the id of its last session (None for an empty page).

        `after` and `before` are inclusive on `created_at`. `start` is the id to start after, decided by id
        order, so it works even if that session no longer passes the filters [Sessions/list-sessions].
        """
        ids = self._index.get((room_id, active), [])
        low, high = _window(ids, after, before, start)
        page: list[Session] = []
        for position in range(high - 1, low - 1, -1):
            session = self.sessions[ids[position]]
            if _within(session.created_at, after, before):
                page.append(session)
                if len(page) == limit:
                    break
        return page, page[-1].id if page else None

    def list_rooms(
        self,
        name: str | None = None,
        enabled: bool | None = None,
        after: float | None = None,
        before: float | None = None,
        limit: int = 10,
        start: str | None = None,
    ) -> tuple[list[Room], str | None]:
        """One page of rooms, newest first, paged like sessions [Rooms/list-rooms]."""
        end = len(self._room_ids) if start is None else bisect_left(self._room_ids, start)
        page: list[Room] = []
        for position in range(end - 1, -1, -1):
            room = self.rooms[self._room_ids[position]]
            if (
                (enabled is None or room.enabled == enabled)
                and (name is None or self._name_fits(room.name, name))
                and _within(room.created_at, after, before)
            ):
                page.append(room)
                if len(page) == limit:
                    break
        return page, page[-1].id if page else None

    def _happened(self, kind: str, session: Session, peer: Peer | None = None) -> None:
        for watch in self.watchers:
            watch(kind, session, peer)

    def _name_fits(self, name: str, wanted: str) -> bool:
        name, wanted = name.casefold(), wanted.casefold()
        return name == wanted if self.room_name_match == "whole" else wanted in name

    def _keep(self, session: Session) -> None:
        if session.id in self.sessions:
            raise ValueError(f"session id {session.id} is taken")
        self.sessions[session.id] = session
        for room_id in (None, session.room_id):
            for active in (None, session.active):
                insort(self._index.setdefault((room_id, active), []), session.id)

    def _new_id(self, at: float) -> HexId:
        self._serial += 1
        return make_id(at, self._serial)

    def _uuid(self) -> str:
        return str(uuid.UUID(int=self._rng.getrandbits(128), version=4))


def _within(at: float, after: float | None, before: float | None) -> bool:
    return (after is None or at >= after) and (before is None or at <= before)


def _window(ids: list[str], after: float | None, before: float | None, start: str | None) -> tuple[int, int]:
    """Positions between which the answer lies, by the second in each id: a superset, cut exactly later.

    Two seconds are allowed on either side, the most by which a loaded sample's id may differ from its time.
    """
    low, high = 0, len(ids)
    if start is not None:
        high = bisect_left(ids, start)
    if before is not None:
        high = min(high, bisect_left(ids, _second_prefix(before + 3)))
    if after is not None:
        low = bisect_left(ids, _second_prefix(after - 2))
    return low, high


def _second_prefix(at: float) -> str:
    return f"{min(max(int(at), 0), 0xFFFFFFFF):08x}"
