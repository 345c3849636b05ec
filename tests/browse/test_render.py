"""Pages of sessions and single sessions as messages: inside every limit and free of live markup, whatever the names."""

from __future__ import annotations

import random
import re
from dataclasses import replace
from datetime import timedelta

import pytest
from msgspec import structs

from bot.blockkit.phrases import NO_BREAK
from bot.blockkit.sizes import texts
from bot.browse.details import details
from bot.browse.page import Page
from bot.browse.render import listing
from bot.query.cursor import PageCursor
from bot.query.parse import parse
from bot.sessions.model import Peer, Session
from tests.accounts import BENIGN, HOSTILE, NOW, name, object_id, session
from tests.blockkit.judge import harmless, inside_limits, marks
from tests.effort import effort


def page(rng: random.Random, count: int, peers: int, words: tuple[str, ...] = HOSTILE, line: str = "all") -> Page:
    sessions = [session(rng, rng.randrange(peers + 1), words) for _ in range(count)]
    cursor = PageCursor.first(parse(line), NOW, "Europe/Berlin")
    for _ in range(rng.choice((0, 0, 1, 3, 90))):
        cursor = cursor.more(object_id(rng))
    return Page(
        cursor=cursor,
        sessions=sessions,
        last_id=sessions[-1].id if sessions and rng.random() < 0.5 else None,
        as_of=NOW,
        names={each.room_id: name(rng, words) for each in sessions if rng.random() < 0.9},
        examined=1_000,
        ended=rng.random() >= 0.1,
    )


@pytest.mark.drawn
def test_hostile_accounts() -> None:
    for seed in range(effort(250)):
        rng = random.Random(seed)
        count = rng.choice((0, 1, 1, 2, 3, 5)) if seed % 25 else rng.choice((10, 25, 26, 40, 100))
        drawn = page(rng, count, peers=6)
        for message in (listing(drawn), listing(drawn, shared_by="<@U1> *x*")):
            inside_limits(message)
            harmless(message)
        if drawn.sessions:
            shown = details(drawn.sessions[0], drawn.names, as_of=NOW, zone="UTC")
            inside_limits(shown)
            harmless(shown)


@pytest.mark.parametrize("seed", range(30))
def test_hostile_names_leave_the_layout_of_plain_ones(seed: int) -> None:
    hostile, plain = page(random.Random(seed), 5, 4), page(random.Random(seed), 5, 4)
    rng = random.Random(seed)
    named = [replace_names(each, [rng.choice(BENIGN) for _ in range(20)]) for each in plain.sessions]
    benign = replace(
        plain, sessions=named, names={room: "Town hall" for room, text in plain.names.items() if shows(text)}
    )
    assert marks(listing(hostile)) == marks(listing(benign))


def shows(text: str) -> bool:
    return bool(re.sub(r"[\s\u0000\u0007\u200b\u202e]", "", text))


def replace_names(each: Session, names: list[str]) -> Session:
    """The same with plain names where there were names."""
    peers = {
        key: structs.replace(peer, name=names[place % 20] if shows(peer.name or "") else "")
        for place, (key, peer) in enumerate(each.each_peer())
    }
    return structs.replace(each, peers=peers)


def test_a_hundred_rooms_of_2500_peers() -> None:
    rng = random.Random(1)
    crowd = session(rng, 2_500)
    sessions = [
        structs.replace(
            crowd,
            id=object_id(rng),
            room_id=object_id(rng),
            active=number % 2 == 0,
            created_at=NOW - timedelta(minutes=number * 30),
            updated_at=NOW,
        )
        for number in range(100)
    ]
    drawn = Page(
        cursor=PageCursor.first(parse("all limit:100"), NOW, "UTC"), sessions=sessions, last_id=sessions[-1].id, as_of=NOW,
        names={each.room_id: f"Room number {n} of the campus" for n, each in enumerate(sessions)}, examined=100,
        ended=True,
    )  # fmt: skip
    message = listing(drawn)
    inside_limits(message)
    harmless(message)
    shown = "\n".join(texts(message.blocks))
    for number, each in enumerate(sessions, start=1):
        line = next(line for line in shown.splitlines() if line.startswith(f"{number} "))
        assert ("Live" if each.active else "Ended") in line
        assert "*Room number" in line
        assert f"<!date^{int(each.started_at.timestamp())}^" in line
        assert re.search(r"[\d,]+/[\d,]+ in|[\d,]+ in all", line)
    menu = next(e for block in message.blocks for e in block.get("elements", ()) if e.get("type") == "static_select")
    assert [option["value"] for option in menu["options"]] == [f"1|{each.id}" for each in sessions]
    inside_limits(details(crowd, {}, as_of=NOW, zone="UTC"))


