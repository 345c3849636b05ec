"""One run: a world, its subscriptions, kills until there were enough, peace, and the findings."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import yaml

from bot.demo.fake_hms import Account, FakeHms
from bot.demo.fake_slack import Channel, FakeSlack, Message
from bot.demo.fake_slack.ledger import Change
from tests.chaos.checker import RECAP, Findings, check
from tests.chaos.database import Database
from tests.chaos.days import Day, Size
from tests.chaos.doors import TOKEN_REVOKED, Doors
from tests.chaos.hands import Hands
from tests.chaos.keys import key_of
from tests.chaos.life import Life
from tests.chaos.muter import Muter
from tests.chaos.neighbour import TEAMS, Neighbour, astray
from tests.chaos.neighbour import shown as shown_in
from tests.chaos.people import People, again
from tests.chaos.planner import Planner
from tests.chaos.points import LED, POINTS, STARTS, TIME, Point
from tests.chaos.replicas import ROOT, Deck, Fate, Replica
from tests.clocks import set_database

SCOPES = frozenset(
    {"commands", "chat:write", "users:read", "channels:history", "groups:history", "im:history", "im:write"}
    | {"channels:read", "groups:read"}  # to be told of invitations
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
MORE = ("stage", "studio")
"""Channels that Slack's stand-in doesn't have by itself, told of every session too: more messages are on their way at once."""
SUBSCRIPTIONS += tuple((name, None, "start,end") for name in MORE)
LATE = ("random", None, "start,end")
"""Asked for while processes are being killed, again and again until the bot says that it is done."""
DARK_S = 2.5
"""Once, for so long, no process runs at all."""
PATIENT = 40
"""A run of so many kills waits with that until a full minute, when a digest is due."""
STILL_S = 60.0
"""In the end, the bot has settled when nothing waits to be sent; so long without any change is too long."""
BUSY = 40
"""Where so many messages wait, the account rests: a second for a message is Slack's limit, and kills take their time."""
KEPT_LIVE = 5
QUIET_S = 2.0
"""So long all is well before a bad day and after it."""
LEAPS, LEAP_S, LEAP_TAKES_S = 60, 20.0, 0.6
"""After a bad day time leaps by so many seconds until the bot has told everything; so many leaps without any change are
too many."""
LONG = 250
"""So many kills come to every point, and so many stops."""
STOPS, BY_CHANCE = 0.2, 0.05
"""Of all processes, how many are stopped before they are killed at a random time, and how many are only that."""
LED_MOST = 3
REVOKED_S = 5.0
LEAST_SEQ = "SELECT CASE WHEN count(*) < {} THEN 0 ELSE min(seq) END FROM polls"
WAITING = "SELECT count(*) FROM outbox WHERE status IN ('pending', 'sending')"
UNSENT = "SELECT count(*) FROM outbox WHERE status IN ('pending', 'sending', 'held')"
DEAD = "SELECT count(*) FROM outbox WHERE status = 'dead' AND cause <> 'message deleted' AND channel_id LIKE 'C%'"
HUSHED = "SELECT count(*) FROM cards WHERE hushed_ms > 0"
LATE_DIGESTS = "SELECT count(*) FROM digests WHERE next_ms <= {}"
QUEUED = "SELECT key, queued_ms FROM outbox WHERE kind <> 'edit'"
REVOKED = "SELECT count(*) FROM workspaces"
BEHIND = "SELECT count(*) FROM polls WHERE backlog_ms IS NOT NULL"
OPEN = {
    "messages are not sent": UNSENT,
    "channels are paused": "SELECT count(*) FROM channels WHERE paused IS NOT NULL",
    "sessions are counted and not told": "SELECT count(*) FROM catchups",
}
OLD = "INSERT INTO limits (team_id, method, not_before_ms) VALUES ('T', 'old', 1) ON CONFLICT DO NOTHING"
"""A wait that was over long ago."""


@dataclass(slots=True)
class Result:
    """What a run did and found. `neighbours` are messages in the second workspace, where there is one. `other` are breaches of Slack's rules and processes that ended by themselves."""

    database: str
    replicas: int
    seed: int
    day: str = ""
    faults: Counter[str] = field(default_factory=Counter)
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
    def kills(self) -> int:
        return self.killed.total()

    @property
    def stops(self) -> int:
        return self.stopped.total()

    @property
    def missed(self) -> list[Point]:
        """Points where none was killed though so many were, and those where none was stopped though so many were."""
        long = [each for each in (self.killed, self.stopped) if each.total() >= LONG]
        return [point for each in long for point in POINTS if not each[point]]

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
    url = database_url or f"sqlite:///{folder}/bot.db"
    result = Result("PostgreSQL" if database_url else "SQLite", replicas, seed)
    began = time.monotonic()
    async with _world(url, folder, result, replicas, reconcile, only, teams) as world:
        for step in (world.begin, functools.partial(world.suffer, kills, least_s), world.settle):
            await step()
            result.steps_s.append(time.monotonic() - began)
        world.judge()
    result.seconds = time.monotonic() - began
    return result


