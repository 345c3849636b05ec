"""Listings: every page, filter and odd form gives each session once, newest first; quick when large."""

from __future__ import annotations

import time
from typing import Any

import httpx
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.demo.fake_hms import Account, FakeHms, Oddities, Session, format_time

NOW = 1_790_000_000.0

# Opening times in milliseconds close together, so that many fall on the same millisecond or second.
openings = st.lists(st.tuples(st.integers(0, 5_000), st.integers(0, 2), st.booleans()), max_size=60)
moment = st.none() | st.integers(-10, 5_010).map(lambda ms: NOW + ms / 1000)


def build(plan: list[tuple[int, int, bool]]) -> Account:
    account = Account(any_names=True)
    rooms = [account.add_room(f"Room {number}") for number in range(3)]
    for ms, room, active in plan:
        session = account.open_session(rooms[room], NOW + ms / 1000)
        if not active:
            account.end(session, session.created_at + 1)
    return account


def pages(account: Account, limit: int, **filters: Any) -> list[Session]:
    found: list[Session] = []
    start = None
    while True:
        page, start = account.list_sessions(limit=limit, start=start, **filters)
        found += page
        if len(page) < limit:
            return found
        assert start == page[-1].id


@given(
    plan=openings,
    active=st.none() | st.booleans(),
    room=st.none() | st.integers(0, 2),
    after=moment,
    before=moment,
    limit=st.integers(1, 20),
)
def test_pages_hold_every_session_once_newest_first(
    plan: Any, active: Any, room: Any, after: Any, before: Any, limit: int
) -> None:
    account = build(plan)
    room_id = None if room is None else list(account.rooms)[room]
    expected = [
        session
        for session in sorted(account.sessions.values(), key=lambda session: session.id, reverse=True)
        if (active is None or session.active == active)
        and (room_id is None or session.room_id == room_id)
        and (after is None or session.created_at >= after)
        and (before is None or session.created_at <= before)
    ]
    found = pages(account, limit, active=active, room_id=room_id, after=after, before=before)
    assert found == expected
    times = [session.created_at for session in found]
    assert times == sorted(times, reverse=True)


@given(plan=openings.filter(lambda plan: len(plan) > 12))
def test_a_page_goes_on_after_a_session_that_left_the_list(plan: Any) -> None:
    account = build([(ms, room, True) for ms, room, _ in plan])
    first, last = account.list_sessions(active=True)
    for session in first:
        account.end(session, NOW + 60)
    account.open_session(account.rooms[first[0].room_id], NOW + 61)
    rest, _ = account.list_sessions(active=True, start=last, limit=100)
    everything = sorted(account.sessions, reverse=True)[1:]
    assert [session.id for session in first + rest] == everything


@given(plan=openings)
def test_ids_are_unique_and_carry_their_time(plan: Any) -> None:
    account = build(plan)
    assert len(account.sessions) == len(plan)
    for session in account.sessions.values():
        assert int(session.id[:8], 16) == int(session.created_at)


def test_operations_out_of_order_are_refused() -> None:
    account, other = Account(), Account()
    session = account.open_session(account.add_room("One"), NOW)
    peer = account.join(session, name="A", role="host", at=NOW + 5)
    with pytest.raises(ValueError, match="not in"):
        account.leave(session, peer, NOW + 4)
    with pytest.raises(ValueError, match="cannot end"):
        account.end(session, NOW + 4)
    account.leave(session, peer, NOW + 6)
    with pytest.raises(ValueError, match="not in"):
        account.leave(session, peer, NOW + 7)
    assert session.updated_at == NOW + 6
    account.end(session, NOW + 8)
    assert (peer.left_at, session.updated_at) == (NOW + 6, NOW + 8)
    with pytest.raises(ValueError, match="ended"):
        account.join(session, name="A", role="host", at=NOW + 9)
    with pytest.raises(KeyError):
        account.open_session(other.add_room("One", at=NOW), NOW)
    with pytest.raises(ValueError, match="taken"):
        account.add_room(id=session.room_id)


async def read_page(hms: FakeHms, **query: Any) -> Any:
    async with httpx.AsyncClient(headers={"Authorization": f"Bearer {hms.token()}"}) as client:
        return msgspec.json.decode((await client.get(hms.url + "/sessions", params=query)).content)


