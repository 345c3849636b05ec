"""What a transaction announces is heard once it is stored, in the process that stored it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from sqlalchemy import Connection

from bot.db.database import Database
from bot.db.transaction import announce


def announcing(*topics: str, then: Callable[[], object] = lambda: None) -> Callable[[Connection], None]:
    def work(db: Connection) -> None:
        for topic in topics:
            announce(db, topic)
        then()

    return work


async def test_listeners_are_called_once_for_a_transaction_that_is_stored(store: Database) -> None:
    heard: list[str] = []
    store.listen("a", lambda: heard.append("a"))
    store.listen("b", lambda: heard.append("b"))
    await store.run(announcing("a", "a", "nobody's"))
    await store.run(announcing())
    assert heard == ["a"]
    await store.run(announcing("b", "a"))
    assert sorted(heard) == ["a", "a", "b"]


async def test_what_was_undone_is_not_heard(store: Database) -> None:
    heard: list[str] = []
    store.listen("a", lambda: heard.append("a"))
    with pytest.raises(ZeroDivisionError):
        await store.run(announcing("a", then=lambda: 1 / 0))
    await store.run(announcing())
    assert heard == []


async def test_a_caller_that_is_gone_is_no_reason_not_to_hear(store: Database) -> None:
    heard, begun = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()
    store.listen("a", heard.set)
    caller = asyncio.create_task(store.run(announcing("a", then=lambda: loop.call_soon_threadsafe(begun.set))))
    async with asyncio.timeout(20):
        await begun.wait()
        caller.cancel()
        await heard.wait()
