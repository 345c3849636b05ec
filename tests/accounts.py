"""Random sessions with the worst names that people can have."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

from bot.sessions.model import Peer, Session

NOW = datetime(2026, 11, 23, 14, 2, tzinfo=UTC)
HOSTILE = (
    "<!channel>", "<!here|x>", "<@U123>", "*x*", "_x_", "~x~", "`x`", "```x```", "<http://a|b>", "@here", "@Channel",
    "@everyone", "a\nb", "\r\n> quote", "x\u202etxt.exe", ":tada:", "http://evil.example/", "&amp;", "&lt;!channel&gt;",
    "Z" + "\u0301\u0322\u0336" * 40, "x" * 300, "&" * 300, "<" * 300, "שלום עולם", "مرحبا", "👩‍👩‍👧", "\u0000\u0007", "", " ",
    "student_10", "O'Brien", "|", "^", "<!date^0^{time}|x>", "*", "_", "#general", "mailto:a@b.example", "\u200b", "-", "ﷺ" * 20,
)  # fmt: skip
BENIGN = ("Ann", "Bob", "Carla", "Deniz", "Emeka", "Farah")


def object_id(rng: random.Random, at: datetime = NOW) -> str:
    return f"{int(at.timestamp()):08x}{rng.getrandbits(64):016x}"


def name(rng: random.Random, words: tuple[str, ...] = HOSTILE) -> str:
    return " ".join(rng.choice(words) for _ in range(rng.choice((1, 1, 1, 2, 3))))


def session(rng: random.Random, peers: int, words: tuple[str, ...] = HOSTILE) -> Session:
    started = NOW - timedelta(seconds=rng.choice((5, 400, 4_000, 90_000)))
    active = rng.random() < 0.6
    roles = [name(rng, words) for _ in range(3)] + ["host", "co-host", "guest"]
    members = {}
    for number in range(peers):
        left = None if active and rng.random() < 0.5 else started + timedelta(seconds=4)
        members[f"p{number}"] = Peer(
            id=f"p{number}",
            name=name(rng, words),
            role=rng.choice(roles),
            user_id=rng.choice((None, name(rng, words), f"u{number // 2}")),
            joined_at=started + timedelta(seconds=number % 3),
            left_at=left,
        )
    return Session(
        id=object_id(rng, started),
        room_id=object_id(rng),
        active=active,
        peers=members,
        created_at=started,
        updated_at=None if active and rng.random() < 0.5 else NOW,
    )
