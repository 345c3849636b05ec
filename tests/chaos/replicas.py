"""Processes of the bot, killed with SIGKILL and stopped with SIGSTOP, each started again at once."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import signal
import socket
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from tests.chaos.bot import GONE_AFTER_S
from tests.chaos.points import CALL_SIDES, COMMIT_SIDES, TIME, Point
from tests.chaos.waits import TooLongError
from tests.conftest import ROOT

LIFE_S = 3.0
"""The longest that a process lives whose end comes at a random time."""
WAITS_S = 12.0
"""The longest that a process waits for its point; then it ends as if by chance."""
AT_START = {"auth.test", "outbox.prune.prune_some", "outbox.workspaces.taken"}
AT_START_S = 4.0
"""The same for points that come as it starts or not at all."""
STOPPED_S = GONE_AFTER_S + 0.3, GONE_AFTER_S + 1.3
AFTERWARDS_S = 1.0
"""The longest that a process lives after it was stopped."""
STALE_S = 0.2
TICK_S = 0.05
READY_WITHIN_S = 30.0
PORTS = range(20_000, 32_000)
"""None that a system lends to who connects somewhere (Linux: 32768 and above): while a process is dead, its port could
be lent, and the next one couldn't listen."""


@dataclass(frozen=True, slots=True)
class Fate:
    """The place where a process is killed; with `halt` it is stopped there before, and lives on for a random time."""

    end: Point = TIME
    halt: Point | None = None

    @property
    def point(self) -> Point:
        """The point that it waits for."""
        return self.halt or self.end

    def __str__(self) -> str:
        return f"stop {self.halt}" if self.halt else f"kill {self.end}"


class Deck:
    """Points in a random order, all at first, and then again and again the half that was reached least."""

    def __init__(self, points: Sequence[Point], reached: Counter[Point], dice: random.Random) -> None:
        self._points = points
        self._reached = reached
        self._dice = dice
        self._cards: list[Point] = []
        self._next = len(points)

    def draw(self) -> Point:
        if not self._cards:
            shuffled = self._dice.sample(self._points, len(self._points))
            self._cards = sorted(shuffled, key=lambda point: self._reached[point])[: self._next]
            self._next = (len(self._points) + 1) // 2
        return self._cards.pop()


