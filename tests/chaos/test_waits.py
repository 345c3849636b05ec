"""Waits that end, and what they say then."""

from __future__ import annotations

import asyncio
import contextlib
import random
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from bot.demo.fake_slack import FakeSlack
from tests.chaos.database import Database
from tests.chaos.hands import Hands
from tests.chaos.muter import Muter
from tests.chaos.points import Point
from tests.chaos.replicas import Fate
from tests.chaos.run import Result, new_world
from tests.chaos.waits import Patience, TooLongError, within
from tests.clocks import Clock


async def test_an_error_says_where_all_wait() -> None:
    async def person(name: str) -> None:
        await asyncio.Event().wait()

    waiting = asyncio.create_task(person("Ada"))
    with pytest.raises(TooLongError, match=r"tea: not within 0\.01 s(.|\n)*person\(name='Ada'\) test_waits\.py:\d+"):
        await within(0.01, "tea", person("Bo"))
    waiting.cancel()


async def test_what_comes_in_time_is_handed_on() -> None:
    assert await within(1.0, "a word", asyncio.sleep(0, "word")) == "word"


def test_patience_is_for_what_stays_the_same() -> None:
    clock = Clock()
    patience = Patience(3.0, clock)
    for number in range(3):
        clock.now += 2.0
        assert not patience.over(number)
    clock.now += 2.0
    assert not patience.over(2)
    clock.now += 2.0
    assert patience.over(2)


async def test_a_number_that_stays_the_same_is_named(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/some.db")
    with contextlib.closing(sqlite3.connect(tmp_path / "some.db")) as connection:
        connection.execute("CREATE TABLE polls (seq)")
    with pytest.raises(TooLongError, match=r"SELECT count\(\*\) FROM polls has been 0 for 0\.1 s"):
        await database.until("SELECT count(*) FROM polls", bool, 0.1)


async def test_a_line_that_is_never_answered_is_named() -> None:
    async with FakeSlack() as slack:
        hands = Hands(slack, [Nobody()], patience_s=0.1)  # type: ignore[list-item]
        with pytest.raises(
            TooLongError, match=r"'mute 2h' in general, typed 2 times, wants '🔕' and was answered \['/sessions failed"
        ):
            await hands.type("mute 2h", "general", "🔕")


class Nobody:
    wants, events_url = "", None


class Last(random.Random):
    """Takes the last of what there is."""

    def choice(self, seq: Sequence[Any]) -> Any:
        return seq[-1]


@pytest.mark.slow
async def test_a_session_that_ends_as_it_is_muted(tmp_path: Path) -> None:
    """The bot refuses, and a person who typed it again and again would never be done."""
    async with new_world("", tmp_path, Result("SQLite", 1, 0)) as world:
        await world.begin_calmly()
        (replica,) = world.replicas
        session = world.life.watched[-1]
        world.life.account.end(session, world.clock())
        muter = Muter(world.life, Hands(world.slack, world.replicas, patience_s=8.0), Last())
        replica.turn(Fate(Point("before", "silence.mute_store.add")))  # so that the person mutes
        await muter.act()
        (silence,) = muter.silences
        assert silence.session_id == session.id
        assert not silence.span.surely(silence.span.since) and silence.span.perhaps(
            silence.span.first, silence.span.first
        )
