"""Records to JSON, in the shapes of the API's pages, or in one of their odd variants."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from .account import Account
from .oddities import Oddities
from .records import Peer, Room, Session, Template, id_seconds, to_ms
from .sample import ZERO_TIME

_CACHE_MAX = 20_000

encoder = msgspec.json.Encoder()


def format_time(at: float, digits: int | None = None) -> str:
    """Unix seconds as `2022-09-06T11:17:03.65Z`; see `Oddities.fraction_digits` for `digits`."""
    ms = to_ms(at)
    whole = datetime.fromtimestamp(ms // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    fraction = f"{ms % 1000:03d}"
    # The finer digits depend on the time alone, so that one moment is always written the same way.
    finer = f"{ms * 7919 % 1_000_000:06d}"
    fraction = fraction.rstrip("0") if digits is None else f"{fraction}{finer}"[:digits]
    return f"{whole}.{fraction}Z" if fraction else f"{whole}Z"


def hashed(name: str) -> str:
    """A name as a HIPAA workspace's API gives it; see `Oddities.hashed`."""
    return hashlib.sha256(name.encode()).hexdigest()


def odd_time(at: float, odd: Oddities) -> str | float:
    """A time of a session or peer; see `Oddities.times`."""
    text = format_time(at, odd.fraction_digits)
    day, _, clock = text.removesuffix("Z").partition("T")
    match odd.times:
        case "epoch":
            return at
        case "epoch_ms":
            return to_ms(at)
        case "go":
            return f"{day} {clock} +0000 UTC m=+0.000000001"
        case "no_zone":
            return f"{day} {clock}"
    return text


class Writer:
    """Writes answers for one account; the JSON of a session is kept until the session changes."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._odd = Oddities()
        self._sessions: dict[str, tuple[int, msgspec.Raw]] = {}

    def session(self, session: Session, odd: Oddities) -> msgspec.Raw:
        """One session object [Sessions/retrieve-a-session]."""
        if odd != self._odd or len(self._sessions) >= _CACHE_MAX:
            self._odd = odd
            self._sessions.clear()
        version, raw = self._sessions.get(session.id, (-1, msgspec.Raw()))
        if version != session.version:
            shape = session.verbatim or self._session_shape(session, odd.drawn(session.id))
            raw = msgspec.Raw(encoder.encode(shape))
            self._sessions[session.id] = (session.version, raw)
        return raw

    def room(self, room: Room, odd: Oddities) -> dict[str, Any]:
        """One room object [Rooms/list-rooms, Rooms/object]."""
        return {
            "id": room.id,
            "name": hashed(room.name) if odd.hashed else room.name,
            "enabled": room.enabled,
            "description": room.description,
            "customer_id": self._account.customer_id,
            "customer": self._account.customer_id,
            "app_id": self._account.app_id,
            "template_id": room.template_id,
            "template": room.template,
            "region": room.region,
            "large_room": room.large_room,
            "size": room.size,
            "max_duration_seconds": room.max_duration_seconds,
            "created_at": format_time(room.created_at, odd.drawn(room.id).fraction_digits),
            "key": f"{self._account.customer_id}:{room.name}",
            "updated_at": ZERO_TIME,
        }

    def active_room(self, room: Room, session: Session) -> dict[str, Any]:
        """One active room [active-rooms/retrieve-active-room]; that page writes times with 9 digits."""
        return {
            "id": room.id,
            "name": room.name,
            "customer_id": self._account.customer_id,
            "session": {
                "id": session.id,
                "created_at": format_time(session.created_at, 9),
                "peers": [peer.id for peer in session.present()],
            },
        }

    def template(self, template: Template) -> dict[str, Any]:
        """One template object, of its publishing parameters only a part [policy/list-templates]."""
        made = format_time(float(id_seconds(template.id)), 3)
        recordings = {"name": "browser", "role": template.recorder} if template.recorder else {}
        return {
            "id": template.id,
            "name": template.name,
            "customerId": self._account.customer_id,
            "roles": {
                name: {
                    "name": name,
                    "publishParams": {"allowed": ["audio", "video", "screen"]},
                    "permissions": {
                        **({"endRoom": True, "removeOthers": True, "mute": True} if role.hosts else {}),
                        "browserRecording": True,
                        "sendRoomState": False,
                    },
                    "priority": 1,
                    "maxPeerCount": 0,
                }
                for name, role in template.roles.items()
            },
            "settings": {"region": "in", "recording": None},
            "destinations": {"browserRecordings": {"browser": recordings}} if recordings else {},
            "createdAt": made,
            "updatedAt": made,
            "_id": template.id,
            "customer": self._account.customer_id,
        }

    def _session_shape(self, session: Session, odd: Oddities) -> dict[str, Any]:
        shape: dict[str, Any] = {
            "id": session.id,
            "room_id": session.room_id,
            "customer_id": self._account.customer_id,
        }
        if odd.app_id:
            shape["app_id"] = self._account.app_id
        shape["active"] = str(session.active).lower() if odd.active_as_text else session.active
        peers = {peer.id: _peer_shape(peer, odd) for peer in session.peers.values()}
        shape["peers"] = list(peers.values()) if odd.peers == "array" else peers
        shape["created_at"] = odd_time(session.created_at, odd)
        shape["updated_at"] = odd_time(session.updated_at, odd)
        return shape


def page(items: Sequence[Any], *, limit: int, last: str | None, more: bool, odd: Oddities) -> dict[str, Any]:
    """A listing's answer: `limit`, `data`, `last`; `more` says whether anything follows this page."""
    answer: dict[str, Any] = {"limit": limit, "data": items}
    if not items and odd.empty_data == "null":
        answer["data"] = None
    form = odd.empty_last if not items else "id" if more else odd.final_last
    if form == "id":
        answer["last"] = last
    elif form != "missing":
        answer["last"] = None if form == "null" else ""
    if odd.odd_envelope:
        answer |= {"limit": str(limit)} | ({"last": {"id": last}} if answer.get("last") else {})
    return answer


def error(code: int, message: str, detail: str, odd: Oddities) -> dict[str, Any]:
    """An error body; see `Oddities.error_extra`."""
    if odd.error_extra == "data":
        return {"code": code, "message": message, "data": {"description": detail}}
    return {"code": code, "message": message, "details": [detail]}


def _peer_shape(peer: Peer, odd: Oddities) -> dict[str, Any]:
    shape: dict[str, Any] = {}
    if odd.peer_ids:
        shape["id"] = peer.id
    if odd.session_ids:
        shape["session_id"] = peer.session_id
    shape |= {"name": hashed(peer.name) if odd.hashed else peer.name, "role": peer.role}
    if peer.user_id is not None:
        if odd.user_key != "user":
            shape["user_id"] = peer.user_id
        if odd.user_key != "user_id":
            shape["user"] = peer.user_id
    shape["joined_at"] = odd_time(peer.joined_at, odd)
    if peer.left_at is None:
        if odd.still_in != "missing":
            shape["left_at"] = {"null": None, "empty": "", "zero": ZERO_TIME}[odd.still_in]
    elif odd.left_at_of_gone:
        shape["left_at"] = odd_time(peer.left_at, odd)
    return shape