def test_a_card_says_everything() -> None:
    peers = {
        "a": Peer(id="a", name="Ann", role="host", user_id="u1", joined_at=NOW - timedelta(minutes=60)),
        "b": Peer(id="b", name="Bob", role="guest", user_id="u2", joined_at=NOW, left_at=NOW),
        "c": Peer(id="c", name="Bob", role="guest", user_id="u2", joined_at=NOW),
        "d": Peer(id="d", name="Gus", role="guest", user="u3", joined_at=NOW, left_at=NOW),
    }
    made = Session(
        id="631a0fa23e3d9fdb00832596",
        room_id="631a0f990e6ffae22efa610c",
        active=True,
        peers=peers,
        created_at=NOW - timedelta(minutes=65),
    )
    drawn = Page(
        cursor=PageCursor.first(parse("active"), NOW, "UTC"), sessions=[made], last_id=made.id, as_of=NOW,
        names={made.room_id: "Town hall"}, examined=1, ended=True,
    )  # fmt: skip
    text = "\n".join(texts(listing(drawn).blocks)).replace(NO_BREAK, " ")
    for piece in (
        "🟢 Live", "*Town hall*", "2 in now, 3 in all", "1 h 05 min", "host 1, guest 1", "hosted by Ann",
        "session 631a0fa23e3d9fdb00832596", "room 631a0f990e6ffae22efa610c", "<!date^", "More", "Refresh", "Share in channel", "Show",
    ):  # fmt: skip
        assert piece in text, piece
    shown = "\n".join(texts(details(made, {made.room_id: "Town hall"}, as_of=NOW, zone="UTC").blocks))
    shown = shown.replace(NO_BREAK, " ")
    for piece in ("1 h 05 min", "60.0", "*host*", "*guest*", "Ann", "u2", "2 visits", "u3", "left"):
        assert piece in shown, piece


def crowd_of(sizes: dict[str, int]) -> Session:
    peers = {
        f"{role}/{number}": Peer(id=f"{role}/{number}", name=f"{role} {number}", role=role, joined_at=NOW)
        for role, size in sizes.items()
        for number in range(size)
    }
    return Session(id="c" * 24, room_id="a" * 24, active=True, peers=peers, created_at=NOW)


def test_every_role_has_its_count_and_a_fair_share_of_the_names() -> None:
    message = details(crowd_of({"host": 2, "viewer": 2_000, "guest": 300, "recorder": 1}), {}, as_of=NOW, zone="UTC")
    lines = "\n".join(texts(message.blocks)).splitlines()
    assert "2,303 in now, 2,303 in all" in lines
    heads = [line.partition(" · ")[2] for line in lines if line.startswith(("*host*", "*viewer*", "*guest*", "*rec"))]
    assert heads == [f"{size} in now, {size} in all" for size in ("2", "2,000", "300", "1")]
    named = [line.split()[1] for line in lines if line.startswith("•")]
    assert {role: named.count(role) for role in set(named)} == {"host": 2, "viewer": 24, "guest": 23, "recorder": 1}
    assert [line for line in lines if line.startswith("…")] == ["… and 1,976 more", "… and 277 more"]


def test_of_many_roles_the_last_are_counted_together() -> None:
    message = details(crowd_of({f"role{n}": 60 - n for n in range(25)}), {}, as_of=NOW, zone="UTC")
    inside_limits(message)
    lines = "\n".join(texts(message.blocks)).splitlines()
    assert sum(line.startswith("*role") for line in lines) == 20
    assert lines.count("… and 190 people in 5 other roles") == 1
    assert sum(line.startswith("•") for line in lines) == 50


def test_a_period_is_said_as_one() -> None:
    asked = parse("ended room:hall after:10:00 before:11:00")
    drawn = replace(page(random.Random(1), 0, 0), cursor=PageCursor.first(asked, NOW, "UTC"))
    head = "\n".join(texts(listing(drawn).blocks))
    assert re.search(r"started between <!date\^1795428000\^[^>]*> and <!date\^1795431600\^", head), head
