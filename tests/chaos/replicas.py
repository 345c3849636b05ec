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
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from tests.chaos import points
from tests.chaos.bot import GONE_AFTER_S, LEADS_S

ROOT = Path(__file__).parent.parent.parent
LIFE_S = 3.2
"""The longest that a process lives, its start included: one that is killed at a random time, or has not come to its
point by then. Among several it is longer, so that they live side by side."""
STOPPED_S = max(LEADS_S, GONE_AFTER_S) + 0.3, max(LEADS_S, GONE_AFTER_S) + 3.0
STOPS = 0.2
"""Of all processes, how many are stopped once before they are killed."""
READY_WITHIN_S = 30.0
# Where processes are killed and where they are stopped, as often as they stand here
COMMITS = (*points.NAMES, "commit_poll", "claim", "sent")
CALLS = ("chat.postMessage", "chat.postMessage", "chat.update", "conversations.history", "sessions")
HALTS = ("commit_poll", "claim", "claim", "sent", "overdue", "lead")


@dataclass(frozen=True, slots=True)
class Fate:
    """How a process ends: at a random time, at a commit (`of` a transaction) or at a call (`of` a method). With `halt`
    it is stopped at a commit, and killed some time after it went on."""

    kind: str
    side: str = ""
    of: str = ""
    nth: int = 1

    def __str__(self) -> str:
        return " ".join(filter(None, (self.side, self.of))) or self.kind


TIME = Fate("any time")


class Deck:
    """Every fate in a random order, then again in another one: a long run comes to each point many times."""

    def __init__(self, dice: random.Random) -> None:
        self._dice = dice
        self._cards: list[Fate] = []

    def draw(self) -> Fate:
        if not self._cards:
            commits = [("commit", side, name) for side in points.SIDES for name in COMMITS]
            calls = [("call", side, method) for side in ("arrives", "done") for method in CALLS]
            halts = [("halt", side, name) for side in points.SIDES for name in HALTS]
            some = [Fate(*each, self._dice.choice([1, 1, 1, 1, 2])) for each in (*commits, *calls, *halts)]
            self._cards = [*some, *[TIME] * (len(some) // 4)]
            self._dice.shuffle(self._cards)
        return self._cards.pop()


class Replica:
    """One place for a process: a port, a log, and the process that is there now."""

    def __init__(self, number: int, settings: dict[str, str], folder: Path, *, among: int, reconcile: bool) -> None:
        self.number = number
        self.port = _free_port()
        self.killed: Counter[str] = Counter()
        self.stopped: Counter[str] = Counter()
        self._life_s = LIFE_S if among == 1 else 1.75 * LIFE_S
        self._reconcile = reconcile
        self._folder = folder
        self._settings = settings | {"HOST": "127.0.0.1", "PORT": str(self.port), "PYTHONPATH": str(ROOT)}
        self._process: asyncio.subprocess.Process | None = None
        self._fate: Fate = TIME
        self._left = 0
        self._at_point = self._by_us = False
        self._still = False

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.returncode is None

    async def start(self, fate: Fate = TIME) -> None:
        self._fate, self._left, self._at_point, self._by_us = fate, fate.nth, False, False
        at_commit = {"commit": "SIGKILL", "halt": "SIGSTOP"}.get(fate.kind)
        end = [fate.side, fate.of, fate.nth, at_commit] if at_commit else None
        orders = json.dumps({"end": end, "reconcile": self._reconcile})
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("SLACK_", "HMS_"))}
        with (self._folder / f"replica-{self.number}.log").open("ab") as log:
            log.write(f"--- {fate} {fate.nth}\n".encode())
            log.flush()
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                *("-m", "tests.chaos.bot", orders),
                cwd=self._folder,  # so that no .env of the developer's is read
                env=clean | self._settings,
                stdout=asyncio.subprocess.PIPE,  # a line when it has come to its point
                stderr=log,
                start_new_session=True,
            )

    async def ready(self) -> None:
        """Wait until it says so."""
        async with asyncio.timeout(READY_WITHIN_S):
            while not await self._says_ready():
                if not self.running:
                    raise AssertionError(f"replica {self.number} ended by itself: see {self._folder}")
                await asyncio.sleep(0.05)

    def reached(self, side: str, method: str) -> None:
        """A request of its is at a door."""
        fate = self._fate
        if fate.kind == "call" and (fate.side, fate.of) == (side, method) and self.running and not self._still:
            self._left -= 1
            if not self._left:
                self._at_point = True
                self._signal(signal.SIGKILL)

    async def suffer(self, dice: random.Random) -> None:
        """Let the process come to its end, and count that."""
        if self._fate.kind == "halt":
            await self._halt(dice)
        elif dice.random() < STOPS:
            await self._stop(dice)
        by_time = self._fate.kind in ("any time", "halt")
        try:
            async with asyncio.timeout(self._life_s * (dice.uniform(0.05, 1.0) if by_time else 1.0)):
                await self._ended()
        except TimeoutError:
            await self.kill()
        at_point = self._at_point or (self._fate.kind == "commit" and not self._by_us)
        self.killed[str(self._fate if at_point else TIME)] += 1

    async def kill(self) -> None:
        """Now, whatever was to come."""
        if self.running:
            self._by_us = True
            self._signal(signal.SIGKILL)
            await self._ended()

    async def end(self) -> None:
        """At the end of all: no kill that counts."""
        if self.running:
            self._signal(signal.SIGKILL)
            await self._ended()

    async def _ended(self) -> None:
        """Wait for that. AssertionError where it wasn't killed."""
        assert self._process is not None
        code = await self._process.wait()
        assert code == -signal.SIGKILL, f"replica {self.number} ended by itself with {code}: see {self._folder}"

    async def _stop(self, dice: random.Random) -> None:
        """At a random time."""
        try:
            async with asyncio.timeout(dice.uniform(1.0, 4.0)):
                await self._ended()
        except TimeoutError:
            self._signal(signal.SIGSTOP)
            await self._go_on(dice, str(TIME))

    async def _halt(self, dice: random.Random) -> None:
        """At its point, if it comes there."""
        assert self._process is not None and self._process.stdout is not None
        try:
            async with asyncio.timeout(self._life_s):
                reached = await self._process.stdout.readline()
        except TimeoutError:
            return
        if reached:
            await self._go_on(dice, str(self._fate))

    async def _go_on(self, dice: random.Random, where: str) -> None:
        """After longer than its leases last."""
        self.stopped[where] += 1
        self._still = True
        await asyncio.sleep(dice.uniform(*STOPPED_S))
        self._signal(signal.SIGCONT)
        self._still = False

    def _signal(self, which: signal.Signals) -> None:
        """Not by the process's own send_signal: that looks whether it has ended, and where it just has, asyncio's
        watcher never learns with which code."""
        if self._process is not None and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._process.pid, which)

    async def _says_ready(self) -> bool:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        except OSError:
            return False
        try:
            writer.write(b"GET /readyz HTTP/1.0\r\n\r\n")
            return b" 200 " in await reader.readline()
        except OSError:
            return False
        finally:
            writer.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
