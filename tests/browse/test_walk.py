"""Walking by More gives what a full listing, filtered in memory, gives: at any limit and filter, while sessions come
and go. The account is the stand-in's; the filters are judged a second time here, by their words and not by our code."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterable
from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.browse.page import READ_AHEAD_PAGES
from bot.browse.read_page import read_page
from bot.demo.fake_hms import Account, FakeHms
from bot.demo.fake_hms.records import Session
from bot.hms.auth import SignedToken
from bot.hms.client import Hms
from bot.query.cursor import PageCursor, read_cursor
from bot.query.parse import parse
from bot.rooms.names import Rooms
from bot.sessions.model import Room
from tests.conftest import NOW
from tests.effort import effort

TEMPLATES = ("a" * 24, "b" * 24)
ROLES = ("host", "guest", "viewer")


def build(rng: random.Random, count: int) -> Account:
    account = Account(seed=rng.randrange(1_000))
    rooms = [
        account.add_room(f"Room-{number}", at=NOW - 100_000, template_id=TEMPLATES[number % 2]) for number in range(3)
    ]
    for number in range(count):
        started = NOW - 90_000 + number * 80_000 / max(1, count)
        session = account.open_session(rng.choice(rooms), started)
        for _ in range(rng.randrange(5)):
            person = rng.randrange(4)
            peer = account.join(
                session, name=f"P{person}", role=rng.choice(ROLES), user_id=f"u{person}", at=started + 1
            )
            if rng.random() < 0.4:
                account.leave(session, peer, started + 2)
        if rng.random() < 0.6:
            account.end(session, started + rng.choice((60, 4_000)))
    return account


def people(session: Session) -> int:
    """As the help says: in now for a live session, in all for an ended one; a person counts once."""
    return len({p.user_id for p in session.peers.values() if p.left_at is None or not session.active})


def length(session: Session) -> float:
    return (NOW if session.active else session.updated_at) - session.created_at


CHECKS = {
    "role:host": lambda s: any(p.role == "host" for p in s.peers.values()),
    "-role:host": lambda s: all(p.role != "host" for p in s.peers.values()),
    "role:host role:viewer": lambda s: any(p.role in ("host", "viewer") for p in s.peers.values()),
    "user:u1": lambda s: any(p.user_id == "u1" for p in s.peers.values()),
    "-user:P2": lambda s: all(p.name != "P2" for p in s.peers.values()),
    "peers:>=2": lambda s: people(s) >= 2,
    "peers:0": lambda s: people(s) == 0,
    "longer:45m": lambda s: length(s) > 2_700,
    "-longer:45m": lambda s: length(s) <= 2_700,
    "after:12h": lambda s: s.created_at >= NOW - 43_200,
    "before:12h": lambda s: s.created_at <= NOW - 43_200,
}
STATES = {"active": lambda s: s.active, "ended": lambda s: not s.active, "all": lambda s: True}


def newest_first(account: Account) -> list[Session]:
    return sorted(account.sessions.values(), key=lambda session: session.id, reverse=True)


class AccountRooms(Rooms):
    """Knows every room of the account, and has no database."""

    def __init__(self, hms: Hms, account: Account) -> None:
        super().__init__(hms, None, lambda: "T1")  # type: ignore[arg-type]
        self._account = account

    async def have(self, room_ids: Iterable[str]) -> dict[str, Room]:
        rooms = self._account.rooms
        return {each: Room(each, rooms[each].name, rooms[each].template_id) for each in room_ids}


async def walk(hms: Hms, account: Account, line: str, between: object = lambda: None) -> list[str]:
    """The ids shown, page after page, each page reached through a button's value."""
    rooms = AccountRooms(hms, account)
    cursor: PageCursor | None = PageCursor.first(parse(line), datetime.fromtimestamp(NOW, UTC), "UTC")
    shown: list[str] = []
    for _ in range(500):
        page = await read_page(hms, rooms, cursor, cursor.asked_at)
        assert len(page.sessions) <= cursor.query.limit and not page.fault
        assert page.last_id is None or page.full or page.examined == READ_AHEAD_PAGES * 100
        shown += [session.id for session in page.sessions]
        if page.last_id is None:
            return shown
        cursor = read_cursor(cursor.more(page.last_id).write())
        between()  # type: ignore[operator]
    raise AssertionError("the walk never ends")


@given(
    st.integers(0, 10_000),
    st.sampled_from([0, 1, 9, 10, 30, 120]),
    st.sampled_from(list(STATES)),
    st.lists(st.sampled_from(list(CHECKS)), max_size=3, unique_by=lambda check: check.lstrip("-").split(":")[0]),
    st.sampled_from([10, 11, 50, 100]),
    st.lists(st.tuples(st.sampled_from(["", "-"]), st.sampled_from(["id", "start", "template"])), max_size=1),
)
@settings(max_examples=effort(15))
def test_walk_is_the_full_listing_filtered(
    seed: int, count: int, state: str, checks: list[str], limit: int, rooms: list[tuple[str, str]]
) -> None:
    """A key is said once here; a repeated one is judged in test_plan."""
    rng = random.Random(seed)
    account = build(rng, count)
    room = next(iter(account.rooms.values()))
    forms = {"id": f"room:{room.id}", "start": "room:ROOM-0*", "template": f"template:{room.template_id}"}
    meant = {
        "id": {room.id},
        "start": {each.id for each in account.rooms.values() if each.name == "Room-0"},
        "template": {each.id for each in account.rooms.values() if each.template_id == room.template_id},
    }
    said = [f"{minus}{forms[form]}" for minus, form in rooms]
    line = " ".join([state, f"limit:{limit}", *checks, *said])
    expected = [
        session.id
        for session in newest_first(account)
        if STATES[state](session)
        and all(CHECKS[check](session) for check in checks)
        and all((session.room_id in meant[form]) is (minus == "") for minus, form in rooms)
    ]
    assert asyncio.run(_walk(account, line)) == expected


async def _walk(account: Account, line: str, between: object = lambda: None) -> list[str]:
    async with FakeHms(account) as fake:
        hms = Hms(fake.url, SignedToken(fake.access_key, fake.secret))
        try:
            return await walk(hms, account, line, between)
        finally:
            await hms.close()


@given(st.integers(0, 10_000), st.sampled_from(["active", "ended", "all", "active role:host", "all peers:>=2"]))
@settings(max_examples=effort(6))
def test_while_sessions_come_and_go_none_is_skipped_or_shown_twice(seed: int, line: str) -> None:
    rng = random.Random(seed)
    account = build(rng, 60)
    state, _, check = line.partition(" ")
    changed: set[str] = set()
    clock = [NOW]

    def life() -> None:
        clock[0] += 10
        live = account.active_sessions()
        for session in rng.sample(live, min(3, len(live))):
            account.end(session, clock[0])
            changed.add(session.id)
        opened = account.open_session(next(iter(account.rooms.values())), clock[0])
        changed.add(opened.id)

    shown = asyncio.run(_walk(account, f"{line} limit:10", life))
    assert len(shown) == len(set(shown))
    steady = [
        session.id
        for session in newest_first(account)
        if session.id not in changed and STATES[state](session) and (not check or CHECKS[check](session))
    ]
    assert [each for each in shown if each not in changed] == steady
