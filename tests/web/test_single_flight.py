"""The database is asked once for all who watch the bot at a moment, and none of them waits long."""

from __future__ import annotations

import asyncio

from bot.errors import BotError
from bot.web.single_flight import SingleFlight


class Asked:
    """A database that answers with how often it was asked, when it is let, and a clock that stands still."""

    def __init__(self) -> None:
        self.count, self.now_s = 0, 0.0
        self.let = asyncio.Event()
        self.let.set()
        self.timely = SingleFlight(self.ask, -1, lambda: self.now_s)

    async def ask(self) -> int:
        self.count += 1
        await self.let.wait()
        return self.count


async def test_all_who_ask_within_a_second_get_one_answer() -> None:
    asked = Asked()
    assert set(await asyncio.gather(*(asked.timely.get() for _ in range(50)))) == {1}
    asked.now_s = 0.99
    assert await asked.timely.get() == 1
    asked.now_s = 1.0
    assert await asked.timely.get() == 2


async def test_who_asks_while_a_question_hangs_waits_only_for_the_rest_of_its_time() -> None:
    asked = Asked()
    asked.let.clear()
    first = asyncio.create_task(asked.timely.get())
    await asyncio.sleep(0)
    asked.now_s = 2.0
    assert await asked.timely.get() == -1
    assert not first.done()
    asked.now_s = 60.0
    assert await asked.timely.get() == -1
    asked.let.set()
    assert await first == 1
    assert await asked.timely.get() == 2  # the first is an answer of a minute ago


async def test_a_refusal_is_an_answer() -> None:
    async def ask() -> str:
        counted.append(1)
        raise BotError("gone")

    counted: list[int] = []
    timely = SingleFlight(ask, "otherwise", lambda: 0.0)
    assert [await timely.get(), await timely.get()] == ["otherwise"] * 2
    assert len(counted) == 1
