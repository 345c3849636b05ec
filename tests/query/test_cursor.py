"""The value of a paging button."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from bot.errors import QueryError, StaleButton
from bot.query.cursor import VALUE_CHARS, PageCursor, read_cursor
from bot.query.model import Query
from bot.query.parse import RESOLVED_CHARS, parse
from tests import strategies
from tests.effort import effort

NOW = datetime(2026, 11, 23, 14, 2, 3, 456_789, tzinfo=UTC)
ZONES = st.sampled_from(["UTC", "Europe/Berlin", "America/Argentina/ComodRivadavia"])


def first(query: Query, zone: str) -> PageCursor:
    try:
        return PageCursor.first(query, NOW, zone)
    except QueryError:  # its times are in the wrong order
        reject()


@given(strategies.queries(), ZONES, st.lists(strategies.ids, max_size=30))
@settings(max_examples=effort(50))
def test_read_undoes_write_and_back_undoes_more(query: Query, zone: str, cursors: list[str]) -> None:
    place = first(query, zone)
    visited = [place]
    for cursor in cursors:
        place = read_cursor(place.more(cursor).write())
        visited.append(place)
    for expected in reversed(visited):
        assert read_cursor(expected.write()) == expected
        assert place == expected
        if expected.number > 1:
            place = read_cursor(place.back().write())  # type: ignore[union-attr]
    assert place.back() is None


@given(strategies.queries(), st.integers(100, 400))
@settings(max_examples=effort(10))
def test_fits_however_deep(query: Query, depth: int) -> None:
    place = first(query, "America/Argentina/ComodRivadavia")
    for number in range(depth):
        place = read_cursor(place.more(f"{number:024x}").write())
        assert len(place.write()) <= VALUE_CHARS
    assert place.number == depth + 1
    steps = 0
    while (back := place.back()) is not None:
        place, steps = read_cursor(back.write()), steps + 1
    assert place.number == 1 and place.start is None
    assert steps >= 45


def test_the_longest_resolved_query_fits() -> None:
    query = parse("active " + " ".join(f"user:{'x' * 45}{n:02d}" for n in range(10)) + " " + "room:a" * 3)
    place = PageCursor.first(query, NOW, "UTC").more("0" * 24)
    assert len(place.write()) <= VALUE_CHARS
    assert len(str(query)) <= RESOLVED_CHARS


@pytest.mark.parametrize(
    "value",
    [
        "", "1", "0|1|0|UTC|||active", "2|1|0|UTC|||active", "1|0|0|UTC|||active", "1|x|0|UTC|||active",
        "1|1|99999999999999999999|UTC|||active", "1|1|-62135596800000|UTC|||active after:2h",
        "1|1|0|Mars/Olympus|||active", "1|1|0|../../etc/passwd|||active", "1|2|0|UTC|||active",
        "1|1|0|UTC|00000000000000000000000a||active", "1|2|0|UTC|zz0000000000000000000000||active",
        "1|2|0|UTC|00000000000000000000000a|AAAA|active", "1|2|0|UTC|00000000000000000000000a|!!!!|active",
        "1|1|1790000000000|" + "a/" * 400 + "b|||active", "1|1|0|UTC|||rom:x", "1|1|0|UTC|||" + "role:a " * 400,
    ],
)  # fmt: skip
def test_broken_values_are_stale(value: str) -> None:
    with pytest.raises(StaleButton):
        read_cursor(value)


@given(st.text(max_size=200))
def test_any_value_is_read_or_stale(value: str) -> None:
    for text in (value, f"1|1|0|UTC||{value}", f"1|2|5|UTC|{'a' * 24}|{value}"):
        try:
            place = read_cursor(text)
        except StaleButton:
            continue
        assert read_cursor(place.write()) == place