async def run_day(
    day: Day, database_url: str, folder: Path, *, replicas: int, seed: int, size: Size, tree: Path = ROOT
) -> Result:
    """A bad day (`days.DAYS`), in a world where nobody is killed by chance and all else is well. `database_url` and
    `folder` as in `run`; the processes begin with the code of `tree`."""
    url = database_url or f"sqlite:///{folder}/bot.db"
    result = Result("PostgreSQL" if database_url else "SQLite", replicas, seed, day=day.__name__)
    began = time.monotonic()
    async with _world(url, folder, result, replicas, reconcile=True, only=()) as world:
        for replica in world.replicas:
            replica.tree, replica.spare = tree, False
        for step in (world.begin_calmly, functools.partial(world.endure, day, size), world.settle_alone):
            await step()
            result.steps_s.append(time.monotonic() - began)
        world.judge()
    result.seconds = time.monotonic() - began
    return result


@contextlib.asynccontextmanager
async def _world(
    url: str, folder: Path, result: Result, replicas: int, reconcile: bool, only: Collection[str], teams: int = 1
) -> AsyncIterator[World]:
    dice = random.Random(result.seed)
    account = Account(any_names=True, seed=result.seed)
    clock = WorldClock()
    life = Life(account, random.Random(dice.random()), clock)
    manifest = yaml.safe_load((ROOT / "manifest.yml").read_text())
    hms = FakeHms(account, clock=clock)
    options = {"manifest": manifest, "scopes": SCOPES, "tiers": False, "clock": clock}
    slack = FakeSlack(**options)
    workspace = slack.workspace
    workspace.join(workspace.channel("random"), workspace.bot_user)
    for number, name in enumerate(MORE):
        channel = Channel(f"C07QX6MRE{number:02}", name, {workspace.user(None).id, workspace.bot_user})
        workspace.channels[channel.id] = channel
    world = World(url, result, slack, life, clock, dice, [each for each in POINTS if not only or each.of in only])
    world.doors = doors = Doors(
        slack, hms, replicas, random.Random(dice.random()), world.reached, world.wants, world.stale, reconcile=reconcile
    )
    async with contextlib.AsyncExitStack() as stack:
        await stack.enter_async_context(slack)
        if teams > 1:
            world.neighbour = Neighbour(
                slack, hms, result.seed + 1, world.replicas, world.database, doors, world.stale, many=replicas,
                reconcile=reconcile, options=options,
            )  # fmt: skip
            await stack.enter_async_context(world.neighbour.slack)
        await doors.open()
        settings = {
            "SLACK_BOT_TOKEN": slack.bot_token,
            "SLACK_SIGNING_SECRET": slack.signing_secret,
            "HMS_ACCESS_KEY": hms.access_key,
            "HMS_SECRET": hms.secret,
            "DATABASE_URL": url,
            "POLL_INTERVAL_S": "1",
            "LOG_LEVEL": "INFO",
            **dict.fromkeys(("LOG_FORMAT", "DEFAULT_TIMEZONE"), ""),  # the defaults
            "UNCONFIRMED_POSTS": "hold",  # where a channel is said to be unreadable, so that nothing shows twice
        }
        if world.neighbour is not None:
            settings |= world.neighbour.settings
        for number in range(replicas):
            own = settings | doors.urls(number)
            world.replicas.append(Replica(number, own, folder, result.killed, result.stopped, dice))
        try:
            yield world
        finally:
            for replica in world.replicas:
                await replica.end()
            await doors.close()


class WorldClock:
    """Epoch seconds, as everybody but the bot sees them: the machine's, and what was turned on."""

    def __init__(self) -> None:
        self.ahead_s = 0.0

    def __call__(self) -> float:
        return time.time() + self.ahead_s


