"""A query at a moment: what 100ms is asked, and what is checked here."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from bot.core.plan import check_order, plan
from bot.core.query import parse
from bot.core.session import Peer, Session
from bot.errors import QueryError

NOW = datetime(2026, 11, 23, 14, 2, 3, 456_000, tzinfo=UTC)
ZONE = ZoneInfo("Europe/Berlin")
A, B = "a" * 24, "b" * 24


def session(*roles: str, room: str = A, minutes: int = 10) -> Session:
    started = datetime(2026, 11, 23, 12, tzinfo=UTC)
    peers = [Peer(name=f"Name of {role}", role=role, user_id=f"{role}-id", joined_at=started) for role in roles]
    ended = started.replace(minute=minutes)
    return Session(id="c" * 24, room_id=room, active=False, peers=peers, created_at=started, updated_at=ended)


@pytest.mark.parametrize(
    ("line", "params", "local"),
    [
        ("active", {"active": "true"}, False),
        ("ended", {"active": "false"}, False),
        ("all", {}, False),
        (f"room:{A}", {"active": "true", "room_id": A}, False),
        (f"-room:{A}", {"active": "true"}, True),
        (f"room:{A} room:{B}", {"active": "true"}, True),
        (f"room:{A} -room:{B}", {"active": "true"}, True),
        ("after:2h", {"active": "true", "after": "2026-11-23T12:02:03.456Z"}, False),
        ("before:today", {"active": "true", "before": "2026-11-22T23:00:00.000Z"}, False),
        ("role:host limit:20", {"active": "true"}, True),
    ],
)
def test_params(line: str, params: dict[str, str], local: bool) -> None:
    asked = plan(parse(line), NOW, ZONE)
    assert asked.params == params
    assert (asked.keep is not None) is local


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        ("role:host", True),
        ("role:HOST", True),
        ("role:hos", False),
        ("role:nobody role:guest", True),
        ("role:nobody role:noone", False),
        ("role:host -role:guest", False),
        ("-role:nobody -role:guest", False),
        ("-role:nobody -role:noone", True),
        ("user:host-id", True),
        ("user:HOST-ID", True),
        ("user:host-i", False),
        ('user:"name of g"', True),
        ("-user:guest-id", False),
        ("role:host user:guest-id peers:2", True),
        ("peers:>2", False),
        ("peers:>2 peers:=2", True),
        ("-peers:>2", True),
        ("longer:9m", True),
        ("longer:10m", False),
        ("-longer:10m", True),
        (f"room:{A} room:{B}", True),
        (f"room:{B} -room:{A}", False),
        (f"-room:{B}", True),
    ],
)
def test_repeated_is_or_different_is_and_minus_is_not(line: str, kept: bool) -> None:
    asked = plan(parse(f"all {line}"), NOW, ZONE)
    assert asked.keep is not None
    assert asked.keep(session("host", "guest")) is kept


def test_after_later_than_before_is_an_error_that_swaps_them() -> None:
    check_order(parse("after:3h before:2h"), NOW, ZONE)
    check_order(parse("after:2h before:2h"), NOW, ZONE)
    with pytest.raises(QueryError) as caught:
        check_order(parse("ended before:yesterday role:host after:today limit:20"), NOW, ZONE)
    error = caught.value
    assert error.line[: error.start] + error.fix + error.line[error.end :] == (
        "ended before:today role:host after:yesterday limit:20"
    )
