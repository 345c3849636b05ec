"""The account that the benchmarks read: 5,000 sessions of 20 peers in 12 rooms, newest first, as JSON bytes. `live` has
its own, made of the same parts."""

from __future__ import annotations

import json
import random
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

SESSIONS, PEERS, ACTIVE, EVERY_S = 5_000, 20, 240, 420
ACCESS_KEY, SECRET = "bench-access-key", "bench-secret-of-32-bytes-or-more-0"
ROOM_IDS = [f"{0x62000000 + number:08x}{number:016x}" for number in range(12)]
ROOM_NAMES = [
    *("Morning standup", "Physics 101", "Town hall", "Telehealth triage", "Sales demos", "Support escalations"),
    *("Q&A live", "Yoga with 山田さん", "Design critique", "Hiring loop", "Zoë's office hour", "Board meeting"),
]
NAMES = ["Ada Mensah", "Ravi Iyer", "Zoë Novák", "王小明", "Lucía Rossi", "Tariq Haddad", "Mei Chen", "Hugo Moreau"]
ROLES = ["host", *["guest"] * 5, *["speaker"] * 2]


@dataclass(frozen=True, slots=True)
class Stored:
    """A session's id, what List sessions filters by, and its JSON."""

    id: str
    room_id: str
    active: bool
    json: bytes


def sessions() -> list[Stored]:
    """All of them; the ids and times move with the clock, the rest is always the same."""
    rng = random.Random(7)
    now = int(time.time())
    return [_session(number, now - 60 - number * EVERY_S, rng) for number in range(SESSIONS)]


def room(room_id: str, name: str) -> bytes:
    """One room object."""
    return encoded(
        {
            "id": room_id,
            "name": name,
            "enabled": True,
            "customer_id": "5f0000000000000000000001",
            "template_id": "5f0000000000000000000002",
            "template": "default",
            "region": "auto",
            "large_room": False,
            "created_at": clock(1_660_000_000),
            "updated_at": clock(1_660_000_000),
        }
    )


def session(
    session_id: str, room_id: str, peers: dict[str, Any], *, active: bool, created: float, updated: float
) -> dict[str, Any]:
    """One session object."""
    return {
        "id": session_id,
        "room_id": room_id,
        "customer_id": "5f0000000000000000000001",
        "app_id": "5f0000000000000000000003",
        "active": active,
        "peers": peers,
        "created_at": clock(created),
        "updated_at": clock(updated),
    }


def peer(peer_id: str, session_id: str, who: int, user: int, joined: float, left: float | None) -> dict[str, Any]:
    """One peer of a session: `who` picks the name and the role, `user` is the number in the user id."""
    return {
        "id": peer_id,
        "session_id": session_id,
        "name": NAMES[who % len(NAMES)],
        "role": ROLES[who % len(ROLES)],
        "user_id": f"user-{user}",
        "joined_at": clock(joined),
    } | ({"left_at": clock(left)} if left is not None else {})


def encoded(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def clock(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def _session(number: int, started: int, rng: random.Random) -> Stored:
    session_id = f"{started:08x}{number:016x}"
    room_id = ROOM_IDS[number % len(ROOM_IDS)]
    active = number < ACTIVE
    peers = {}
    for place in range(PEERS):
        peer_id = f"{rng.getrandbits(128):032x}"
        has_left = not active or rng.random() < 0.4
        who = place if place < PEERS - 2 else place - 5  # two came back
        joined = started + rng.randrange(600)
        at = joined + rng.random()
        left = joined + 60 + 2_000 * rng.random() if has_left else None
        peers[peer_id] = peer(peer_id, session_id, who, 1000 + number % 50 * 20 + who, at, left)
    created, updated = started + rng.random(), started + 2_700 + rng.random()
    body = session(session_id, room_id, peers, active=active, created=created, updated=updated)
    return Stored(session_id, room_id, active, encoded(body))
