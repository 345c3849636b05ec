"""Answers that are not quite of the documented shape: what can be read is shown."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from bot.core.session import Session
from bot.errors import HmsBadReply, HmsUnavailable
from bot.hms.wire import decode, retry_after_s, session_decoder, sessions_decoder

NOW = datetime(2026, 11, 23, tzinfo=UTC)
ID = "631a0fa23e3d9fdb00832596"
PEER = {"id": "p", "name": "Ann", "role": "host", "user_id": "u", "joined_at": "2022-09-08T15:52:02.194Z"}
SESSION = {
    "id": ID,
    "room_id": "631a0f990e6ffae22efa610c",
    "active": False,
    "peers": {"p": PEER},
    "created_at": "2022-09-08T15:52:02.197Z",
    "updated_at": "2022-09-08T15:53:02.197Z",
}


def read(session: dict[str, Any]) -> Session:
    return decode(httpx.Response(200, content=json.dumps(session).encode()), session_decoder)


@pytest.mark.parametrize(
    "odd",
    [
        {"active": None},
        {"room_id": None},
        {"peers": None},
        {"peers": {"p": PEER, "q": None}},
        {"peers": [PEER, None]},
        {"peers": {"p": PEER | {"user_id": 7}}},
        {"peers": {"p": PEER | {"name": None, "role": None, "left_at": ""}}},
        {"created_at": "2022-09-08T15:52:02.197"},
        {"created_at": ""},
        {"updated_at": None},
        {"surprise": {"a": [1]}},
    ],
)
def test_odd_fields(odd: dict[str, Any]) -> None:
    session = read(SESSION | odd)
    assert session.id == ID
    assert abs((session.started_at - datetime(2022, 9, 8, 15, 52, 2, tzinfo=UTC)).total_seconds()) < 1
    assert session.people_count() == (0 if odd.get("peers", 1) is None else 1)


@pytest.mark.parametrize("field", ["created_at", "updated_at"])
def test_the_year_one_is_no_time(field: str) -> None:
    session = read(
        SESSION | {field: "0001-01-01T00:00:00Z", "peers": {"p": PEER | {"joined_at": "0001-01-01T00:00:00Z"}}}
    )
    assert session.started_at.year == 2022
    assert 0 <= session.length_s(NOW) <= 60.5
    assert session.participant_s(NOW) == 0
    assert session.people()[0].joined_at is None


def test_an_entry_that_cannot_be_read_costs_no_other() -> None:
    body = json.dumps({"data": [SESSION, {"id": {}}, SESSION | {"peers": 3}, SESSION], "last": ID}).encode()
    answer = decode(httpx.Response(200, content=body), sessions_decoder)
    assert [session.id for session in answer.data or []] == [ID, ID]
    assert answer.last == ID


@pytest.mark.parametrize("body", [b"3", b"[]", b'{"data": 3}', b'{"data": [3, 4]}', b'{"data": [{"id": []}]}'])
def test_nothing_readable_is_one_error(body: bytes) -> None:
    with pytest.raises(HmsBadReply):
        decode(httpx.Response(200, content=body), sessions_decoder)


@pytest.mark.parametrize(
    "body",
    [
        b'{"data": 5, "last": ',
        b'{"data": 5, "last": "\xff"}',
        b"[" * 5_000,
        b'{"surprise": ' + b"[" * 5_000 + b"]" * 5_000 + b"}",
    ],
)
def test_what_is_of_another_shape_and_no_json_either(body: bytes) -> None:
    with pytest.raises(HmsUnavailable):
        decode(httpx.Response(200, content=body), sessions_decoder)


@pytest.mark.parametrize(
    ("header", "body"), [("Fri, 1 Jan 99999999999 00:00:00 GMT", b""), ("", b'{"message": ' + b"[" * 5_000)]
)
def test_a_wait_that_can_not_be_read_is_none(header: str, body: bytes) -> None:
    assert retry_after_s(httpx.Response(429, headers={"Retry-After": header}, content=body)) is None
