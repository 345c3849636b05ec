"""One run: a world, its subscriptions, kills until there were enough, peace, and the findings."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import itertools
import random
import re
import sqlite3
import time
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg
import yaml

from bot.demo.fake_hms import Account, FakeHms
from bot.demo.fake_slack import FakeSlack, Message
from bot.demo.fake_slack.ledger import Change
from tests.chaos.checker import Asked, Findings, check
from tests.chaos.doors import Doors
from tests.chaos.life import Life
from tests.chaos.replicas import ROOT, Deck, Replica

SCOPES = frozenset(
    {"commands", "chat:write", "users:read", "channels:history", "groups:history", "im:history", "im:write"}
)
SUBSCRIPTIONS: tuple[tuple[str, int | None, str], ...] = (
    ("live-ops", None, "start,end"),
    ("general", 0, "start,join,leave"),
    ("general", 1, "end"),
    ("support", 2, "end"),
    ("incident-room", 0, "join"),
    ("incident-room", 3, "start,end,join,leave"),
)
"""(channel, number of the room or None for any, kinds)."""
LATE = ("random", None, "start,end")
"""Asked for while processes are being killed, again and again until the bot says that it is done."""
DARK_S = 2.5
"""Once, for so long, no process runs at all."""
STILL_S = 60.0
"""In the end, the bot has settled when nothing waits to be sent; so long without any change is too long."""
BUSY = 25
"""Where so many messages wait, the account rests: a second for a message is Slack's limit, and kills take their time."""
KEPT_LIVE = 5
WAITING = "SELECT count(*) FROM outbox WHERE status IN ('pending', 'sending')"


@dataclass(slots=True)
class Result:
    """What a run did and found. `other` are breaches of Slack's rules and processes that ended by themselves."""

    database: str
    replicas: int
    seed: int
    kills: int = 0
    stops: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    ends: Counter[str] = field(default_factory=Counter)
    halts: Counter[str] = field(default_factory=Counter)
    sessions: int = 0
    messages: int = 0
    edits: int = 0
    seconds: float = 0.0
    steps_s: list[float] = field(default_factory=list)
    findings: Findings = field(default_factory=Findings)
    other: list[str] = field(default_factory=list)

    @property
    def good(self) -> bool:
        return self.findings.good and not self.other


async def run(
    database_url: str,
    folder: Path,
    *,
    replicas: int,
    kills: int,
    seed: int,
    least_s: float = 0.0,
    reconcile: bool = True,
) -> Result:
    """`database_url` is an empty PostgreSQL database, or "" for an SQLite file in the `folder`, where the logs go too.
    Processes are killed at least `kills` times and for `least_s` seconds."""
    url = database_url or f"sqlite:///{folder}/bot.db"
    result = Result("PostgreSQL" if database_url else "SQLite", replicas, seed)
    began = time.monotonic()
    async with _world(url, folder, result, replicas, reconcile=reconcile) as world:
        for step in (world.begin, functools.partial(world.suffer, kills, least_s), world.settle):
            await step()
            result.steps_s.append(time.monotonic() - began)
        world.judge()
    result.seconds = time.monotonic() - began
    return result


@contextlib.asynccontextmanager
async def _world(url: str, folder: Path, result: Result, replicas: int, *, reconcile: bool) -> AsyncIterator[World]:
    dice = random.Random(result.seed)
    account = Account(seed=result.seed)
    life = Life(account, random.Random(dice.random()))
    manifest = yaml.safe_load((ROOT / "manifest.yml").read_text())
    hms, slack = FakeHms(account), FakeSlack(manifest=manifest, scopes=SCOPES)
    slack.workspace.join(slack.workspace.channel("random"), slack.workspace.bot_user)
    world = World(url, result, slack, life, dice)
    doors = Doors(slack, hms, replicas, random.Random(dice.random()), world.reached)
    world.doors = doors
    async with slack:
        await doors.open()
        settings = {
            "SLACK_BOT_TOKEN": slack.bot_token,
            "SLACK_SIGNING_SECRET": slack.signing_secret,
            "HMS_ACCESS_KEY": hms.access_key,
            "HMS_SECRET": hms.secret,
            "DATABASE_URL": url,
            "POLL_INTERVAL_S": "1",
            "LOG_LEVEL": "INFO",
            **dict.fromkeys(("LOG_FORMAT", "DEFAULT_TIMEZONE", "UNCONFIRMED_POSTS"), ""),  # the defaults
        }
        for number in range(replicas):
            own = settings | doors.urls(number)
            world.replicas.append(Replica(number, own, folder, among=replicas, reconcile=reconcile))
        try:
            yield world
        finally:
            for replica in world.replicas:
                await replica.end()
            await doors.close()


