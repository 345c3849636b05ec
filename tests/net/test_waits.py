"""Waits before a service is asked again."""

from __future__ import annotations

import asyncio

import pytest
from multidict import CIMultiDict

from bot.net.retry_budget import RetryBudget
from bot.net.waits import retry_after_s

DATE = "Mon, 23 Nov 2015 10:00:00 GMT"


@pytest.mark.parametrize(
    ("header", "words", "wait_s"),
    [
        ("45", "", 45),
        ("1.5", "retry after 45 seconds", 1.5),
        ("Mon, 23 Nov 2015 10:00:40 GMT", "", 40),
        ("Mon, 23 Nov 2015 09:00:00 GMT", "", 0),
        ("86400", "", 300),
        ("", "rate limit exceeded, retry after 45 seconds", 45),
        ("soon", "retry after 45 seconds", 45),
        ("-1", "", None),
        ("nan", "", None),
        ("", "try again later", None),
    ],
)
def test_a_wait_is_read_from_the_header_or_the_words(header: str, words: str, wait_s: float | None) -> None:
    headers = CIMultiDict({"date": DATE} | ({"retry-after": header} if header else {}))
    assert retry_after_s(headers, "100ms", words) == wait_s


class Fault(Exception):
    retry_after_s: float | None = None


async def test_the_budget_ends_with_the_last_failure() -> None:
    """Also where an attempt hangs after it."""
    attempts = 0

    async def attempt() -> None:
        nonlocal attempts
        attempts += 1
        if attempts == 3:
            await asyncio.Event().wait()
        raise Fault(str(attempts))

    with pytest.raises(Fault, match="2"):
        await RetryBudget(budget_s=0.3, first_wait_s=0.01).call(attempt, lambda error: isinstance(error, Fault))
    with pytest.raises(TimeoutError):
        await RetryBudget(budget_s=0.01).call(asyncio.Event().wait, lambda _: True)
