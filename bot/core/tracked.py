"""What the last good poll knew of a session."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Tracked:
    """`people` are those who were in, by who they are: (name, role); `peers` counts all who ever were, visit by visit.
    `started_ms` and `seen_ms` (the poll that last changed this) are milliseconds since 1970."""

    session_id: str
    room_id: str
    live: bool
    started_ms: int
    seen_ms: int
    people: Mapping[str, tuple[str, str]]
    peers: int = 0