class World:
    """The stand-ins, the account's life, and the processes."""

    doors: Doors

    def __init__(self, url: str, result: Result, slack: FakeSlack, life: Life, dice: random.Random) -> None:
        self._url, self._result, self._slack, self._life, self._dice = url, result, slack, life, dice
        self.replicas: list[Replica] = []
        self._asked: list[Asked] = []
        self._first: dict[str, Message] = {}
        self._deck = Deck(dice)
        self._goal = 0, 0.0
        self._turn = itertools.count()
        self._person = asyncio.Lock()
        slack._site.ledger.listeners.append(self._note)

    def reached(self, replica: int, side: str, method: str) -> None:
        self.replicas[replica].reached(side, method)

    async def begin(self) -> None:
        """All processes run, have polled once, and the channels are subscribed."""
        self.doors.healed = True
        for replica in self.replicas:
            await replica.start()
        for replica in self.replicas:
            await replica.ready()
        await self._polls(1)
        for channel, room, kinds in SUBSCRIPTIONS:
            await self._subscribe(channel, room, kinds)
        self.doors.healed = False

    async def suffer(self, kills: int, least_s: float) -> None:
        """So many kills while the account lives, then peace; the account stands still from then on."""
        over = asyncio.Event()
        dark = asyncio.Event()
        self._goal = kills, time.monotonic() + least_s
        async with asyncio.TaskGroup() as group:
            group.create_task(self._life.run(over))
            late = group.create_task(self._subscribe(*LATE))
            for replica in self.replicas:
                group.create_task(self._fates(replica, dark))
            group.create_task(self._until_killed(dark, over, late))

    async def settle(self) -> None:
        """Wait until the bot has told all that there is to tell."""
        self.doors.healed = True
        for replica in self.replicas:
            await replica.ready()
        try:
            async with asyncio.timeout(STILL_S):
                await self._polls(2)  # the first may have begun before the account stood still
        except TimeoutError:
            self._result.other.append("no good polls any more")
        before, since = 0, time.monotonic()
        while waiting := await self._number(WAITING):
            if waiting != before:
                before, since = waiting, time.monotonic()
            if time.monotonic() - since > STILL_S:
                self._result.other.append(f"{waiting} messages are not sent")
                break
            await asyncio.sleep(0.2)
        if held := await self._number("SELECT count(*) FROM outbox WHERE status IN ('held', 'dead')"):
            self._result.other.append(f"{held} messages held or dead")

    def judge(self) -> None:
        result, workspace = self._result, self._slack.workspace
        shown = {
            channel.name or f"direct {channel.im_user}": self._slack.messages(channel.id)
            for channel in workspace.channels.values()
        }
        result.findings = check(self._life.account, self._asked, shown, self._first)
        result.messages = sum(each.bot_id is not None for some in shown.values() for each in some)
        result.edits = sum(each.edited is not None for some in shown.values() for each in some)
        result.sessions = len(self._life.account.sessions)
        result.faults = self.doors.met
        for replica in self.replicas:
            result.ends += replica.killed
            result.halts += replica.stopped
        result.kills, result.stops = result.ends.total(), result.halts.total()
        # A process that was killed has not told the others to wait, nor acknowledged what it was asked
        result.other += [
            each
            for each in self._slack.violations
            if "before Retry-After was over" not in each and "not acknowledged" not in each
        ]

    async def _fates(self, replica: Replica, dark: asyncio.Event) -> None:
        """Kill it, start it again at once, and so on; at the end it runs."""
        while True:
            await replica.suffer(self._dice)
            if dark.is_set():
                await asyncio.sleep(DARK_S)
            if self._enough:
                break
            await replica.start(self._deck.draw())
        await replica.start()

    async def _until_killed(self, dark: asyncio.Event, over: asyncio.Event, late: asyncio.Task[None]) -> None:
        while self._kills < self._goal[0] // 2:
            self._life.busy = await self._number(WAITING) > BUSY
            await asyncio.sleep(0.3)
        dark.set()
        await asyncio.gather(*(replica.kill() for replica in self.replicas))
        await asyncio.gather(*(self._life.blink(room) for room in self._life.rooms))
        await asyncio.sleep(max(0.0, DARK_S - 1.5))
        dark.clear()
        while not (self._enough and late.done()):
            self._life.busy = await self._number(WAITING) > BUSY
            await asyncio.sleep(0.3)
        self._life.end_all_but(KEPT_LIVE)
        over.set()

    @property
    def _kills(self) -> int:
        return sum(replica.killed.total() for replica in self.replicas)

    @property
    def _enough(self) -> bool:
        return self._kills >= self._goal[0] and time.monotonic() >= self._goal[1]

    async def _subscribe(self, channel: str, room: int | None, kinds: str) -> None:
        """As a person would: once more where nothing came back."""
        rooms = self._life.rooms
        line = "subscribe" + (f" room:{rooms[room].id}" if room is not None else "") + f" on:{kinds}"
        place = self._slack.workspace.channel(channel).id
        while True:
            async with self._person:
                self._slack.bot_events_url = f"{self.replicas[next(self._turn) % len(self.replicas)].url}/slack/events"
                known = {each.ts for each in self._slack.ephemerals(channel=place)}
                await self._slack.command(line, channel=place)
                with contextlib.suppress(TimeoutError):
                    await self._slack.wait_for(functools.partial(self._answered, place, known), timeout_s=4.0)
                    break
            await asyncio.sleep(0.5)
        room_id = rooms[room].id if room is not None else None
        self._asked.append(Asked(channel, room_id, frozenset(kinds.split(",")), time.time()))

    def _answered(self, place: str, known: set[str]) -> bool:
        answers = (each for each in self._slack.ephemerals(channel=place) if each.ts not in known)
        return any(re.search(r"Subscribed|that is number", each.plain) for each in answers)

    def _note(self, change: Change) -> None:
        if change.kind == "message.posted" and change.message is not None:
            self._first[change.message.ts] = change.message

    async def _polls(self, count: int) -> None:
        """Wait until so many more polls have begun and were good."""
        asked = "SELECT coalesce(max(seq), 0) FROM polls"
        goal = await self._number(asked) + count
        while await self._number(asked) < goal:
            await asyncio.sleep(0.1)

    async def _number(self, query: str) -> int:
        """Read past the bot, as an operator would."""
        if self._url.startswith("sqlite:///"):
            return await asyncio.to_thread(_sqlite_number, self._url.removeprefix("sqlite:///"), query)
        connection = await asyncpg.connect(self._url)
        try:
            return int(await connection.fetchval(query))
        finally:
            await connection.close()


def _sqlite_number(path: str, query: str) -> int:
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10)) as connection:
        return int(connection.execute(query).fetchone()[0])
