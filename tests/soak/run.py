"""The bot as in production, a process of its own, between its stand-ins: an hour in minutes, or many commands at once.

The hour has as many polls, subscriptions, commands and faults, and what channels show is checked at the end. Of many
commands all are acknowledged in time, and all are answered.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any, Literal

from bot.demo.bot_process import BotProcess
from tests.chaos.checker import Asked, Findings, check
from tests.chaos.database import Database
from tests.chaos.hands import Hands
from tests.chaos.muter import Muter
from tests.chaos.people import again
from tests.chaos.planner import Planner
from tests.chaos.run import DEAD, HUSHED, QUEUED, UNSENT
from tests.chaos.team import MORE, Team, add_channel
from tests.soak.typing import Typed, Typist, keep_typing
from tests.soak.watch import Sample, grown, watch

Mode = Literal["web", "socket"]

POLLS = 240
"""Of an hour, at one every 15 seconds."""
COMMANDS = 600
ROOMS = 4
CHANNELS = ("live-ops", "general", "support", "incident-room", *MORE, *(f"soak-{number}" for number in range(19)))
"""Each is subscribed to each room: 100 subscriptions."""
THREADED = ("incident-room", "soak-0", "soak-1")
TYPISTS = 4
REFRESH_S, WARNED_S = 30.0, 10.0
"""Between two refreshes of connections, which Slack announces 10 seconds ahead; its own come every few hours."""
STORM_S, CALM_S = 8.0, 40.0
"""Faults come in storms: after a lost answer a channel waits for half a minute, as in production."""
BUSY = 100
SETTLE_S = 180.0
POLLED = "SELECT coalesce(max(seq), 0) FROM polls"
LINES = ("active", "ended after:1h", "all limit:20", "help", "subscriptions", "active role:guest")
"""Commands that come at once."""


@dataclass(slots=True)
class Result:
    """`other` are breaches of Slack's rules, and what isn't done in the end."""

    seed: int
    minutes: float = 0.0
    polls: int = 0
    subscriptions: int = 0
    sessions: int = 0
    messages: int = 0
    refreshed: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    typed: Typed = field(default_factory=Typed)
    samples: list[Sample] = field(default_factory=list)
    findings: Findings = field(default_factory=Findings)
    other: list[str] = field(default_factory=list)

    @property
    def broken(self) -> list[str]:
        """Every bound that doesn't hold."""
        lost = [f"{kind}: {line}" for kind, lines in self.findings.kinds().items() for line in lines]
        unanswered = [f"unanswered: {each[:60]!r}" for each in self.typed.unanswered]
        return [*grown(self.samples), *lost, *unanswered, *self.other]


@dataclass(slots=True)
class Load:
    """`other`: breaches of Slack's rules, among them each acknowledgement that took longer than 3 seconds."""

    commands: int
    typed: Typed
    seconds: float
    other: list[str]

    @property
    def broken(self) -> list[str]:
        """Every bound that doesn't hold."""
        late = [f"{self.typed.late} answers say that it took too long"] * bool(self.typed.late)
        return [*self.other, *late, *(f"unanswered: {each}" for each in self.typed.unanswered)]


@contextlib.asynccontextmanager
async def world(seed: int, mode: Mode, **settings: Any) -> AsyncIterator[tuple[Team, BotProcess, random.Random]]:
    """All is well, and the bot is ready. `settings` are the bot's, besides the addresses. The team's `doors` make the
    faults, while they aren't `healed`."""
    dice = random.Random(seed)
    team = Team(seed, dice)
    team.doors.healed = True
    async with team.slack:
        await team.doors.open()
        try:
            async with BotProcess(team.slack, team.hms, "", mode, **team.doors.urls(0), **settings) as bot:
                await bot.start()
                assert await bot.ready(), "the bot doesn't start"
                yield team, bot, dice
        finally:
            await team.doors.close()


async def load(commands: int, seed: int, mode: Mode = "web") -> Load:
    """Let so many people type one command each in the same moment."""
    async with world(seed, mode) as (team, _, _):
        typed, warm = Typed(), Typist(team.slack, 0, Typed())
        for line in LINES:
            await warm.type(line)
        typists = [Typist(team.slack, number + 1, typed) for number in range(commands)]
        began = time.monotonic()
        await asyncio.gather(*(each.type(LINES[number % len(LINES)]) for number, each in enumerate(typists)))
        return Load(commands, typed, time.monotonic() - began, list(team.slack.violations))


async def soak(minutes: float, seed: int, mode: Mode = "web") -> Result:
    result = Result(seed)
    began = time.monotonic()
    async with world(seed, mode, POLL_INTERVAL_S=f"{max(1.0, minutes * 60 / POLLS):g}") as made:
        await _Soak(*made, result).run(minutes * 60)
    result.minutes = (time.monotonic() - began) / 60
    return result


