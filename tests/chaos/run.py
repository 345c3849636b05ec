"""One run: a world, its subscriptions, kills until there were enough, peace, and the findings."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import json
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tests.chaos.checker import RECAP, Findings, check
from tests.chaos.database import STILL_S, Database
from tests.chaos.days import Day, Size
from tests.chaos.hands import Hands
from tests.chaos.hooks import SECRET, Hooks
from tests.chaos.muter import MUTED, Muter
from tests.chaos.people import People, again
from tests.chaos.planner import Planner
from tests.chaos.points import LED, POINTS, SHARED, STARTS, TIME, Point
from tests.chaos.replicas import Deck, Fate, Replica
from tests.chaos.team import MORE, WATCHING, Team, astray
from tests.chaos.waits import Patience, within
from tests.clocks import Wall, set_database
from tests.conftest import ROOT

SUBSCRIPTIONS: tuple[tuple[str, int | None, str], ...] = (
    ("live-ops", None, "start,end"),
    ("general", 0, "start,join,leave"),
    ("general", 1, "end"),
    ("support", 2, "end"),
    ("incident-room", 0, "join"),
    ("incident-room", 3, "start,end,join,leave"),
)
"""(channel, number of the room or None for any, kinds)."""
SUBSCRIPTIONS += tuple((name, None, "start,end") for name in MORE)  # so that more messages are on their way at once
NEXT_DOOR = (("live-ops", None, "start,end"), ("general", 0, "start,join,leave"), ("support", 2, "end"))
"""Those of the second workspace: people subscribe there, and that is all."""
LATE = ("random", None, "start,end")
"""Asked for while processes are being killed, again and again until the bot says that it is done."""
ALARMS: tuple[tuple[str, int | None, str], ...] = (
    ("alarms", 1, "missing:host"),
    ("alarms", 1, "idle:10s"),
    ("alarms", 1, "alone:10s"),
    ("watch", None, "missing:host>10s"),
    ("general", 0, "missing:host>10s"),
    ("general", 1, "idle:10s"),
    ("incident-room", 0, "alone:10s"),
    ("studio", 2, "missing:host"),
)
"""Subscriptions that fire: (channel, number of the room or None for any, filter). What the second and the last two
channels are told is muted, hushed or without threads at times."""
LATE_ALARM = ("random", 0, "missing:host")
DARK_S = 2.5
"""Once, for so long, no process runs at all."""
PATIENT = 40
"""A run of so many kills waits with that until a full minute, when a digest is due."""
RUN_S, KILL_S = 120.0, 30.0
"""The longest that a run takes, and so much more for each kill."""
BUSY = 40
"""The messages that wait while the account rests: a second for a message is Slack's limit, and kills take their time."""
KEPT_LIVE = 5
QUIET_S = 2.0
"""The time that all is well before a bad day and after it."""
LEAPS, LEAP_S, LEAP_TAKES_S = 60, 20.0, 0.6
"""After a bad day time leaps by so many seconds until the bot has told everything; so many leaps without any change are
too many."""
LONG = 250
"""The kills that come to every point, and the stops."""
STOPS, BY_CHANCE = 0.2, 0.05
"""Of all processes, how many are stopped before they are killed at a random time, and how many are only that."""
LED_MOST = 3
LEAST_SEQ = "SELECT CASE WHEN count(*) < {} THEN 0 ELSE min(seq) END FROM polls"
WAITING = "SELECT count(*) FROM outbox WHERE status IN ('pending', 'sending')"
UNSENT = "SELECT count(*) FROM outbox WHERE status IN ('pending', 'sending', 'held')"
DEAD = "SELECT count(*) FROM outbox WHERE status = 'dead' AND cause <> 'message deleted' AND channel_id LIKE 'C%'"
KEPT = "SELECT count(*) FROM firings WHERE state = 'kept'"
HUSHED = "SELECT count(*) FROM cards WHERE hushed_ms > 0"
LATE_DIGESTS = "SELECT count(*) FROM digests WHERE next_ms <= {}"
QUEUED = "SELECT key, queued_ms FROM outbox WHERE kind <> 'edit'"
TEAMS = "SELECT key, team_id FROM outbox"
BEHIND = "SELECT count(*) FROM polls WHERE backlog_ms IS NOT NULL"
OPEN = {
    "messages are not sent": UNSENT,
    "channels are paused": "SELECT count(*) FROM channels WHERE paused IS NOT NULL",
    "sessions are counted and not told": "SELECT count(*) FROM catchups",
}
NEEDED = {
    "outbox.prune.prune_some": "INSERT INTO limits (team_id, method, not_before_ms) VALUES ('{team}', 'old', 1) ",
    "outbox.workspaces.taken": "INSERT INTO workspaces (team_id, cause, since_ms, probe_ms) "
    "VALUES ('{team}', 'token_revoked', {now_ms}, {now_ms} + 30000) ",
}
"""Rows that a point needs which is come to only as a process starts: a wait that was over long ago, a refusal."""


