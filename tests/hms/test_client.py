"""Every answer that 100ms may give, over a real socket, and lists to their end. The token's steps alone are in test_auth."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import nullcontext, suppress
from typing import Any

import msgspec
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot import errors
from bot.demo.fake_hms import (
    Account,
    BadJson,
    CutOff,
    Drop,
    FakeHms,
    FirstPage,
    Html,
    Oddities,
    Stall,
    Status,
    WrongTypes,
)
from bot.hms.auth import GivenToken, SignedToken
from bot.hms.bounded import BODY_BYTES
from bot.hms.client import Batch, Hms, RawBatch
from bot.hms.pages import PAGES_MOST, every_page, pages
from bot.hms.wire import Entry
from bot.net.retry_budget import RetryBudget
from bot.sessions.model import Session
from tests.conftest import NOW
from tests.hms.conftest import QUICK


async def walk(client: Hms, limit: int = 10, **params: str) -> list[str]:
    """The ids of a whole listing, page after page."""
    ids, start = [], None
    for _ in range(1_000):
        batch = await client.list_sessions(params, limit=limit, start=start)
        ids += [session.id for session in batch.sessions]
        if batch.last:
            return ids
        start = batch.sessions[-1].id
    raise AssertionError("the listing never ends")


def fill(account: Account, count: int) -> list[str]:
    room = account.add_room("Town hall", at=NOW - 1)
    ids = []
    for number in range(count):
        session = account.open_session(room, NOW + number)
        ids.append(session.id)
        peer = account.join(session, name=f"Person {number}", role="guest", user_id=f"u{number}", at=NOW + number)
        if number % 2:
            account.leave(session, peer, NOW + number + 1)
            account.end(session, NOW + number + 2)
    return ids[::-1]


@pytest.mark.parametrize("count", [0, 1, 9, 10, 11, 20, 25])
@pytest.mark.parametrize("empty_data", ["null", "array"])
@pytest.mark.parametrize("final_last", ["id", "missing", "null", "empty"])
async def test_the_end_of_the_list_in_every_form(
    client: Hms, hms: FakeHms, account: Account, count: int, empty_data: str, final_last: str
) -> None:
    hms.oddities = Oddities(empty_data=empty_data, empty_last="missing", final_last=final_last)  # type: ignore[arg-type]
    ids = fill(account, count)
    assert await walk(client) == ids
    assert await walk(client, active="true") == [each for each in ids if account.sessions[each].active]


@pytest.mark.parametrize("seed", range(8))
async def test_every_oddity_mixed(client: Hms, hms: FakeHms, account: Account, seed: int) -> None:
    ids = fill(account, 30)
    hms.oddities = Oddities(mixed=seed)
    assert await walk(client) == ids
    for session_id in ids:
        session = await client.session(session_id)
        assert session.people_count() == 1
        assert session.people_in_count() == (1 if account.sessions[session_id].active else 0)
        assert abs(session.started_at.timestamp() - account.sessions[session_id].created_at) < 1


PASSING = [Status(500), Status(503), Html(502), CutOff(), Drop(), BadJson()]
LASTING = [
    *((Status(code), errors.HmsRefused) for code in (400, 422)),
    *((Status(code), errors.HmsAuth) for code in (401, 403)),
    (Status(404), errors.HmsNotFound),
    (Status(429), errors.HmsRateLimited),
    *((fault, errors.HmsUnavailable) for fault in (*PASSING, Html(200), Stall(30))),
    (WrongTypes(), errors.HmsBadReply),
]


async def test_lasting_faults_become_one_error_in_time() -> None:
    """All side by side, as most take their whole budget."""

    async def fails(fault: object, error: type[errors.HmsError]) -> None:
        async with FakeHms(Account()) as hms:
            client = Hms(hms.url, SignedToken(hms.access_key, hms.secret), QUICK)
            hms.fail_always("/sessions*", fault)
            began = asyncio.get_running_loop().time()
            with pytest.raises(error) as caught:
                await client.list_sessions({}, limit=10, start=None)
            assert asyncio.get_running_loop().time() - began < QUICK.budget_s + 1, fault
            assert type(caught.value) is error and caught.value.text.endswith("."), fault
            assert hms.secret not in str(caught.value), fault
            await client.close()

    await asyncio.gather(*(fails(fault, error) for fault, error in LASTING))


@pytest.mark.parametrize("fault", [*PASSING, Status(429)])
async def test_passing_faults_are_retried(client: Hms, hms: FakeHms, account: Account, fault: object) -> None:
    ids = fill(account, 3)
    hms.fail("/sessions*", fault, fault)
    assert await walk(client) == ids
    assert len(hms.requests) == 3


async def test_definite_refusals_are_not_retried(client: Hms, hms: FakeHms) -> None:
    for status, most in ((400, 1), (404, 1), (401, 2), (403, 2)):
        hms.requests.clear()
        hms.fail_always("/sessions*", Status(status))
        with pytest.raises(errors.HmsError):
            await client.list_sessions({}, limit=10, start=None)
        assert len(hms.requests) == most
        hms.heal()


@pytest.mark.parametrize(
    ("asked", "told_s"),
    [({"headers": {"Retry-After": wait}}, told_s) for wait, told_s in
     (("45", 45), ("864000", 300), ("Fri, 01 Jan 2077 00:00:00 GMT", 300))]
    + [({"body": {"code": 429, "message": "rate limit exceeded, retry after 45 seconds", "details": []}}, 45)],
)  # fmt: skip
async def test_a_long_wait_is_told_and_not_waited_for(
    client: Hms, hms: FakeHms, asked: dict[str, Any], told_s: int, caplog: pytest.LogCaptureFixture
) -> None:
    """One of days is cut to minutes, and logged."""
    hms.fail_always("/sessions*", Status(429, **asked))
    with pytest.raises(errors.HmsRateLimited) as caught:
        await client.list_sessions({}, limit=10, start=None)
    assert caught.value.retry_after_s == told_s
    assert told_s == 300 or "45 seconds" in caught.value.text
    assert [record.message for record in caplog.records] == ["wait_capped"] * (told_s == 300)
    assert len(hms.requests) == 1


async def test_a_short_wait_is_honoured(client: Hms, hms: FakeHms) -> None:
    hms.fail("/sessions*", Status(429, headers={"Retry-After": "1"}))
    began = asyncio.get_running_loop().time()
    await client.list_sessions({}, limit=10, start=None)
    assert asyncio.get_running_loop().time() - began >= 1


@pytest.mark.parametrize("status", [401, 403])
async def test_a_refused_token_is_renewed_once(client: Hms, hms: FakeHms, account: Account, status: int) -> None:
    ids = fill(account, 2)
    await client.list_sessions({}, limit=10, start=None)
    hms.fail("/sessions*", Status(status))
    assert await walk(client) == ids
    tokens = [request.token for request in hms.requests]
    assert len(tokens) == 3 and tokens[0] == tokens[1] != tokens[2]


async def test_a_given_token_is_used_as_it_is(hms: FakeHms) -> None:
    for token, refused in ((hms.token(), nullcontext()), ("nonsense", pytest.raises(errors.HmsAuth))):
        client = Hms(hms.url, GivenToken(token), QUICK)
        with refused:
            await client.list_sessions({}, limit=10, start=None)
        await client.close()
    assert [request.status for request in hms.requests] == [200, 401]


async def test_nobody_listens() -> None:
    nobody = Hms("http://127.0.0.1:9", GivenToken("t"), RetryBudget(budget_s=0.5, first_wait_s=0.05))
    with pytest.raises(errors.HmsUnavailable, match="can't be reached"):
        await nobody.session("631a0fa23e3d9fdb00832596")
    await nobody.close()


async def test_rooms(client: Hms, account: Account) -> None:
    rooms = [account.add_room(f"Room {number}", at=NOW + number) for number in range(120)]
    first, cursor = await client.list_rooms()
    second, end = await client.list_rooms(start=cursor)
    assert [room.id for room in first + second] == [room.id for room in rooms[::-1]]
    assert end is None
    assert (await client.room(rooms[3].id)).name == "Room 3"
    assert [room.name for room in (await client.list_rooms(name="Room 7"))[0]] == ["Room 7"]


@pytest.mark.parametrize(
    ("sent", "known"),
    [(0, 0), (120, 120), (3_600, 3_600), (43_200, 43_200), (119, 0), (43_201, 0), (-1, 0), (3_600.5, 0), (None, 0),
     ("3600", 0), (True, 0), ([], 0), ({}, 0)],
)  # fmt: skip
async def test_an_odd_longest_duration_costs_no_room(client: Hms, account: Account, sent: Any, known: int) -> None:
    room = account.add_room("Lab", max_duration_seconds=sent)
    assert (await client.room(room.id)).max_duration_s == known
    assert [each.max_duration_s for each in (await client.list_rooms())[0]] == [known]


async def test_requests_are_as_the_page_says(client: Hms, hms: FakeHms) -> None:
    await client.list_sessions({"active": "true", "after": "2026-11-23T00:00:00.000Z"}, limit=50, start="6" * 24)
    (request,) = hms.requests
    assert (request.method, request.path) == ("GET", "/sessions")
    assert request.query == {"active": "true", "after": "2026-11-23T00:00:00.000Z", "limit": "50", "start": "6" * 24}


async def test_an_answer_without_end_is_given_up() -> None:
    sent = 0

    async def endless(asked: web.Request) -> web.StreamResponse:
        nonlocal sent
        answer = web.StreamResponse()
        await answer.prepare(asked)
        with suppress(ConnectionError):
            while sent < 2 * BODY_BYTES:
                await answer.write(b" " * 1024**2)
                sent += 1024**2
        return answer

    app = web.Application()
    app.router.add_get("/sessions", endless)
    async with TestServer(app) as server:
        client = Hms(str(server.make_url("/")), GivenToken("token"))
        with pytest.raises(errors.HmsBadReply):
            await client.list_sessions({}, limit=10, start=None)
        await client.close()
    assert sent < 1.5 * BODY_BYTES


async def test_a_page_that_says_nowhere_to_go_on_is_no_first_page_again(client: Hms, hms: FakeHms) -> None:
    hms.fail_always("/sessions", Status(200, body={"data": [{"id": []}] * 100, "last": {"id": "x"}}))
    with pytest.raises(errors.HmsBadReply, match="repeats"):
        await client.list_sessions({}, limit=100, start=None)
    with pytest.raises(errors.HmsBadReply, match="repeats"):
        _ = [batch async for batch in every_page(client.list_entries, {})]
    assert len(hms.requests) == 2


@pytest.mark.parametrize("count", [0, 1, 100, 250])
@pytest.mark.parametrize("final_last", ["id", "missing"])
async def test_each_session_comes_once(
    client: Hms, hms: FakeHms, account: Account, count: int, final_last: str
) -> None:
    hms.oddities = Oddities(final_last=final_last)  # type: ignore[arg-type]
    ids = fill(account, count)
    read = [each.id async for batch in every_page(client.list_sessions, {}) for each in batch.sessions]
    raw = [each.read().id async for batch in every_page(client.list_entries, {}) for each in batch.entries]
    assert read == raw == ids
    some = [each.id async for batch in pages(client.list_sessions, {}, 2) for each in batch.sessions]
    assert some == ids[:200]


async def test_a_list_without_an_end_is_not_complete() -> None:
    starts: list[str | None] = []

    async def read(params: Mapping[str, str], *, limit: int, start: str | None) -> Batch:
        starts.append(start)
        return Batch([Session(f"{len(starts)}")], last=False)

    with pytest.raises(errors.HmsEndless, match="more than 100,000 sessions"):
        _ = [batch async for batch in every_page(read, {})]
    assert starts == [None, *(str(number) for number in range(1, PAGES_MOST))]
    assert len([batch async for batch in pages(read, {}, 10)]) == 10  # who asked for so many has them


@pytest.mark.parametrize("opens", [0, 30])
async def test_a_list_that_does_not_move_on_is_noticed_on_page_2(
    client: Hms, hms: FakeHms, account: Account, opens: int
) -> None:
    """`start` is ignored; with `opens`, sessions open between the two pages, so that these aren't the same."""
    fill(account, 150)
    for read in (client.list_sessions, client.list_entries):
        hms.requests.clear()
        hms.fail_always("/sessions", FirstPage())
        with pytest.raises(errors.HmsBadReply, match="repeats"):
            async for _ in every_page(read, {}):
                for _ in range(opens):
                    account.open_session(account.add_room("Another"), NOW + 1_000)
        assert len(hms.requests) == 2
        hms.heal()


async def test_rooms_that_do_not_move_on_are_a_bad_reply(client: Hms, hms: FakeHms, account: Account) -> None:
    for number in range(150):
        account.add_room(f"Room {number}")
    _, cursor = await client.list_rooms()
    hms.fail("/rooms", FirstPage())
    with pytest.raises(errors.HmsBadReply, match="repeats"):
        await client.list_rooms(start=cursor)


@pytest.mark.parametrize(
    ("entries", "cursor"),
    [
        ([{"id": "a", "active": True}, {"id": "b", "active": True}], "b"),
        ([{"id": "a", "active": True}, {"id": []}, {"id": ""}], "a"),
        ([{"id": []}], ""),
        ([], ""),
    ],
)
def test_it_goes_on_after_the_last_that_can_be_read(entries: list[object], cursor: str) -> None:
    raw = [Entry(msgspec.Raw(msgspec.json.encode(each))) for each in entries]
    assert RawBatch(raw, last=False).cursor == cursor