@dataclass(slots=True)
class _Process:
    """The bot, as `Hands` see it."""

    events_url: str | None
    wants: str = ""


class _Soak:
    def __init__(self, team: Team, bot: BotProcess, dice: random.Random, result: Result) -> None:
        self._bot, self._dice, self._result = bot, dice, result
        self._slack, self._life, self._doors = team.slack, team.life, team.doors
        workspace = self._slack.workspace
        for number, name in enumerate(CHANNELS):
            if name.startswith("soak-"):
                add_channel(self._slack, f"C07QX6SOK{number:02}", name)
            else:
                workspace.join(workspace.channel(name), workspace.bot_user)
        self._hands = Hands(self._slack, [_Process(bot.events_url)])  # type: ignore[list-item]
        self._database = Database(f"sqlite:///{bot.folder}/sessions-bot.db")
        self._muter = Muter(self._life, self._hands, dice)
        self._planner = Planner(self._slack, self._life, self._database, self._hands, dice)
        self._asked: list[Asked] = []

    async def run(self, seconds: float) -> None:
        await self._database.until(POLLED, bool)
        await asyncio.gather(*map(self._subscribe, CHANNELS))
        await self._planner.begin()
        over = asyncio.Event()
        typed, pause_s = self._result.typed, seconds * TYPISTS / COMMANDS
        typists = [Typist(self._slack, number, typed) for number in range(TYPISTS)]
        async with asyncio.TaskGroup() as group:
            watching = group.create_task(watch(self._bot.pid, self._bot.url, self._result.samples))
            others = (
                self._life.run(over),
                *(again(act, over) for act in (self._muter.act, self._planner.act)),
                self._storms(over),
                self._refreshes(over),
                *(keep_typing(each, self._life, self._dice, pause_s, over) for each in typists),
            )
            tasks = [group.create_task(each) for each in others]
            await asyncio.sleep(seconds)
            self._life.end_all_but(4)
            over.set()
            await asyncio.wait(tasks)
            watching.cancel()
        await self._settle()
        await self._judge()

    async def _subscribe(self, channel: str) -> None:
        kinds = "start,end,join,leave" if channel in THREADED else "start,end"
        for room in self._life.rooms[:ROOMS]:
            await self._hands.type(f"subscribe room:{room.id} on:{kinds}", channel, "Subscribed")
            self._asked.append(Asked(channel, room.id, frozenset(kinds.split(",")), time.time()))

    async def _storms(self, over: asyncio.Event) -> None:
        calm_since = time.monotonic()
        while not over.is_set():
            self._life.busy = await self._database.number(UNSENT) > BUSY
            self._doors.healed = (time.monotonic() - calm_since) % (STORM_S + CALM_S) < CALM_S
            await asyncio.sleep(0.3)
        self._doors.healed = True

    async def _refreshes(self, over: asyncio.Event) -> None:
        """Slack replaces a connection, or all, with and without a warning, as long as the bot has some."""
        hub = self._slack.socket_mode
        hub.grace_s = WARNED_S
        while self._slack.sockets and not over.is_set():
            await asyncio.sleep(REFRESH_S)
            reason = self._dice.choice(["warning", "refresh_requested"])
            await hub.refresh(reason=reason, only=self._dice.choice([0, 1, None]))
        self._result.refreshed = hub.opened - self._slack.sockets

    async def _settle(self) -> None:
        """Until all that there is to tell is told."""
        self._still_at = time.time()
        await self._muter.end_all()
        goal = await self._database.number(POLLED) + 2
        left = f"SELECT ({UNSENT}) + ({HUSHED})"
        try:
            async with asyncio.timeout(SETTLE_S):
                await self._database.until(POLLED, lambda polls: polls >= goal, SETTLE_S)
                await self._database.until(left, lambda messages: not messages, SETTLE_S)
        except TimeoutError:
            self._result.other.append(f"{await self._database.number(left)} messages are not sent")
        self._result.polls = await self._database.number(POLLED)

    async def _judge(self) -> None:
        result, workspace = self._result, self._slack.workspace
        queued = {key: queued_ms / 1000 for key, queued_ms in await self._database.rows(QUEUED)}
        shown = {name: self._slack.messages(workspace.channel(name).id) for name in CHANNELS}
        result.findings = check(
            self._life.account,
            self._asked,
            shown,
            self._doors.first,
            silences=self._muter.silences,
            dues=self._planner.dues(self._still_at, time.time()),
            queued=queued,
        )
        result.subscriptions, result.sessions = len(self._asked), len(self._life.account.sessions)
        result.messages = sum(map(len, shown.values()))
        result.faults = self._doors.met
        if dead := await self._database.number(DEAD):
            result.other.append(f"{dead} messages given up")
        result.other += self._slack.violations