@dataclass(slots=True)
class Result:
    """A run and its findings. `neighbours` are messages in the second workspace, where there is one. `other` are breaches of Slack's rules and processes that ended by themselves."""

    database: str
    replicas: int
    seed: int
    day: str = ""
    faults: Counter[str] = field(default_factory=Counter)
    hooks: Counter[str] = field(default_factory=Counter)
    killed: Counter[Point] = field(default_factory=Counter)
    stopped: Counter[Point] = field(default_factory=Counter)
    sessions: int = 0
    digests: int = 0
    silences: int = 0
    messages: int = 0
    edits: int = 0
    recaps: int = 0
    neighbours: int = 0
    seconds: float = 0.0
    steps_s: list[float] = field(default_factory=list)
    findings: Findings = field(default_factory=Findings)
    other: list[str] = field(default_factory=list)

    @property
    def missed(self) -> list[Point]:
        """Points where none was killed though so many were, and those where none was stopped though so many were."""
        long = [each for each in (self.killed, self.stopped) if each.total() >= LONG]
        return [point for each in long for point in self.points if not each[point]]

    @property
    def points(self) -> list[Point]:
        """Those that its processes come to."""
        return [each for each in POINTS if self.replicas > 1 or each.of not in SHARED]

    @property
    def good(self) -> bool:
        """On a bad day a reply that was refused may come after a later one."""
        found = replace(self.findings, disorder=[]) if self.day else self.findings
        return found.good and not self.other and not self.missed


async def run(
    database_url: str,
    folder: Path,
    *,
    replicas: int,
    kills: int,
    seed: int,
    least_s: float = 0.0,
    reconcile: bool = True,
    only: Collection[str] = (),
    teams: int = 1,
) -> Result:
    """`database_url` is an empty PostgreSQL database, or "" for an SQLite file in the `folder`, where the logs go too.
    Processes are killed at least `kills` times and for `least_s` seconds, at the points that `only` names if any. With
    two `teams` they serve a neighbour too."""
    result = Result("PostgreSQL" if database_url else "SQLite", replicas, seed)
    async with new_world(database_url, folder, result, reconcile, only, teams) as world:
        steps = world.begin, functools.partial(world.suffer, kills, least_s), world.settle
        await world.live(*steps, most_s=RUN_S + least_s + kills * KILL_S)
    return result


async def run_day(
    day: Day, database_url: str, folder: Path, *, replicas: int, seed: int, size: Size, tree: Path = ROOT
) -> Result:
    """A bad day (`days.DAYS`), in a world where nobody is killed by chance and all else is well. `database_url` and
    `folder` as in `run`; the processes begin with the code of `tree`."""
    result = Result("PostgreSQL" if database_url else "SQLite", replicas, seed, day=day.__name__)
    async with new_world(database_url, folder, result) as world:
        for replica in world.replicas:
            replica.tree, replica.spare = tree, False
        steps = world.begin_calmly, functools.partial(world.endure, day, size), world.settle_alone
        await world.live(*steps, most_s=size.most_s)
    return result


@contextlib.asynccontextmanager
async def new_world(
    database_url: str, folder: Path, result: Result, reconcile: bool = True, only: Collection[str] = (), teams: int = 1
) -> AsyncIterator[World]:
    url = database_url or f"sqlite:///{folder}/bot.db"
    world = World(url, result, reconcile, [each for each in result.points if not only or each.of in only], teams)
    async with contextlib.AsyncExitStack() as stack:
        for team in world.teams:
            await stack.enter_async_context(team.slack)
        await world.doors.open()
        stack.push_async_callback(world.doors.close)
        settings = {
            "SLACK_BOT_TOKEN": world.slack.bot_token,
            "SLACK_SIGNING_SECRET": world.slack.signing_secret,
            "HMS_ACCESS_KEY": world.hms.access_key,
            "HMS_SECRET": world.hms.secret,
            "DATABASE_URL": url,
            "HMS_WEBHOOK_SECRET": SECRET,
            "POLL_INTERVAL_S": "1",
            "LOG_LEVEL": "INFO",
            **dict.fromkeys(("LOG_FORMAT", "DEFAULT_TIMEZONE"), ""),  # the defaults
            "UNCONFIRMED_POSTS": "hold",  # where a channel is said to be unreadable, so that nothing shows twice
            "SECOND_ACCOUNT": json.dumps(world.teams[1].keys if teams > 1 else None),
        }
        for number in range(result.replicas):
            own = settings | world.doors.urls(number)
            world.replicas.append(Replica(number, own, folder, result.killed, result.stopped, world.dice))
            stack.push_async_callback(world.replicas[-1].end)
        try:
            yield world
        except Exception as error:
            what = f"{result.day} on {result.database}".removeprefix(" on ")
            error.add_note(f"{what}, {result.replicas} at once, seed {result.seed}, logs in {folder}")
            raise


