"""The stand-in over HTTP: shapes, filters, tokens, error bodies."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot.demo.fake_hms import Account, FakeHms, Oddities, format_time, sign

NOW = 1_790_000_000.0
SAMPLES = Path(__file__).parents[1] / "data" / "hms"
SAMPLE = (SAMPLES / "list-sessions.json").read_bytes()
LEGACY = (SAMPLES / "legacy.json").read_bytes()


@pytest.fixture
async def hms() -> AsyncIterator[FakeHms]:
    """A stand-in over one room with 25 sessions, the newest five active with one person each."""
    account = Account(any_names=True)
    room = account.add_room("Standup")
    for number in range(25):
        at = NOW - 3600 + number * 60
        session = account.open_session(room, at)
        peer = account.join(session, name=f"P{number}", role="host", user_id="u", at=at)
        if number < 20:
            account.leave(session, peer, at + 30)
            account.end(session, at + 31)
    async with FakeHms(account, clock=lambda: NOW) as server:
        yield server


async def get(hms: FakeHms, path: str, token: str | None = None, **query: Any) -> httpx.Response:
    async with httpx.AsyncClient(headers={"Authorization": f"Bearer {token or hms.token()}"}) as client:
        return await client.get(hms.url + path, params=query)


async def json_of(hms: FakeHms, path: str, **query: Any) -> Any:
    return (await get(hms, path, **query)).json()


async def ids(hms: FakeHms, path: str, **query: Any) -> list[str]:
    return [item["id"] for item in (await json_of(hms, path, **query))["data"]]


@pytest.mark.parametrize("path", ["/sessions", "/sessions/"])
@pytest.mark.parametrize("anew", [False, True])
async def test_the_sample_is_served_as_the_page_shows_it(path: str, anew: bool) -> None:
    account = Account.from_json(SAMPLE)
    for session in account.sessions.values():
        session.verbatim = None if anew else session.verbatim
    async with FakeHms(account) as hms:
        answer = await get(hms, path)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("application/json")
    assert answer.json() == json.loads(SAMPLE)


async def test_the_legacy_sample_keeps_its_oddities() -> None:
    account = Account.from_json(LEGACY, SAMPLE)
    async with FakeHms(account) as hms:
        answer = await json_of(hms, "/sessions")
    assert answer["data"] == json.loads(SAMPLE)["data"] + json.loads(LEGACY)["data"]
    assert [len(session.peers) for session in account.sessions.values()] == [1, 2, 0, 1, 1]
    assert account.count(active=True) == 1


@pytest.mark.parametrize(
    ("samples", "says"),
    [
        ([b"{"], "session"),
        ([b"[]"], "session"),
        ([b'{"data": [{"id": 1}]}'], "session"),
        ([SAMPLE.replace(b"631a0fa2", b"631a0fff")], "session"),
        ([SAMPLE, SAMPLE], "taken"),
    ],
)
def test_a_bad_sample_is_refused(samples: list[bytes], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Account.from_json(*samples)


async def test_a_changed_session_is_written_anew(hms: FakeHms) -> None:
    session = hms.account.active_sessions()[0]
    assert (await json_of(hms, f"/sessions/{session.id}"))["active"] is True
    hms.account.end(session, NOW)
    after = await json_of(hms, f"/sessions/{session.id}")
    assert (after["active"], after["updated_at"]) == (False, format_time(NOW))
    assert [peer["left_at"] for peer in after["peers"].values()] == [format_time(NOW)]


async def test_filters_reach_the_listing(hms: FakeHms) -> None:
    sessions = list(hms.account.sessions.values())
    room_id, middle = sessions[0].room_id, format_time(sessions[12].created_at)
    newest = [session.id for session in sessions[::-1]]
    assert await ids(hms, "/sessions", active="false", room_id=room_id, after=middle, limit=100) == newest[5:13]
    assert await ids(hms, "/sessions", before=middle, start=sessions[5].id) == newest[20:]
    assert await json_of(hms, "/sessions", room_id="f" * 24) == {"limit": 10, "data": None}


async def test_rooms_and_active_rooms(hms: FakeHms) -> None:
    room = next(iter(hms.account.rooms.values()))
    quiet = hms.account.add_room()
    assert (await json_of(hms, f"/rooms/{room.id}"))["name"] == "Standup"
    assert len(quiet.name) == 36
    assert await ids(hms, "/rooms") == [quiet.id, room.id]
    active = await json_of(hms, f"/active-rooms/{room.id}")
    newest = hms.account.active_sessions()[-1]
    assert (active["name"], active["session"]["id"]) == ("Standup", newest.id)
    assert active["session"]["peers"] == list(newest.peers)
    idle = await get(hms, f"/active-rooms/{quiet.id}")
    assert (idle.status_code, idle.json()["code"]) == (404, 404)


async def test_the_rooms_listing_pages_and_filters(hms: FakeHms) -> None:
    rooms = [hms.account.add_room(f"R{n}", at=NOW + n, enabled=n % 2 == 0) for n in range(15)]
    hms.oddities = Oddities(without_enabled="all")
    first = await ids(hms, "/rooms")
    last = (await json_of(hms, "/rooms"))["last"]
    assert first + await ids(hms, "/rooms", start=last) == sorted(hms.account.rooms, reverse=True)
    hms.oddities = Oddities()
    recent = await ids(hms, "/rooms", after=format_time(NOW + 9), before=format_time(NOW + 12))
    assert recent == [rooms[12].id, rooms[10].id]
    assert await ids(hms, "/rooms", enabled="false", after=format_time(NOW + 12)) == [rooms[13].id]


@pytest.mark.parametrize(("match", "names"), [("whole", ["Standup"]), ("part", ["Late standup", "Standup"])])
async def test_room_names_match_whole_or_in_part(hms: FakeHms, match: Any, names: list[str]) -> None:
    hms.account.add_room("Late standup")
    hms.account.add_room("Standup", enabled=False, at=NOW)
    hms.account.room_name_match = match
    listed = await json_of(hms, "/rooms", name="Standup", enabled="true")
    assert [item["name"] for item in listed["data"]] == names


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("limit", value) for value in ("9", "101", "ten", "")),
        *(("active", value) for value in ("True", "")),
        *(("start", value) for value in ("", "Z" * 24)),
        *(("after", value) for value in ("2022-09-06", "2022-13-06T11:17:03Z")),
        ("before", "2022-09-06T11:17:03+00:00"),
        ("room_id", "abc"),
    ],
)
async def test_malformed_parameters_are_refused(hms: FakeHms, name: str, value: str) -> None:
    answer = await get(hms, "/sessions", **{name: value})
    assert (answer.status_code, answer.json()["code"]) == (400, 400)
    assert name in answer.json()["details"][0]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/sessions/xyz", 400),
        (f"/sessions/{'a' * 24}", 404),
        (f"/rooms/{'a' * 24}", 404),
        (f"/active-rooms/{'a' * 24}", 404),
        ("/recordings", 404),
        ("", 404),
    ],
)
async def test_what_is_not_there(hms: FakeHms, path: str, status: int) -> None:
    answer = await get(hms, path)
    assert answer.status_code == status
    assert answer.json().keys() == {"code", "message", "details"}


async def test_only_get_is_served_and_errors_have_two_forms(hms: FakeHms) -> None:
    hms.oddities = Oddities(error_extra="data")
    async with httpx.AsyncClient(headers={"Authorization": f"Bearer {hms.token()}"}) as client:
        answer = await client.post(hms.url + "/sessions")
    assert answer.status_code == 405
    assert answer.json()["data"] == {"description": "POST is not served here"}


@pytest.mark.parametrize(
    ("overrides", "status"),
    [
        ({}, 200),
        ({"exp": NOW + 1}, 200),
        ({"exp": NOW}, 401),
        ({"nbf": NOW + 1}, 401),
        ({"iat": NOW + 1}, 401),
        ({"exp": "soon"}, 401),
        ({"jti": None}, 401),
        ({"access_key": "another"}, 401),
        ({"version": 1}, 401),
        ({"type": "app"}, 403),
    ],
)
async def test_token_claims(hms: FakeHms, overrides: dict[str, Any], status: int) -> None:
    answer = await get(hms, "/sessions", token=hms.token(**overrides))
    assert answer.status_code == status
    if status == 401:
        assert answer.json()["message"] == "Token validation error"
        assert answer.json()["details"]


async def test_a_token_must_be_signed_with_the_secret_and_sent_as_bearer(hms: FakeHms) -> None:
    forged = sign(hms.access_key, "another-secret-of-thirty-two-bytes-or-more", NOW)
    assert (await get(hms, "/sessions", token=forged)).status_code == 401
    assert (await get(hms, "/sessions", token="not.a.token")).status_code == 401
    async with httpx.AsyncClient() as client:
        none = await client.get(hms.url + "/sessions")
        basic = await client.get(hms.url + "/sessions", headers={"Authorization": f"Basic {hms.token()}"})
    assert none.json() == {"code": 401, "message": "Token validation error", "details": ["not found"]}
    assert basic.status_code == 401


async def test_requests_are_recorded(hms: FakeHms) -> None:
    token = hms.token()
    await get(hms, "/sessions/", token=token, active="true", limit=20)
    await get(hms, "/rooms", limit=5)
    listing, refused = hms.requests
    assert (listing.method, listing.path, listing.query) == ("GET", "/sessions", {"active": "true", "limit": "20"})
    assert (listing.at, listing.status, listing.token) == (NOW, 200, token)
    assert (refused.path, refused.status) == ("/rooms", 400)


async def test_old_requests_are_forgotten(hms: FakeHms) -> None:
    await get(hms, "/rooms")
    hms.requests *= 100_000
    await get(hms, "/sessions")
    assert len(hms.requests) == 50_001
    assert hms.requests[-1].path == "/sessions"


async def test_a_stopped_stand_in_has_no_url(hms: FakeHms) -> None:
    await hms.stop()
    with pytest.raises(RuntimeError):
        hms.url  # noqa: B018
