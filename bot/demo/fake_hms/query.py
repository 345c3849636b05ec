"""Reading the query parameters of the two listings; anything malformed is a `BadQuery`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from .records import is_hex_id, on_ms

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z")
_T = TypeVar("_T")


class BadQuery(Exception):
    """A parameter outside its documented form; the text names it."""


@dataclass(frozen=True, slots=True)
class Window:
    """The parameters of both listings: times are Unix seconds, to the millisecond."""

    after: float | None
    before: float | None
    limit: int
    start: str | None


def window(query: Mapping[str, str]) -> Window:
    """`after`, `before`, `limit` (10 to 100, default 10) and `start` [Sessions/list-sessions]."""
    return Window(
        after=_read(query, "after", _time),
        before=_read(query, "before", _time),
        limit=_read(query, "limit", _limit) or 10,
        start=hex_id(query, "start"),
    )


def flag(query: Mapping[str, str], name: str) -> bool | None:
    """`true` or `false`; None where the parameter is absent."""
    return _read(query, name, {"true": True, "false": False}.__getitem__)


def hex_id(query: Mapping[str, str], name: str) -> str | None:
    """An id of 24 hex digits; None where the parameter is absent."""
    return _read(query, name, _id)


def _read(query: Mapping[str, str], name: str, read: Callable[[str], _T]) -> _T | None:
    if name not in query:
        return None
    try:
        return read(query[name])
    except (ValueError, KeyError, OverflowError) as error:
        raise BadQuery(f"{name} is malformed or out of range: {query[name]!r}") from error


def _limit(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 10 <= int(text) <= 100:
        raise ValueError(text)
    return int(text)


def _id(text: str) -> str:
    if not is_hex_id(text):
        raise ValueError(text)
    return text


def _time(text: str) -> float:
    if _TIME.fullmatch(text) is None:
        raise ValueError(text)
    return on_ms(datetime.fromisoformat(text).timestamp())