class World:
    """The stand-ins, the account's life, the people, and the processes."""

    doors: Doors
    neighbour: Neighbour | None = None

    def __init__(
        self,
        url: str,
        result: Result,
        slack: FakeSlack,
        life: Life,
        clock: WorldClock,
        dice: random.Random,
        points: Sequence[Point],
    ) -> None:
        self.url, self.clock = url, clock
        self._result, self.slack, self.life, self.dice = result, slack, life, dice
        self.replicas: list[Replica] = []
        self.database = Database(url)
        hands = Hands(slack, self.replicas)
        self.people = People(slack, life, self.database, hands, dice)
        self._planner = Planner(slack, life, self.database, hands, dice)
        self.muter = Muter(life, hands, dice)
        self._queued: dict[str, float] = {}
        self._still_at = 0.0
        self._was_dark = False
        self._first: dict[str, Message] = {}
        self._ends, self._halts = Deck(points, result.killed, dice), Deck((*points, TIME), result.stopped, dice)
        self._goal = 0, 0.0
        self._led: list[Fate] = []
        """For the process that polls."""
        slack._site.ledger.listeners.append(self._note)

    def reached(self, replica: int, side: str, method: str) -> None:
        one = self.replicas[replica]
        if method == "sessions" and self._led and one.wants and one.fate.point.of not in LED:
            one.turn(self._led.pop())  # it leads
        one.reached(side, method)

    def wants(self, replica: int) -> str:
        return self.replicas[replica].wants

    def stale(self, replica: int) -> bool:
        return time.monotonic() < self.replicas[replica].stale_until

    async def begin(self) -> None:
        """The database is made, by processes that are killed as they do it; all run, have polled once, and the channels
        are subscribed."""
        for point in STARTS:
            await self.replicas[0].start(Fate(point))
            await self.replicas[0].suffer()
        await self.begin_calmly()

    async def begin_calmly(self) -> None:
        """The same without kills."""
        self._heal(True)
        if self.url.startswith("postgres"):
            await set_database(self.url, 0.0)  # before anybody is connected
        await self.start()
        await self._polls(1)
        asked = [self._subscribe(name) for name in dict.fromkeys(name for name, *_ in SUBSCRIPTIONS)]
        if self.neighbour is not None:
            asked.append(self.neighbour.subscribe())
        await asyncio.gather(*asked)

    def _heal(self, well: bool) -> None:
        for doors in (self.doors, *self.doors.others):
            doors.healed = well

    async def _subscribe(self, channel: str) -> None:
        for subscription in SUBSCRIPTIONS:
            if subscription[0] == channel:
                await self.people.subscribe(*subscription)

    async def suffer(self, kills: int, least_s: float) -> None:
        """So many kills while the account lives, then peace; the account stands still from then on."""
        await self._planner.begin()
        self._heal(False)
        over = asyncio.Event()
        dark = asyncio.Event()
        self._goal = self._kills + kills, time.monotonic() + least_s
        async with asyncio.TaskGroup() as group:
            group.create_task(self.life.run(over))
            group.create_task(self.people.run(over))
            for act in (self._planner.act, self.muter.act):
                group.create_task(again(act, over))
            if self.neighbour is not None:
                group.create_task(self.neighbour.live(over))
            late = group.create_task(self.people.subscribe(*LATE))
            for replica in self.replicas:
                group.create_task(self._fates(replica, dark))
            group.create_task(self._until_killed(dark, over, late))

    async def endure(self, day: Day, size: Size) -> None:
        """Live through a bad day; the account stands still from then on."""
        over = asyncio.Event()
        living = asyncio.create_task(self.life.run(over))
        await asyncio.sleep(QUIET_S)
        await day(self, size)
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

    async def restart(self) -> None:
        """All at once, while the account goes on."""
        await self.stop()
        await self.start()

    async def step(self, seconds: float, *, database: bool = False) -> None:
        """The processes' clocks are so far ahead of the true time from now on, also of those that start; PostgreSQL's
        too where that is wanted."""
        for replica in self.replicas:
            replica.step(self.clock.ahead_s + seconds)
        if self.url.startswith("postgres"):
            await set_database(self.url, self.clock.ahead_s + seconds * database)

    async def pass_time(self, seconds: float) -> None:
        """So much time passes for everybody at once."""
        self.clock.ahead_s += seconds
        await self.step(0.0)

    async def caught_up(self, many: int) -> None:
        """Wait until the bot has read so many sessions that ended while it was down."""
        while await self.database.number("SELECT count(*) FROM sessions") < many or await self.database.number(BEHIND):
            await asyncio.sleep(0.2)

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
        await self._none(LATE_DIGESTS.format(int(self._still_at * 1000)), "digests are not made")
        before, since = 0, time.monotonic()
        while waiting := await self.database.number(UNSENT):
            await self.people.mend()
            if self.neighbour is not None:
                await self.neighbour.people.mend()
            if waiting != before:
                before, since = waiting, time.monotonic()
            if time.monotonic() - since > STILL_S:
                self._result.other.append(f"{waiting} messages are not sent")
                break
            await asyncio.sleep(0.2)
        if dead := await self.database.number(DEAD):
            self._result.other.append(f"{dead} messages given up")
        self._queued = {key: queued_ms / 1000 for key, queued_ms in await self.database.rows(QUEUED)}
        teams = dict(await self.database.rows(TEAMS))
        for slack in (self.slack, *([self.neighbour.slack] if self.neighbour is not None else [])):
            every = [each for some in shown_in(slack).values() for each in some]
            self._result.other += astray(slack.workspace.team_id, every, teams)

    async def _none(self, query: str, what: str) -> None:
        """Wait until there are none."""
        try:
            async with asyncio.timeout(STILL_S):
                while await self.database.number(query):
                    await asyncio.sleep(0.2)
        except TimeoutError:
            self._result.other.append(f"{await self.database.number(query)} {what}")

    def judge(self) -> None:
        result, people = self._result, self.people
        shown = shown_in(self.slack)
        silences, dues = self.muter.silences, self._planner.dues(self._still_at, time.time())
        result.findings = check(
            self.life.account,
            people.asked,
            shown,
            self._first,
            people.deleted,
            self.doors.held,
            silences,
            dues,
            self._queued,
        )
        if self.neighbour is not None:
            found = self.neighbour.judge(self._queued)
            result.neighbours = self.neighbour.messages
            for kind in ("lost", "twice", "disorder", "wrong"):
                getattr(result.findings, kind).extend(f"neighbour: {each}" for each in getattr(found, kind))
        result.digests, result.silences = sum(due.must for due in dues), len(silences)
        result.messages = sum(each.bot_id is not None for some in shown.values() for each in some)
        result.edits = sum(each.edited is not None for some in shown.values() for each in some)
        result.recaps = sum(bool(each.bot_id) and RECAP in each.plain for some in shown.values() for each in some)
        result.sessions = len(self.life.account.sessions)
        result.faults = self.doors.met
        # A process that was killed has not told the others to wait, nor acknowledged what it was asked
        result.other += [
            each
            for each in (*self.slack.violations, *(self.neighbour.slack.violations if self.neighbour else ()))
            if "before Retry-After was over" not in each and "not acknowledged" not in each
        ]

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
            await self._prepare(replica, fate.point)
            await replica.start(fate)
        await replica.start()

    def _fate(self) -> Fate:
        draw = self.dice.random()
        if draw < STOPS:
            return Fate(halt=self._halts.draw())
        return Fate(self._ends.draw() if draw > STOPS + BY_CHANCE else TIME)

    async def _prepare(self, replica: Replica, point: Point) -> None:
        """What comes only as a process starts needs something to be there before."""
        if point.of == "prune":
            await self.database.rows(OLD)
        elif point.of == "workspace_taken":
            await replica.start(wants=TOKEN_REVOKED)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(REVOKED_S):
                    while not await self.database.number(REVOKED):
                        await asyncio.sleep(0.1)
            await replica.kill()
            self._result.killed[TIME] += 1

    async def _until_killed(self, dark: asyncio.Event, over: asyncio.Event, late: asyncio.Task[None]) -> None:
        half = self._kills + (self._goal[0] - self._kills) // 2
        patient = self._goal[0] - self._kills >= PATIENT
        while self._kills < half or (patient and 60 - time.time() % 60 > DARK_S - 1.0):
            self.life.busy = await self.database.number(WAITING) > BUSY
            await asyncio.sleep(0.3)
        dark.set()
        await asyncio.gather(*(replica.kill() for replica in self.replicas))
        await self._planner.help_spare()
        await asyncio.gather(*(self.life.blink(room) for room in self.life.rooms))
        await asyncio.sleep(max(0.0, DARK_S - 1.5))
        dark.clear()
        self._was_dark = True
        while not (self._enough and late.done()):
            self.life.busy = await self.database.number(WAITING) > BUSY
            await asyncio.sleep(0.3)
        self.life.end_all_but(KEPT_LIVE)
        over.set()

    @property
    def _kills(self) -> int:
        return self._result.killed.total()

    @property
    def _enough(self) -> bool:
        return self._was_dark and self._kills >= self._goal[0] and time.monotonic() >= self._goal[1]

    def _note(self, change: Change) -> None:
        if change.kind == "message.posted" and change.message is not None:
            self._first[change.message.ts] = change.message
            self.doors.posted.add(key_of(change.message.metadata))

    async def _polls(self, count: int) -> None:
        """Wait until so many more polls have begun and were good."""
        asked = LEAST_SEQ.format(1 if self.neighbour is None else 2)
        goal = await self.database.number(asked) + count
        while await self.database.number(asked) < goal:
            await asyncio.sleep(0.1)
