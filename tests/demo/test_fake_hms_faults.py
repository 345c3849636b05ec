"""The stand-in's faults, as an HTTP client meets them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import httpx
import pytest

from bot.demo.fake_hms import BadJson, CutOff, Drop, FakeHms, Html, Pass, Stall, Status, WrongTypes


@pytest.fixture
async def client(hms: FakeHms) -> AsyncIterator[httpx.AsyncClient]:
    """One of an account with one session."""
    hms.account.open_session(hms.account.add_room("One"), time.time())
    headers = {"Authorization": f"Bearer {hms.token()}"}
    async with httpx.AsyncClient(base_url=hms.url, headers=headers, timeout=5) as client:
        yield client


async def test_faults_queue_by_pattern_and_pass(hms: FakeHms, client: httpx.AsyncClient) -> None:
    limited = {"code": 429, "message": "rate limit exceeded, retry after 45 seconds"}
    hms.fail("/sessions*", Status(429, {"Retry-After": "45"}, limited), Pass(), Status(500))
    hms.fail("/rooms", Html(502))
    first = await client.get("/sessions")
    assert (first.status_code, first.headers["retry-after"], first.json()) == (429, "45", limited)
    gateway = await client.get("/rooms")
    assert (gateway.status_code, gateway.headers["content-type"]) == (502, "text/html; charset=utf-8")
    assert (await client.get("/sessions")).status_code == 200
    broken = await client.get(f"/sessions/{'a' * 24}")
    assert (broken.status_code, broken.json()["code"]) == (500, 500)
    assert (await client.get("/sessions")).status_code == 200
    assert [request.status for request in hms.requests] == [429, 502, 200, 500, 200]


async def test_standing_faults_come_after_queued_ones_and_heal(hms: FakeHms, client: httpx.AsyncClient) -> None:
    hms.fail_always("*", Status(503))
    hms.fail("*", Status(599))
    assert [(await client.get("/rooms")).status_code for _ in range(3)] == [599, 503, 503]
    hms.heal()
    assert (await client.get("/rooms")).status_code == 200


@pytest.mark.parametrize(("fault", "status"), [(CutOff(), 200), (Drop(), None)], ids=["promises more", "drops"])
async def test_an_answer_that_is_not_whole(
    hms: FakeHms, client: httpx.AsyncClient, fault: CutOff | Drop, status: int | None
) -> None:
    hms.fail("/sessions", fault)
    with pytest.raises(httpx.RemoteProtocolError):
        await client.get("/sessions")
    assert hms.requests[-1].status == status
    assert (await client.get("/sessions")).json()["data"]


async def test_bodies_that_lie(hms: FakeHms, client: httpx.AsyncClient) -> None:
    hms.fail("/sessions", BadJson(), WrongTypes())
    broken = await client.get("/sessions")
    assert broken.status_code == 200
    with pytest.raises(ValueError, match="Expecting value"):
        broken.json()
    wrong = (await client.get("/sessions")).json()
    assert (wrong["limit"], wrong["data"], wrong["last"]) == ("ten", {"id": 7}, 42)


async def test_a_stall_is_late_and_then_true(hms: FakeHms, client: httpx.AsyncClient) -> None:
    hms.fail("/sessions", Stall(0.2))
    began = time.perf_counter()
    answer = await client.get("/sessions")
    assert time.perf_counter() - began >= 0.2
    assert len(answer.json()["data"]) == 1


async def test_stopping_does_not_wait_for_a_stall(hms: FakeHms, client: httpx.AsyncClient) -> None:
    hms.fail("/sessions", Stall(600))
    pending = asyncio.create_task(client.get("/sessions"))
    await asyncio.sleep(0.2)
    assert [request.status for request in hms.requests] == [None]
    await asyncio.wait_for(hms.stop(), 5)
    assert (await pending).status_code == 200
