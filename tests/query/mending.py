"""Lines mended as the bot mends them, those of lists unless another command is named."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeVar

import pytest

from bot.app import FEATURES
from bot.errors import QueryError
from bot.query import command_lines
from bot.query.filters import LIST
from bot.query.parse import mended
from bot.slack.registry import Registry

LINES = Registry(FEATURES).lines
T = TypeVar("T")


def corrected(
    error: QueryError, now: datetime, zone: str, *, scope: str = LIST, commands: Sequence[str] = ()
) -> command_lines.Mended:
    error.scope = scope
    return command_lines.corrected(error, now, zone, LINES, commands=commands)


def refused(read: Callable[[str], object], marked: str) -> QueryError:
    """The error of a line, whose fault stands between « and »."""
    with pytest.raises(QueryError) as caught:
        read(marked.replace("«", "").replace("»", ""))
    error = caught.value
    assert error.line[error.start : error.end] == marked.partition("«")[2].partition("»")[0]
    return error


def not_read(read: Callable[[str], object], marked: str, says: str, better: str, faithful: bool) -> None:
    """Check what is said of a line, whose fault is marked as for `refused`."""
    error = refused(read, marked)
    assert says in error.text
    assert (mended(error), error.faithful) == (better, faithful)


def read_or_mended(read: Callable[[str], T], line: str, times: int = 12) -> T:
    """The line after it has been mended so many times at most, each time in one place."""
    for _ in range(times):
        try:
            return read(line)
        except QueryError as error:
            assert error.text
            assert 0 <= error.start <= error.end <= len(error.line)
            line = mended(error)
    raise AssertionError(line)
