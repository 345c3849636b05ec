"""Answers that are not quite of the documented shape: what can be read is shown."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from bot import metrics
from bot.errors import HmsBadReply, HmsRateLimited, HmsUnavailable
from bot.hms import wire
from bot.sessions.model import Session

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
    return wire.session(json.dumps(session).encode())


def counted() -> dict[str, float]:
    return {what: metrics.unreadable.labels(what)._value.get() for what in ("field", "peer", "session")}


@pytest.mark.parametrize(
    "odd",
    [
        {"room_id": None}, {"peers": None}, {"peers": {"p": PEER, "q": None}}, {"peers": [PEER, None]},
        {"peers": {"p": PEER | {"user_id": 7}}}, {"peers": {"p": PEER | {"name": None, "role": None, "left_at": ""}}},
        {"created_at": "2022-09-08T15:52:02.197"}, {"created_at": ""}, {"updated_at": None}, {"surprise": {"a": [1]}},
    ],
)  # fmt: skip
def test_odd_fields(odd: dict[str, Any]) -> None:
    session = read(SESSION | odd)
    assert session.id == ID
    assert abs((session.started_at - datetime(2022, 9, 8, 15, 52, 2, tzinfo=UTC)).total_seconds()) < 1
    assert session.people_count() == (0 if odd.get("peers", 1) is None else 1)


@pytest.mark.parametrize("field", ["created_at", "updated_at"])
def test_the_year_one_is_no_time(field: str) -> None:
    never = "0001-01-01T00:00:00Z"
    session = read(SESSION | {field: never, "peers": {"p": PEER | {"joined_at": never}}})
    assert session.started_at.year == 2022
    assert 0 <= session.length_s(NOW) <= 60.5
    assert session.participant_s(NOW) == 0
    assert session.people()[0].joined_at is None


@pytest.mark.parametrize(
    ("entries", "lost"), [([SESSION, {"id": {}}, SESSION | {"peers": 3}, SESSION], 1), ([3, 4], 2), ([{"id": []}], 1)]
)
def test_an_entry_that_cannot_be_read_is_counted_and_costs_no_other(entries: list[Any], lost: int) -> None:
    answer = wire.sessions(json.dumps({"data": entries, "last": ID}).encode())
    assert [session.id for session in answer.entries] == [ID] * (len(entries) - lost)
    assert answer.unreadable == lost and answer.page.follows


@pytest.mark.parametrize("said", [{}, {"active": None}])
def test_one_of_which_nobody_says_if_it_is_live_is_no_session(said: dict[str, Any]) -> None:
    with pytest.raises(HmsBadReply):
        read({"id": ID} | said)


@pytest.mark.parametrize(
    ("sent", "lost"),
    [(b'{"id": "a", "active": 1e400}, 1e338', 2), (b'{"id": "\xff", "active": true}', 1)],
    ids=["a number beyond all bounds", "no UTF-8"],
)
def test_what_no_library_takes_costs_one_session(sent: bytes, lost: int) -> None:
    """In a list and in a poll, whatever else the page has."""
    before = counted()
    body = b'{"data": [%b, {"id": "b", "active": true}]}' % sent
    answer = wire.sessions(body)
    assert [each.id for each in answer.entries] == ["b"] and answer.unreadable == lost
    *odd, last = (wire.Entry(raw) for raw in wire.entries(body).entries)
    assert len(odd) == lost
    for entry in odd:
        with pytest.raises(HmsBadReply):
            entry.read()
    assert last.read().id == "b"
    assert counted() == before | {"session": before["session"] + 2 * lost}


@pytest.mark.parametrize(
    ("sent", "text"),
    [
        (r"A\ud800B", "A\ufffdB"), (r"\udc00\uD800", "\ufffd\ufffd"), (r"\ud800\ud83d\ude42", "\ufffd🙂"),
        (r"\\ud800 \"\ud83d\ude42\"", r'\ud800 "🙂"'),
    ],
)  # fmt: skip
def test_half_a_character_costs_no_more_than_itself(sent: str, text: str) -> None:
    """A surrogate alone, in a session or any list, beside others and beside a field of another shape."""
    odd = json.dumps(SESSION | {"peers": {"p": PEER | {"name": "?"}}}).replace("?", sent)
    page = f'{{"data": [{odd}, {json.dumps(SESSION | {"active": 0})}], "last": ""}}'.encode()
    listed, polled = wire.sessions(page).entries, [wire.Entry(raw).read() for raw in wire.entries(page).entries]
    assert listed == polled and [each.id for each in listed] == [ID, ID]
    assert listed[0] == wire.session(odd.encode()) and [each.name for each in listed[0].people()] == [text]
    room = f'{{"id": "{ID}", "name": "{sent}"}}'
    named = (wire.room(room.encode()), *wire.rooms(f'{{"data": [{room}]}}'.encode()).entries)
    assert [each.name for each in named] == [text] * 2
    assert wire.templates(f'{{"data": [{room}]}}'.encode()).entries[0].name == text
    for read in (wire.sessions, wire.room):
        with pytest.raises(HmsBadReply):
            read(f'{{"data": 3, "id": 3, "name": "{sent}"}}'.encode())


@pytest.mark.parametrize(
    "body", [b"3", b"[]", b'{"data": 3}', b"{}", b'{"success": false, "msg": "account is suspended"}']
)
def test_an_answer_without_a_list_is_one_error(body: bytes) -> None:
    for read in (wire.sessions, wire.entries, wire.rooms, wire.templates):
        with pytest.raises(HmsBadReply):
            read(body)


def test_of_the_envelope_only_what_is_needed_is_read() -> None:
    for odd in ({"limit": "10", "last": {"id": ID}}, {"limit": None, "last": 7}, {"limit": -3, "last": [ID]}):
        body = json.dumps({"data": [SESSION] * 10} | odd).encode()
        for read in (wire.sessions, wire.entries):
            page = read(body)
            assert len(page.entries) == 10 and not page.ends(10)
    assert wire.sessions(json.dumps({"data": [SESSION] * 9, "limit": "10", "last": ID}).encode()).ends(100)
    assert wire.sessions(b'{"limit": 10, "data": null}').entries == [] == wire.entries(b'{"data": null}').entries


T_0 = datetime(2022, 9, 6, 11, 17, 3, 650_000, tzinfo=UTC)


@pytest.mark.parametrize(
    "written",
    [
        "2022-09-06T11:17:03.65Z", "2022-09-06T11:17:03.650000000Z", "2022-09-06T11:17:03.65", "2022-09-06 11:17:03.65",
        "2022-09-06T16:47:03.65+05:30", "2022-09-06T16:47:03.65+0530", "2022-09-06 11:17:03.65 +0000 UTC",
        "2022-09-06 11:17:03.65 +0000 UTC m=+0.012345678", "2022-09-06 16:47:03.65 +0530 IST",
        1662463023.65, 1662463023650, 1662463023650000, 1662463023650000000, "1662463023.65", "1662463023650",
    ],
)  # fmt: skip
def test_a_time_is_read_however_it_is_written(written: str | float) -> None:
    session = read(SESSION | {"created_at": written, "peers": {"p": PEER | {"joined_at": written, "left_at": written}}})
    (peer,) = [each for _, each in session.each_peer()]
    for when in (session.created_at, peer.joined, peer.left):
        assert when is not None and abs((when - T_0).total_seconds()) < 0.001


@pytest.mark.parametrize("empty", ["", None, 0, "0001-01-01T00:00:00Z", "0001-01-01 00:00:00 +0000 UTC"])
def test_a_time_that_is_none_is_none(empty: object) -> None:
    session = read(SESSION | {"active": "true", "peers": {"p": PEER | {"left_at": empty}}})
    assert session.active and session.people_in_count() == 1


@pytest.mark.parametrize(
    ("said", "active"), [("true", True), ("True", True), (1, True), ("1", True), ("false", False), (0, False)]
)
def test_a_state_is_read_however_it_is_written(said: object, active: bool) -> None:
    assert read(SESSION | {"active": said}).active is active


def test_the_odd_field_is_lost_then_the_odd_peer_then_the_odd_session() -> None:
    before = counted()
    odd = SESSION | {
        "updated_at": {},
        "peers": {"p": PEER | {"joined_at": "soon"}, "q": PEER | {"left_at": "later"}, "r": 7, "s": PEER},
    }
    body = json.dumps({"data": [odd, SESSION | {"active": "perhaps"}, {"active": True}, SESSION], "last": ""}).encode()
    answer = wire.sessions(body)
    first, last = answer.entries
    assert answer.unreadable == 2 and last.lost == 0
    assert first.lost == 1 and first.updated_at is None and len(first.peers or ()) == 3
    peers = dict(first.each_peer())
    assert peers["p"].joined is None
    assert peers["q"].left == peers["q"].joined  # gone, nobody knows since when
    assert {what: count - before[what] for what, count in counted().items()} == {"field": 3, "peer": 1, "session": 2}


@pytest.mark.parametrize(
    "body",
    [
        b'{"data": 5, "last": ', b'{"data": 5, "last": "\xff"}', b"[" * 5_000,
        b'{"surprise": ' + b"[" * 5_000 + b"]" * 5_000 + b"}",
    ],
)  # fmt: skip
def test_what_is_of_another_shape_and_no_json_either(body: bytes) -> None:
    for read in (wire.sessions, wire.entries, wire.session, wire.rooms):
        with pytest.raises(HmsUnavailable):
            read(body)


@pytest.mark.parametrize(
    ("header", "body"), [("Fri, 1 Jan 99999999999 00:00:00 GMT", b""), ("", b'{"message": ' + b"[" * 5_000)]
)
def test_a_wait_that_can_not_be_read_is_none(header: str, body: bytes) -> None:
    error = wire.error_of(httpx.Response(429, headers={"Retry-After": header}, content=body))
    assert isinstance(error, HmsRateLimited) and error.retry_after_s is None
