"""A query at a moment: what 100ms is asked, and what is checked here."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from bot.errors import QueryError
from bot.query.parse import parse
from bot.query.plan import Plan, due, fixed, matcher, plan
from bot.query.times import api_time
from bot.sessions.model import Peer, Session
from tests.query.mending import corrected

NOW = datetime(2026, 11, 23, 14, 2, 3, 456_000, tzinfo=UTC)
ZONE = ZoneInfo("Europe/Berlin")
A, B = "a" * 24, "b" * 24


def at(line: str, now: datetime = NOW) -> Plan:
    return plan(fixed(parse(line), now, ZONE), now)


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
    asked = at(line)
    assert asked.params == params
    assert (asked.keep is not None) is local


KEPT = (
    "role:host", "role:HOST", "role:nobody role:guest", "-role:nobody -role:noone", "user:host-id", "user:HOST-ID",
    'user:"name of g"', "role:host user:guest-id peers:2", "peers:>2 peers:=2", "-peers:>2", "longer:9m",
    "-longer:10m", f"room:{A} room:{B}", f"-room:{B}",
)  # fmt: skip
NOT_KEPT = (
    "role:hos", "role:nobody role:noone", "role:host -role:guest", "-role:nobody -role:guest", "user:host-i",
    "-user:guest-id", "peers:>2", "longer:10m", f"room:{B} -room:{A}",
)  # fmt: skip


@pytest.mark.parametrize("line", [*KEPT, *NOT_KEPT])
def test_repeated_is_or_different_is_and_minus_is_not(line: str) -> None:
    asked = at(f"all {line}")
    assert asked.keep is not None
    assert asked.keep(session("host", "guest")) is (line in KEPT)


@pytest.mark.parametrize(
    ("now", "line", "after", "before"),
    [  # the 23rd is a Monday; Berlin is an hour ahead of UTC
        ("2026-11-23T09:30", "after:10:00 before:11:00", "23T09:00", "23T10:00"),
        ("2026-11-23T08:30", "after:10:00 before:11:00", "22T09:00", "22T10:00"),
        ("2026-11-23T12:00", "after:10:00 before:11:00", "23T09:00", "23T10:00"),
        ("2026-11-23T12:00", "after:23:00 before:1:00", "22T22:00", "23T00:00"),
        ("2026-11-23T18:00", "after:yesterday 9am before:5pm", "22T08:00", "22T16:00"),
        ("2026-11-25T12:00", "after:monday 9:00 before:17:00", "23T08:00", "23T16:00"),
        ("2026-11-25T12:00", "after:last monday before:last friday", "22T23:00", "26T23:00"),
        ("2026-11-23T12:00", "after:monday before:monday", "22T23:00", "29T23:00"),
        ("2026-11-23T12:00", "after:monday before:tuesday", "22T23:00", "23T23:00"),
        ("2026-11-23T12:00", "after:friday before:monday", "19T23:00", "22T23:00"),
        ("2026-11-23T12:00", "after:wednesday 9:00 before:friday 17:00", "18T08:00", "20T16:00"),
        ("2026-11-23T09:30", "after:today before:11:00", "22T23:00", "23T10:00"),
        ("2026-11-23T12:00", "after:yesterday 9am before:yesterday 5pm", "22T08:00", "22T16:00"),
    ],
)
def test_what_ends_a_period_comes_after_its_start(now: str, line: str, after: str, before: str) -> None:
    params = at(line, datetime.fromisoformat(f"{now}Z")).params
    assert params["after"] == f"2026-11-{after}:00.000Z"
    assert params["before"] == f"2026-11-{before}:00.000Z"


@pytest.mark.parametrize(
    ("line", "swapped"),
    [
        ("after:today before:yesterday 9:00", 'after:"yesterday 09:00" before:today'),
        ("after:9:30 before:2026-11-20", "after:2026-11-20 before:09:30"),
        ("after:yesterday before:2026-11-16", "after:2026-11-16 before:yesterday"),
    ],
)
def test_a_wrong_order_is_swapped_to_the_same_two_moments(line: str, swapped: str) -> None:
    with pytest.raises(QueryError) as caught:
        fixed(parse(line), NOW, ZONE)
    better, faithful, *_ = corrected(caught.value, NOW, "UTC")
    assert (better, faithful) == (swapped, True)
    after, before = parse(line).terms
    params = at(better).params
    assert params["after"] == api_time(before.value.at(NOW, ZONE))
    assert params["before"] == api_time(after.value.at(NOW, ZONE))


def test_after_later_than_before_is_an_error_that_swaps_them() -> None:
    fixed(parse("after:3h before:2h"), NOW, ZONE)
    fixed(parse("after:2h before:2h"), NOW, ZONE)
    with pytest.raises(QueryError) as caught:
        fixed(parse("ended before:yesterday role:host after:today limit:20"), NOW, ZONE)
    error = caught.value
    assert error.line[: error.start] + error.fix + error.line[error.end :] == (
        "ended before:today role:host after:yesterday limit:20"
    )


@pytest.mark.parametrize(
    ("line", "seconds"),
    [
        ("longer:45m", 2_700),
        ("-longer:45m", 2_700),
        ("longer:45m longer:30m", 1_800),
        ("longer:5m longer:45m", 2_700),  # the first is over
        ("longer:5m", None),
        (f"room:{A} role:host peers:>=2", None),
    ],
)
def test_when_an_answer_may_differ_by_time_alone(line: str, seconds: int | None) -> None:
    """The next such moment. The answer is still the old one just before it, and may be another at it."""
    live = Session(id="c" * 24, room_id=A, active=True, created_at=NOW - timedelta(minutes=10))
    at = due(parse(line), live, NOW)
    assert at == (None if seconds is None else live.started_at + timedelta(seconds=seconds, milliseconds=1))
    assert due(parse(line), replace(live, active=False, updated_at=NOW), NOW) is None
    if at is not None and line.count("longer") == 1:
        before = at - timedelta(milliseconds=1)
        assert matcher(parse(line), before)(live) is not matcher(parse(line), at)(live)
        assert due(parse(line), live, before) == at and due(parse(line), live, at) is None