async def read_all(hms: FakeHms, limit: int = 10, **filters: Any) -> list[dict[str, Any]]:
    """Every page, as a careful client reads them: to a short page or an empty `last`."""
    found: list[dict[str, Any]] = []
    query = {"limit": limit, **filters}
    while True:
        answer = await read_page(hms, **query)
        data = answer["data"] or []
        found += data
        if len(data) < limit or not answer.get("last"):
            return found
        query["start"] = answer["last"]


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("count", [0, 10, 23])
async def test_mixed_oddities_still_give_every_session_once(seed: int, count: int) -> None:
    account = build([(ms, 0, True) for ms in range(count)])
    for session in account.active_sessions():
        peer = account.join(session, name="A", role="host", user_id="u", at=NOW + 9)
        account.join(session, name="B", role="host", user_id="u", at=NOW + 9)
        account.leave(session, peer, NOW + 10)
    async with FakeHms(account, oddities=Oddities(mixed=seed), clock=lambda: NOW) as hms:
        found = await read_all(hms)
        assert found == await read_all(hms)
    assert [item["id"] for item in found] == sorted(account.sessions, reverse=True)
    assert all(len(item["peers"]) == 2 for item in found)


async def test_each_oddity_shows() -> None:
    account = build([(120, 0, True)] * 10)
    session = account.active_sessions()[-1]
    gone = account.join(session, name="A", role="host", user_id="a", at=NOW + 1)
    account.leave(session, gone, NOW + 2.5)
    account.join(session, name="B", role="guest", user_id="b", at=NOW + 3)
    odd = Oddities(
        final_last="null", peers="array", user_key="user", peer_ids=False, session_ids=False, still_in="zero",
        left_at_of_gone=False, fraction_digits=9, app_id=True,
    )  # fmt: skip
    async with FakeHms(account, oddities=odd) as hms:
        full = await read_page(hms)
        hms.oddities = Oddities(empty_data="array", empty_last="empty", without_active="active")
        account.end(session, NOW + 4)
        rest = await read_page(hms)
        empty = await read_page(hms, room_id="0" * 24)
    assert full["last"] is None
    assert full["data"][0]["app_id"] == account.app_id
    assert len(full["data"][0]["created_at"]) == len("2022-10-04T12:10:28.939011796Z")
    first, second = full["data"][0]["peers"]
    assert first.keys() == {"name", "role", "user", "joined_at"}
    assert second["left_at"] == "0001-01-01T00:00:00Z"
    assert len(rest["data"]) == 9
    assert rest["last"] == rest["data"][-1]["id"]
    assert empty == {"limit": 10, "data": [], "last": ""}


@pytest.mark.parametrize(
    ("digits", "text"),
    [
        (None, "2022-09-06T11:17:03.65Z"),
        (0, "2022-09-06T11:17:03Z"),
        (1, "2022-09-06T11:17:03.6Z"),
        (3, "2022-09-06T11:17:03.650Z"),
        (9, "2022-09-06T11:17:03.650"),
    ],
)
def test_forms_of_time(digits: int | None, text: str) -> None:
    shown = format_time(1662463023.65, digits)
    assert shown.startswith(text)
    assert format_time(1662463023.0) == "2022-09-06T11:17:03Z"
    assert len(shown) == len("2022-09-06T11:17:03Z") + (3 if digits is None else digits + (digits > 0))


def test_fraction_digits_are_checked() -> None:
    with pytest.raises(ValueError, match="0 to 9"):
        Oddities(fraction_digits=10)


def test_ten_thousand_sessions_page_quickly() -> None:
    account = Account(any_names=True)
    rooms = [account.add_room(f"Room {number}") for number in range(12)]
    for number in range(10_000):
        session = account.open_session(rooms[number % 12], NOW + number)
        if number % 250:
            account.end(session, NOW + number + 1)
    began = time.perf_counter()
    for _ in range(20):
        assert len(pages(account, 10, active=True)) == 40
        assert len(pages(account, 10, active=True, room_id=rooms[0].id)) == 7
        assert len(account.list_sessions(start=sorted(account.sessions)[50])[0]) == 10
        assert len(account.list_sessions(active=False, after=NOW + 5000, before=NOW + 5009)[0]) == 9
    assert time.perf_counter() - began < 1
    began = time.perf_counter()
    assert len(pages(account, 100)) == 10_000
    assert time.perf_counter() - began < 1