class Replica:
    """One place for a process: a port, a log, the process that is there now, and the next one, whose modules are read
    meanwhile. `killed` and `stopped` count where that happened."""

    def __init__(
        self,
        number: int,
        settings: dict[str, str],
        folder: Path,
        killed: Counter[Point],
        stopped: Counter[Point],
        dice: random.Random,
    ) -> None:
        self.number = number
        self.port = _port()
        self.wants = ""
        """The commit or call that the process waits for."""
        self._killed, self._stopped, self._dice = killed, stopped, dice
        self._folder = folder
        self.tree = ROOT
        """The code that its processes run: today's, or that of another commit."""
        self.spare = True
        """A next process is there before it is needed."""
        self._settings = settings | {"HOST": "127.0.0.1", "PORT": str(self.port)}
        self._process: asyncio.subprocess.Process | None = None
        self._next: asyncio.subprocess.Process | None = None
        self.fate = Fate()
        self._step_s = 0.0
        self._stale_until = 0.0
        self._at = TIME
        self._chance_s = self._left_s = 0.0
        self._still = False
        self._going_on: asyncio.Task[None] | None = None

    @property
    def events_url(self) -> str | None:
        return f"http://127.0.0.1:{self.port}/slack/events"

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.returncode is None

    @property
    def stale(self) -> bool:
        """True if what it sends it was about to send when it was stopped at a call."""
        return time.monotonic() < self._stale_until

    async def start(self, fate: Fate | None = None) -> None:
        self._process = self._next or await self._spawn()
        self._still, self._at = False, TIME
        self.turn(fate or Fate())
        self._next = await self._spawn() if self.spare else None

    def turn(self, fate: Fate) -> None:
        """Give the process this fate, in place of the one it has not met."""
        point = fate.point
        self.fate, self.wants = fate, point.of if point != TIME else ""
        self._chance_s = self._dice.uniform(0.05, 1.0) * LIFE_S
        self._left_s = AT_START_S if point.of in AT_START else WAITS_S
        if fate == Fate():
            self._left_s = self._chance_s
        self.step(self._step_s)
        end = [point.side, point.of, "SIGSTOP" if fate.halt else "SIGKILL"] if point.side in COMMIT_SIDES else None
        with self._log().open("ab") as log:
            log.write(f"--- {fate}\n".encode())
        self._order(end)

    def step(self, seconds: float) -> None:
        """Its clock is so far off from now on, and that of whatever process comes after it."""
        self._step_s = seconds
        if self.running:
            self._order({"clock": seconds})

    def _order(self, order: object) -> None:
        assert self._process is not None and self._process.stdin is not None
        self._process.stdin.write(json.dumps(order).encode() + b"\n")

    async def ready(self) -> None:
        """Wait until it says so."""
        try:
            async with asyncio.timeout(READY_WITHIN_S):
                while not await self._says_ready():
                    if not self.running:
                        code = self._process.returncode if self._process else None
                        raise AssertionError(f"replica {self.number} ended by itself with {code}: see {self._folder}")
                    await asyncio.sleep(TICK_S)
        except TimeoutError:
            what = f"replica {self.number} ({self.fate}) is not ready within {READY_WITHIN_S:g} s: see {self._folder}"
            raise TooLongError(what) from None

    def reached(self, side: str, method: str) -> None:
        """A request of its is at a door."""
        if self.fate.point == Point(side, method) and self.wants and self.running and not self._still:
            self._signal(signal.SIGSTOP if self.fate.halt else signal.SIGKILL)
            self._come(self.fate.point)

    async def suffer(self) -> None:
        """Let the process come to its end, and count that."""
        ended, listening = asyncio.create_task(self._ended()), asyncio.create_task(self._listen())
        while not ended.done() and self._left_s > 0:
            await asyncio.wait([ended], timeout=TICK_S)
            if not self._still:
                self._left_s -= TICK_S
                self._chance_s -= TICK_S
            if self.fate.halt == TIME and self._chance_s <= 0 and not self._still:
                self._signal(signal.SIGSTOP)
                self._come(TIME)
        await self.kill()
        if self._going_on is not None:
            self._going_on.cancel()
        await asyncio.gather(ended, listening)
        self.wants = ""
        self._killed[self._at] += 1

    async def kill(self) -> None:
        """Now, whatever was to come."""
        if self.running:
            self._signal(signal.SIGKILL)
            await self._ended()

    async def deploy(self, tree: Path) -> None:
        """Kill what runs, and have this code in its place from now on."""
        await self.end()
        self.tree, self._next = tree, None
        await self.start()
        await self.ready()

    async def end(self) -> None:
        """At the end of all: no kill that counts."""
        await self.kill()
        if self._next is not None and self._next.returncode is None:
            self._next.kill()
            await self._next.wait()

    async def _spawn(self) -> asyncio.subprocess.Process:
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("SLACK_", "HMS_"))}
        with self._log().open("ab") as log:
            return await asyncio.create_subprocess_exec(
                sys.executable,
                *("-m", "tests.chaos.bot"),
                cwd=self._folder,  # so that no .env of the developer's is read
                env=clean | self._settings | {"PYTHONPATH": str(self.tree)},
                stdin=asyncio.subprocess.PIPE,  # its orders
                stdout=asyncio.subprocess.PIPE,  # a line when it has come to its point (`points.Armed`)
                stderr=log,
                start_new_session=True,
            )

    def _log(self) -> Path:
        return self._folder / f"replica-{self.number}.log"

    async def _ended(self) -> None:
        """Wait for that. AssertionError where it wasn't killed."""
        assert self._process is not None
        code = await self._process.wait()
        assert code == -signal.SIGKILL, f"replica {self.number} ended by itself with {code}: see {self._folder}"

    async def _listen(self) -> None:
        """It says when it has come to its point, if that is at a commit."""
        assert self._process is not None and self._process.stdout is not None
        while line := await self._process.stdout.readline():
            side, of, _ = json.loads(line)
            self._come(Point(side, of))

    def _come(self, point: Point) -> None:
        self.wants = ""
        if self.fate.halt is None:
            self._at = point
            return
        self._stopped[point] += 1
        self._still = True
        self._going_on = asyncio.create_task(self._go_on(point))

    async def _go_on(self, point: Point) -> None:
        """After longer than its leases last; it is killed soon after."""
        await asyncio.sleep(self._dice.uniform(*STOPPED_S))
        if point.side in CALL_SIDES:
            self._stale_until = time.monotonic() + STALE_S
        self._signal(signal.SIGCONT)
        self._left_s = self._dice.uniform(0.05, AFTERWARDS_S)
        self.fate, self._still = Fate(), False

    def _signal(self, which: signal.Signals) -> None:
        """Not by the process's own send_signal: that looks whether it has ended, and where it just has, asyncio's
        watcher never learns with which code."""
        if self._process is not None and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._process.pid, which)

    async def _says_ready(self) -> bool:
        try:
            async with aiohttp.request("GET", f"http://127.0.0.1:{self.port}/readyz") as answer:
                return answer.ok
        except aiohttp.ClientError:
            return False


def _port() -> int:
    """One that nobody listens at."""
    for port in random.SystemRandom().sample(PORTS, len(PORTS)):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError("no port is free")
