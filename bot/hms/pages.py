"""Lists of 100ms, a page after the other."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import TypeVar

from bot.core.values import LIMIT_MAX
from bot.errors import HmsBadReply
from bot.hms.client import Batch, RawBatch

PAGES_MOST = 1_000
"""100,000 sessions; a list that goes on beyond is not read as complete."""

B = TypeVar("B", Batch, RawBatch)
Read = Callable[..., Awaitable[B]]
"""`Hms.list_sessions` or `Hms.list_entries`."""


async def pages(read: Read[B], params: Mapping[str, str], most: int) -> AsyncIterator[B]:
    """The first pages of a list, `most` of them. Raises HmsError."""
    start: str | None = None
    for _ in range(most):
        batch = await read(params, limit=LIMIT_MAX, start=start)
        yield batch
        if batch.last:
            return
        start = batch.cursor


async def every_page(read: Read[B], params: Mapping[str, str]) -> AsyncIterator[B]:
    """All pages of a list. Raises HmsError; HmsBadReply where it doesn't end."""
    last = False
    async for batch in pages(read, params, PAGES_MOST):
        yield batch
        last = batch.last
    if not last:
        raise HmsBadReply("100ms lists sessions without an end.", cause=f"more than {PAGES_MOST} pages")