class World:
    """The stand-ins, the account's life, the people, and the processes. Those of the first of the `teams` are its own;
    a second one is served by the same processes."""

    def __init__(self, url: str, result: Result, reconcile: bool, points: Sequence[Point], teams: int) -> None:
        self.url, self.clock, self.dice = url, Wall(), random.Random(result.seed)
        self._result = result
        self.replicas: list[Replica] = []
        self.database = Database(url)
        options: dict[str, Any] = {
            "replicas": result.replicas,
            "clock": self.clock,
            "stale": lambda replica: self.replicas[replica].stale,
            "reconcile": reconcile,
        }
        wants = lambda replica: self.replicas[replica].wants  # noqa: E731
        own = Team(result.seed, self.dice, reached=self._reached, wants=wants, **options)
        self.teams = [own]
        if teams > 1:
            self.teams.append(Team(result.seed + 1, self.dice, beside=own, **options))
        for team in self.teams:
            team.people = People(team.slack, team.life, self.database, Hands(team.slack, self.replicas), self.dice)
        self.slack, self.hms, self.life, self.doors, self.people = own.slack, own.hms, own.life, own.doors, own.people
        hands = Hands(self.slack, self.replicas)
        self._planner = Planner(self.slack, self.life, self.database, hands, self.dice)
        self.muter = Muter(self.life, hands, self.dice, (*MUTED, WATCHING[1]))
        self.hooks = Hooks(self.hms.webhooks, self.life.account, self.replicas, self.dice)
        self._queued: dict[str, float] = {}
        self._still_at = 0.0
        self._was_dark = False
        self._ends = Deck(points, result.killed, self.dice)
        self._halts = Deck((*points, TIME), result.stopped, self.dice)
        self._goal = 0, 0.0
        self._led: list[Fate] = []
        """For the process that polls."""

    async def live(self, *steps: Callable[[], Awaitable[None]], most_s: float) -> None:
        """Take these steps, and judge what came of them. TooLongError where they take more than `most_s`."""
        began = time.monotonic()

        async def take_all() -> None:
            for step in steps:
                await step()
                self._result.steps_s.append(time.monotonic() - began)

        await within(most_s, "a run to be over", take_all())
        self.judge()
        self._result.seconds = time.monotonic() - began

    def _reached(self, replica: int, side: str, method: str) -> None:
        one = self.replicas[replica]
        if method == "sessions" and self._led and one.wants and one.fate.point.of not in LED:
            one.turn(self._led.pop())  # it leads
        one.reached(side, method)

    async def begin(self) -> None:
        """The database is made, by processes that are killed as they do it; all run, have polled once, and the channels
        are subscribed."""
        for point in STARTS:
            await self.replicas[0].start(Fate(point))
            await self.replicas[0].suffer()
        await self.begin_calmly()
        await asyncio.gather(*(self._watch(name) for name in dict.fromkeys(name for name, *_ in ALARMS)))

    async def begin_calmly(self) -> None:
        """The same without kills."""
        self._heal(True)
        if self.url.startswith("postgres"):
            await set_database(self.url, 0.0)  # before anybody is connected
        await self.start()
        await self._polls(1)
        asked = zip(self.teams, (SUBSCRIPTIONS, NEXT_DOOR), strict=False)
        wanted = [(team, channel, some) for team, some in asked for channel in dict.fromkeys(name for name, *_ in some)]
        await asyncio.gather(*(self._subscribe(*each) for each in wanted))

    def _heal(self, well: bool) -> None:
        for team in self.teams:
            team.doors.healed = well

    async def _subscribe(self, team: Team, channel: str, some: Sequence[tuple[str, int | None, str]]) -> None:
        """Make those of a channel, one after the other."""
        for subscription in some:
            if subscription[0] == channel:
                await team.people.subscribe(*subscription)

    async def _watch(self, channel: str) -> None:
        """Make those of a channel that fire, one after the other."""
        for alarm in ALARMS:
            if alarm[0] == channel:
                await self.people.watch(*alarm)

    async def _subscribe_late(self) -> None:
        await self.people.subscribe(*LATE)
        await self.people.watch(*LATE_ALARM)

    async def suffer(self, kills: int, least_s: float) -> None:
        """Kill so often while the account lives, then leave all in peace; the account stands still from then on."""
        await self._planner.begin()
        self._heal(False)
        self.hooks.begin()
        over = asyncio.Event()
        dark = asyncio.Event()
        self._goal = self._kills + kills, time.monotonic() + least_s
        async with asyncio.TaskGroup() as group:
            for team in self.teams:
                group.create_task(team.life.run(over))
            group.create_task(self.people.run(over))
            group.create_task(self.hooks.run(over))
            for act in (self._planner.act, self.muter.act):
                group.create_task(again(act, over))
            late = group.create_task(self._subscribe_late())
            for replica in self.replicas:
                group.create_task(self._fates(replica, dark))
            group.create_task(self._until_killed(dark, over, late))

    async def endure(self, day: Day, size: Size) -> None:
        """Live through a bad day; the account stands still from then on."""
        over = asyncio.Event()
        living = asyncio.create_task(self.life.run(over))
        await asyncio.sleep(QUIET_S)
        await day(self, size)
        self.doors.slack_day = self.doors.hms_day = lambda *_: None
        await asyncio.sleep(QUIET_S)
        over.set()
        await living
        self.life.end_all_but(KEPT_LIVE)

    async def settle_alone(self) -> None:
        """As `settle`, and nobody helps: nothing may be left to a person. Time passes quickly, so that waits are over."""
        for replica in self.replicas:
            await replica.ready()
        await self._polls(2)
        before, leaps = -1, LEAPS
        while leaps and (left := sum([await self.database.number(query) for query in OPEN.values()])):
            leaps = LEAPS if left != before else leaps - 1
            before = left
            await self.pass_time(LEAP_S)
            await asyncio.sleep(LEAP_TAKES_S)
        for what, query in OPEN.items():
            if left := await self.database.number(query):
                self._result.other.append(f"{left} {what}")
        self._queued = {key: queued_ms / 1000 for key, queued_ms in await self.database.rows(QUEUED)}

    async def stop(self) -> None:
        """No process runs."""
        await asyncio.gather(*(replica.kill() for replica in self.replicas))

    async def start(self) -> None:
        for replica in self.replicas:
            await replica.start()
        for replica in self.replicas:
            await replica.ready()

    async def step(self, seconds: float, *, database: bool = False) -> None:
        """The processes' clocks are so far ahead of the true time from now on, also of those that start; PostgreSQL's
        too where that is wanted."""
        for replica in self.replicas:
            replica.step(self.clock.by_s + seconds)
        if self.url.startswith("postgres"):
            await set_database(self.url, self.clock.by_s + seconds * database)

    async def pass_time(self, seconds: float) -> None:
        """Let so much time pass for everybody at once."""
        self.clock.by_s += seconds
        await self.step(0.0)

    async def caught_up(self, many: int) -> None:
        """Wait until the bot has read so many sessions that ended while it was down."""
        await self.database.until("SELECT count(*) FROM sessions", lambda read: read >= many)
        await self.database.until(BEHIND, lambda behind: not behind)

    async def settle(self) -> None:
        """Wait until the bot has told all that there is to tell."""
        self._heal(True)
        self._still_at = time.time()
        for replica in self.replicas:
            await replica.ready()
        await self.muter.end_all()
        try:
            async with asyncio.timeout(STILL_S):
                await self._polls(2)  # the first may have begun before the account stood still
        except TimeoutError:
            self._result.other.append("no good polls any more")
        await self._none(HUSHED, "cards are withheld")
        await self._none(KEPT, "firings are kept back")
        await self._none(LATE_DIGESTS.format(int(self._still_at * 1000)), "digests are not made")
        patience = Patience(STILL_S)
        while waiting := await self.database.number(UNSENT):
            for team in self.teams:
                await team.people.mend()
            if patience.over(waiting):
                self._result.other.append(f"{waiting} messages are not sent")
                break
            await asyncio.sleep(0.2)
        if dead := await self.database.number(DEAD):
            self._result.other.append(f"{dead} messages given up")
        self._queued = {key: queued_ms / 1000 for key, queued_ms in await self.database.rows(QUEUED)}
        teams = dict(await self.database.rows(TEAMS))
        for team in self.teams:
            self._result.other += astray(team.slack.workspace.team_id, team.of_the_bot, teams)

    async def _none(self, query: str, what: str) -> None:
        """Wait until there are none."""
        try:
            async with asyncio.timeout(STILL_S):
                await self.database.until(query, lambda left: not left)
        except TimeoutError:
            self._result.other.append(f"{await self.database.number(query)} {what}")

    def judge(self) -> None:
        result = self._result
        silences, dues = self.muter.silences, self._planner.dues(self._still_at, time.time())
        for team in self.teams:
            own = team is self.teams[0]
            found = check(
                team.life.account,
                team.people.asked,
                team.shown,
                team.doors.first,
                team.people.deleted,
                team.doors.held,
                silences if own else (),
                dues if own else (),
                self._queued,
                team.people.alarms,
                team.people.taken,
                self._still_at,
                hooked=own and self.hooks.met.total() > 0,
            )
            for kind, lines in found.kinds().items():
                result.findings.kinds()[kind] += [line if own else f"neighbour: {line}" for line in lines]
            # A process that was killed has not told the others to wait, nor acknowledged what it was asked
            result.other += [
                each
                for each in team.slack.violations
                if "before Retry-After was over" not in each and "not acknowledged" not in each
            ]
        shown, *others = (team.of_the_bot for team in self.teams)
        result.digests, result.silences = sum(due.must for due in dues), len(silences)
        result.messages, result.neighbours = len(shown), sum(map(len, others))
        result.edits = sum(each.edited is not None for each in shown)
        result.recaps = sum(RECAP in each.plain for each in shown)
        result.sessions = len(self.life.account.sessions)
        result.faults, result.hooks = self.doors.met, self.hooks.met
        result.other += self.hooks.wrong

    async def _fates(self, replica: Replica, dark: asyncio.Event) -> None:
        """Kill it, start it again at once, and so on; at the end it runs."""
        while True:
            await replica.suffer()
            if dark.is_set():
                await asyncio.sleep(DARK_S)
            if self._enough:
                break
            fate = self._fate()
            while fate.point.of in LED and len(self.replicas) > 1 and len(self._led) < LED_MOST:
                self._led.append(fate)
                fate = self._fate()
            if needed := NEEDED.get(fate.point.of):
                needed = needed.format(team=self.slack.workspace.team_id, now_ms=int(time.time() * 1000))
                await self.database.rows(needed + "ON CONFLICT DO NOTHING")
            await replica.start(fate)
        await replica.start()

    def _fate(self) -> Fate:
        draw = self.dice.random()
        if draw < STOPS:
            return Fate(halt=self._halts.draw())
        return Fate(self._ends.draw() if draw > STOPS + BY_CHANCE else TIME)

    async def _until_killed(self, dark: asyncio.Event, over: asyncio.Event, late: asyncio.Task[None]) -> None:
        half = self._kills + (self._goal[0] - self._kills) // 2
        patient = self._goal[0] - self._kills >= PATIENT
        while self._kills < half or (patient and 60 - time.time() % 60 > DARK_S - 1.0):
            self.life.busy = await self.database.number(WAITING) > BUSY
            await asyncio.sleep(0.3)
        dark.set()
        await self.stop()
        await self._planner.help_spare()
        await asyncio.gather(*(self.life.blink(room) for room in self.life.rooms))
        await asyncio.sleep(max(0.0, DARK_S - 1.5))
        dark.clear()
        self._was_dark = True
        if patient:
            await self.hooks.burst()
        while not (self._enough and late.done()):
            self.life.busy = await self.database.number(WAITING) > BUSY
            await asyncio.sleep(0.3)
        for team in self.teams:
            team.life.end_all_but(KEPT_LIVE)
        self.hooks.end()
        over.set()

    @property
    def _kills(self) -> int:
        return self._result.killed.total()

    @property
    def _enough(self) -> bool:
        return self._was_dark and self._kills >= self._goal[0] and time.monotonic() >= self._goal[1]

    async def _polls(self, count: int) -> None:
        """Wait until so many more polls have begun and were good."""
        asked = LEAST_SEQ.format(len(self.teams))
        goal = await self.database.number(asked) + count
        await self.database.until(asked, lambda begun: begun >= goal)
