"""Iterates over the pages of 100ms's lists."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Hashable, Mapping
from typing import TypeVar

from bot.errors import HmsEndless
from bot.hms.client import Batch, RawBatch, repeats
from bot.query.values import LIMIT_MAX

PAGES_MOST = 1_000
SESSIONS_MOST = PAGES_MOST * LIMIT_MAX
"""A list that goes on beyond is not read as complete."""

B = TypeVar("B", Batch, RawBatch)
Read = Callable[..., Awaitable[B]]
"""`Hms.list_sessions` or `Hms.list_entries`."""


async def pages(read: Read[B], params: Mapping[str, str], most: int, start: str | None = None) -> AsyncIterator[B]:
    """Yield up to `most` pages of a list, from `start` on. Raises HmsError; HmsBadReply if a page repeats an earlier
    one, as when `start` is ignored, since such a list has no end."""
    seen: set[Hashable] = set()
    for _ in range(most):
        batch = await read(params, limit=LIMIT_MAX, start=start)
        marks, cursor = batch.marks, batch.cursor
        if not batch.last and (cursor in ("", start) or (marks and marks[-1] in seen)):
            raise repeats()
        yield batch
        if batch.last:
            return
        seen.update(marks)
        start = cursor


async def every_page(read: Read[B], params: Mapping[str, str]) -> AsyncIterator[B]:
    """Yield all pages of a list. Raises HmsError; HmsEndless if it is too long."""
    last = False
    async for batch in pages(read, params, PAGES_MOST):
        yield batch
        last = batch.last
    if not last:
        raise HmsEndless(f"100ms lists more than {SESSIONS_MOST:,} sessions.", cause=f"more than {PAGES_MOST} pages")
