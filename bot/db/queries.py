"""Queries and other lines as they are stored."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any, TypeVar

from sqlalchemy import Row

from bot import log
from bot.errors import QueryError
from bot.query.model import Query
from bot.query.parse import RESOLVED_CHARS, parse

T = TypeVar("T")


@lru_cache(maxsize=4096)
def read_query(text: str) -> Query:
    """A query in canonical form, all its rooms known. Raises QueryError."""
    return parse(text, most_chars=RESOLVED_CHARS)


def hashed(text: str) -> str:
    """For indexes: PostgreSQL's takes 2,704 bytes, and a query may have more."""
    return hashlib.sha256(text.encode()).hexdigest()


def readable(rows: Iterable[Row[Any]], read: Callable[[Row[Any]], T]) -> list[T]:
    """Return what `read` makes of each row. One that this version can't read, as it doesn't know a filter or a zone any
    more, is left out and logged."""
    found: list[T] = []
    for row in rows:
        try:
            found.append(read(row))
        except (QueryError, ValueError) as error:
            log.error("setting_unreadable", team=row.team_id, channel=row.channel_id, cause=type(error).__name__)
    return found
