"""Events of webhooks, read as hints, and records held against them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.hms.webhooks import Hint, is_known, read_hint, shows
from bot.sessions.model import Peer, Session

SESSION = "68f0a1b2c3d4e5f60718293a"
PEER = "0d4b4a8e-1f0c-4f63-9a3c-0a9c9c1b6b11"
AT = datetime(2026, 11, 23, 14, 2, tzinfo=UTC)


def event(kind: str, **data: Any) -> dict[str, Any]:
    return {"version": "2.0", "id": "x", "type": kind, "data": {"session_id": SESSION, "peer_id": PEER} | data}


def expected(kind: str, **data: Any) -> str:
    hint = read_hint(event(kind, **data))
    assert hint is not None
    assert hint.session_id == SESSION
    return hint.expects


def record(*peers: Peer, active: bool = True, recorders: tuple[Peer, ...] = ()) -> Session:
    return Session(SESSION, active=active, peers={peer.id or "": peer for peer in peers}, recorders=recorders)


IN, GONE, HOST = Peer(PEER, role="guest"), Peer(PEER, role="guest", left_at=AT), Peer(PEER, role="host")


@pytest.mark.parametrize(
    ("kind", "shown", "hidden"),
    [
        ("session.open.success", [record(), record(active=False)], []),
        ("session.close.success", [record(active=False)], [record(IN)]),
        ("room.end.success", [record(active=False)], [record(IN)]),
        ("peer.join.success", [record(IN), record(GONE), record(recorders=(IN,))], [record(Peer("other"))]),
        ("peer.leave.success", [record(GONE), record(IN, active=False)], [record(IN), record()]),
        ("role.change.success", [record(HOST)], [record(IN), record(), record(Peer("other", role="host"))]),
        ("beam.started.success", [record()], []),
        ("recording.failed", [record()], []),
    ],
)
def test_a_record_shows_the_event_or_is_read_again(kind: str, shown: list[Session], hidden: list[Session]) -> None:
    expects = expected(kind, role="host")
    assert all(shows(each, expects) for each in shown)
    assert not any(shows(each, expects) for each in [*hidden, None])


@pytest.mark.parametrize(
    "odd",
    [
        {}, {"type": "peer.join.success"}, {"type": 7, "data": {"session_id": SESSION}}, {"type": "peer.join.success", "data": []},
        event("peer.join.failure", session_id=None), event("ingest.failure", session_id=""), event("peer.join.success", session_id=7),
        event("peer.join.success", session_id=SESSION.upper()), event("peer.join.success", session_id="../rooms"),
        event("party.begun"), event("party"),
    ],
)  # fmt: skip
def test_what_names_no_session_or_is_of_no_known_kind_is_no_hint(odd: dict[str, Any]) -> None:
    assert read_hint(odd) is None


def test_kinds_of_known_families_are_known() -> None:
    assert is_known(event("peer.join.failure"))
    assert is_known(event("beam.started.tomorrow"))
    assert not is_known(event("party.begun"))
    assert not is_known({"type": ["peer"]})


def test_a_peer_of_another_form_is_a_plain_hint() -> None:
    for kind, data in (("peer.join.success", {"peer_id": 7}), ("role.change.success", {"role": None})):
        assert read_hint(event(kind, **data)) == Hint(SESSION)


def test_nothing_of_a_person_is_kept() -> None:
    said = {"user_name": "Ada", "user_id": "ada", "user_data": "x", "role": "teacher"}
    for kind in ("peer.join.success", "peer.leave.success", "role.change.success"):
        expects = expected(kind, **said)
        assert not any(each in expects for each in (PEER, *said.values()))
        assert len(expects) < 30


Json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.sampled_from(["session_id", "peer_id"]), inner),
)


@given(st.sampled_from(["peer.join.success", "role.change.success", "x"]) | Json, st.just(SESSION) | Json, Json, Json)
def test_any_event_is_read(kind: Any, session_id: Any, peer_id: Any, role: Any) -> None:
    hint = read_hint({"type": kind, "data": {"session_id": session_id, "peer_id": peer_id, "role": role}})
    assert hint is None or (hint.session_id == SESSION and shows(None, hint.expects) is False)
