"""Bad days: outages longer than every back-off, clocks that step, a week's downtime, more than can be told one by one,
and single wrong answers of either side. Each is one entry in `DAYS`.

A day ends by itself, and all is well again after it (`World.endure`): nobody presses anything, and in the end every channel has been told everything, once.
"""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import psycopg

from bot.demo import fake_hms
from bot.demo.fake_slack import ApiError, Dropped, Fault, HttpError, RateLimited, Stalled
from tests.chaos.bot import PACE
from tests.chaos.checker import key_of
from tests.db.server import named

if TYPE_CHECKING:
    from tests.chaos.run import World

Day = Callable[["World", "Size"], Awaitable[None]]
HOUR_S, DAY_S = 3_600.0, 86_400.0
STEPS_S = HOUR_S, -HOUR_S, 40 * DAY_S, -40 * DAY_S
DOWNTIME_S = 8 * DAY_S
REST_S = 3.0
"""Between two things that happen on a day, so that a few polls see each alone."""
ROUND_S = 8.0
STEPS, STEP_S = 4, 30.0
"""The time that the wrong answers of a round have to find a request each; in it time leaps, so that waits are over."""


@dataclass(frozen=True, slots=True)
class Size:
    """The measure of a bad day: an outage of `outage_s` seconds, `backlog` sessions that ended while the bot was down, each page
    of them taking `page_s`, a clock that is off for `step_s`, and every wrong answer `rounds` times. No day takes longer
    than `most_s`."""

    outage_s: float
    step_s: float
    backlog: int
    page_s: float
    rounds: int
    most_s: float


SHORT = Size(outage_s=4.0, step_s=1.0, backlog=1_500, page_s=0.05, rounds=1, most_s=240.0)
"""In `make test`."""
LONG = Size(outage_s=90.0, step_s=15.0, backlog=20_000, page_s=1.0, rounds=5, most_s=3_600.0)
"""In `make chaos`: longer than every wait of the bot's at the crash test's pace."""


@dataclass(slots=True)
class Answers:
    """Faults that come one after the other, each to the next request that it is meant for; a message meets one."""

    queue: list[tuple[str, Any]] = field(default_factory=list)
    met: set[str] = field(default_factory=set)

    def slack(self, method: str, arguments: Mapping[str, Any]) -> Fault | None:
        wanted = "reply" if method == "chat.postMessage" and arguments.get("thread_ts") else method
        if (key := key_of(arguments.get("metadata"))) in self.met:
            return None
        fault: Fault | None = self._take(wanted)
        if fault is not None and key:
            self.met.add(key)
        return fault

    def hms(self, name: str, _: Mapping[str, str]) -> fake_hms.Fault | None:
        return self._take(name)

    def _take(self, name: str) -> Any:
        place = next((place for place, (wanted, _) in enumerate(self.queue) if wanted == name), None)
        return None if place is None else self.queue.pop(place)[1]


SLACK_ANSWERS: Sequence[tuple[str, Fault]] = (
    ("chat.postMessage", ApiError("invalid_auth")),
    ("chat.postMessage", ApiError("some_new_code")),
    ("chat.postMessage", ApiError("not_in_channel")),
    ("chat.postMessage", HttpError(200, "", content_type="application/json")),
    ("chat.postMessage", HttpError(200, "{}", after_doing=True, content_type="application/json")),
    ("chat.postMessage", RateLimited(2)),
    ("chat.postMessage", ApiError("channel_not_found")),
    ("chat.update", ApiError("message_not_found")),
    ("chat.update", ApiError("cant_update_message")),
    ("chat.update", ApiError("account_inactive")),
    ("chat.update", ApiError("another_new_code")),
    ("reply", ApiError("some_new_code")),
    ("conversations.history", ApiError("internal_error")),
    ("auth.test", HttpError(503)),
)
HMS_ANSWERS: Sequence[tuple[str, fake_hms.Fault]] = (
    ("sessions", fake_hms.Status(200, {}, {})),
    ("sessions", fake_hms.Status(200, {}, {"success": False, "msg": "try later"})),
    ("sessions", fake_hms.Status(200, {}, {"data": [{"id": "soon"}], "last": {}, "limit": "10"})),
    ("sessions", fake_hms.Status(429, {"Retry-After": "1"})),
    ("session", fake_hms.Status(200, {}, {})),
)


