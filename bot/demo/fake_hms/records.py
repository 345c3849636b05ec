"""Rooms, sessions and peers of the stand-in as plain data.

Times are Unix seconds as floats, held to the millisecond, which is what the list-sessions page shows.
Ids are 24 hex digits whose first 8 are Unix seconds, as in that page's sample.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, NewType

HexId = NewType("HexId", str)
"""24 lower-case hex digits: room, session, customer and template ids."""

_HEX_ID = re.compile(r"[0-9a-f]{24}")


def is_hex_id(text: str) -> bool:
    """True if the text has the form of an id of this API."""
    return _HEX_ID.fullmatch(text) is not None


def id_seconds(hex_id: str) -> int:
    """The Unix second that an id carries in its first 8 digits."""
    return int(hex_id[:8], 16)


def make_id(at: float, serial: int) -> HexId:
    """An id for something made at `at`; later times, and later serials within a millisecond, sort higher.

    The millisecond follows the second so that id order is creation order even when history is filled in
    out of order.
    """
    ms = to_ms(at)
    return HexId(f"{ms // 1000:08x}{ms % 1000:04x}9fdb00{serial & 0xFFFFFF:06x}")


def to_ms(at: float) -> int:
    """Unix seconds to whole milliseconds."""
    return round(at * 1000)


def on_ms(at: float) -> float:
    """The same time on the millisecond grid."""
    return to_ms(at) / 1000


@dataclass(slots=True)
class Room:
    """A room [api-reference/Rooms/object]. `size` counts peers; `max_duration_seconds` is 120 to 43,200.
    `webhook`: a URL and headers of its own [api-reference/Rooms/create-via-api]."""

    id: str
    name: str
    enabled: bool
    created_at: float
    description: str = ""
    region: str = "in"
    large_room: bool = False
    size: int = 0
    max_duration_seconds: int = 0
    template_id: str = "627cdddff2e4e30487862ad3"
    template: str = "videoconf"
    webhook: tuple[str, dict[str, str]] | None = None


@dataclass(slots=True)
class Role:
    """A role of a template [policy/template-object]: with `endRoom` and `removeOthers`, or without both."""

    name: str
    hosts: bool = False


@dataclass(slots=True)
class Template:
    """A template [policy/template-object]. `recorder` is the role of its browser recordings, or ""."""

    id: str
    name: str
    roles: dict[str, Role]
    recorder: str = ""


@dataclass(slots=True)
class Peer:
    """One stay of one person [api-reference/Sessions/object]; `left_at` is None while they are in."""

    id: str
    session_id: str
    name: str
    role: str
    user_id: str | None
    joined_at: float
    left_at: float | None = None


@dataclass(slots=True)
class Session:
    """One call in a room; peers who left stay in `peers` [api-reference/Sessions/object].

    `version` rises with every change. `verbatim` is the JSON object a sample was loaded from; the server
    sends it as it stands until the session changes.
    """

    id: str
    room_id: str
    active: bool
    created_at: float
    updated_at: float
    peers: dict[str, Peer] = field(default_factory=dict)
    version: int = 0
    verbatim: dict[str, Any] | None = None

    def present(self) -> list[Peer]:
        """The peers who are in now, in the order in which they joined."""
        return [peer for peer in self.peers.values() if peer.left_at is None]

    def touch(self, at: float) -> None:
        """Record a change at `at`; `updated_at` never goes back."""
        self.updated_at = max(self.updated_at, at)
        self.version += 1
        self.verbatim = None