async def slack_out(world: World, size: Size) -> None:
    """Slack answers 503 to everything; a part of what it was asked it did all the same."""

    def out(method: str, _: Mapping[str, Any]) -> Fault | None:
        done = method == "chat.postMessage" and world.dice.random() < 0.2
        return world.dice.choice([HttpError(503, "out", after_doing=done), Dropped(after_doing=done)])

    world.doors.slack_day = out
    await asyncio.sleep(size.outage_s)
    world.doors.slack_day = lambda *_: Stalled(PACE.post_s + 0.3) if world.dice.random() < 0.5 else None
    await asyncio.sleep(REST_S)


async def hms_out(world: World, size: Size) -> None:
    """100ms answers 503 to everything."""
    world.doors.hms_day = lambda *_: fake_hms.Status(503)
    await asyncio.sleep(size.outage_s)


async def database_out(world: World, size: Size) -> None:
    """Another program holds the SQLite file, or PostgreSQL lets nobody in."""
    async with _shut(world.url):
        await asyncio.sleep(size.outage_s)


async def clock_steps(world: World, size: Size) -> None:
    """The clock of every process steps while it runs or is off when it starts; PostgreSQL's goes along with some."""
    for step_s, restarts, database in zip(STEPS_S, (True, False, False, True), (False, True, False, True), strict=True):
        await world.step(step_s, database=database)
        if restarts:
            await world.stop()
            await world.start()
        await asyncio.sleep(size.step_s)
        await world.step(0.0)
        await asyncio.sleep(size.step_s)


async def week_down(world: World, size: Size) -> None:
    """Eight days without the bot, at whose beginning all that was live ended."""
    await world.stop()
    world.life.end_all_but(0)
    await world.pass_time(DOWNTIME_S)
    await world.start()
    await asyncio.sleep(REST_S)


async def backlog(world: World, size: Size) -> None:
    """More sessions began and ended while the bot was down than it can tell one by one, and every page takes long."""
    await world.stop()
    await world.pass_time(HOUR_S)
    world.life.pile_up(size.backlog)
    world.doors.hms_day = lambda name, _: fake_hms.Stall(size.page_s) if name == "sessions" else None
    await world.start()
    await world.caught_up(size.backlog)


async def wrong_answers(world: World, size: Size) -> None:
    """Single odd answers of either side, each to another request."""
    answers = Answers()
    world.doors.slack_day, world.doors.hms_day = answers.slack, answers.hms
    for _ in range(size.rounds):
        answers.queue += world.dice.sample([*SLACK_ANSWERS, *HMS_ANSWERS], len(SLACK_ANSWERS) + len(HMS_ANSWERS))
        for _ in range(STEPS):
            await asyncio.sleep(ROUND_S / STEPS)
            await world.pass_time(STEP_S)


DAYS: dict[str, Day] = {
    each.__name__: each for each in (slack_out, hms_out, database_out, clock_steps, week_down, backlog, wrong_answers)
}


@contextlib.asynccontextmanager
async def _shut(url: str) -> AsyncIterator[None]:
    """The database is closed to everybody."""
    if url.startswith("sqlite"):
        path = url.removeprefix("sqlite:///")
        with contextlib.closing(sqlite3.connect(path, timeout=30, isolation_level=None)) as holder:
            holder.execute("BEGIN EXCLUSIVE")
            yield
            holder.execute("ROLLBACK")
        return
    name = urlsplit(url).path.strip("/")
    async with await psycopg.AsyncConnection.connect(named(url, "postgres"), autocommit=True) as operator:
        await operator.execute(f"ALTER DATABASE {name} WITH ALLOW_CONNECTIONS false")
        await operator.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,))
        yield
        await operator.execute(f"ALTER DATABASE {name} WITH ALLOW_CONNECTIONS true")
