"""The life of an account: sessions open, people join and leave, sessions end, some before anybody has looked."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from itertools import count

from bot.demo.fake_hms import Account, Peer, Room, Session

ROOMS = 4
QUIET = 180
"""Sessions of a room where nobody comes or goes: the list of what is live has two pages."""
LEAST, MOST = 5, 14
"""Sessions that are live at once, without those."""
EVENT_S = 0.35
"""Between two events, on average."""
HOUR_S = 3_600.0
OPENS, JOINS, LEAVES, ENDS, BLINKS = 2, 8, 4, 1, 1
"""The weight of each event, against the others."""
HOSTS = 0.2
"""The share of those who join as hosts."""


class Life:
    """Everybody has a name of their own, `P1`, `P2`, …, and joins once."""

    def __init__(self, account: Account, dice: random.Random, clock: Callable[[], float] = time.time) -> None:
        self.account = account
        self.clock = clock
        self.busy = False
        self._dice = dice
        self._serial = count(1)
        now = clock() - 600
        self.rooms = [account.add_room(f"Room {number}") for number in range(ROOMS)]
        quiet = account.add_room("Quiet room")
        self.watched: list[Session] = []  # those that are live
        self._quiet = [self._open(quiet, now + number / 10) for number in range(QUIET)]
        self.unused = account.add_room("Unused room")
        for room in self.rooms:
            self.watched.append(self._open(room, now + 60))

    async def run(self, until: asyncio.Event) -> None:
        """Until told to stop; it takes a rest where `busy` is set."""
        while not until.is_set():
            if not self.busy:
                self._something()
            await asyncio.sleep(self._dice.expovariate(1 / EVENT_S))

    async def blink(self, room: Room) -> None:
        """A session of less than two seconds."""
        session = self._open(room, self.clock())
        await asyncio.sleep(self._dice.uniform(0, 1.5))
        self.account.end(session, self.clock())

    def change(self, session_id: str) -> None:
        """Somebody joins, if it is still live."""
        session = self.account.sessions[session_id]
        if session.active:
            self._join(session, self.clock())

    def end_an_old_one(self) -> None:
        """No list of what ended since the last poll has it: they go by when a session began."""
        if len(self._quiet) > QUIET // 2:
            self.account.end(self._quiet.pop(), self.clock())

    def end_all_but(self, kept: int) -> None:
        while len(self.watched) > kept:
            self._end()

    def pile_up(self, count: int) -> None:
        """Let so many sessions of the first room have ended within the last hour."""
        began = self.clock() - HOUR_S
        for number in range(count):
            session = self.account.open_session(self.rooms[0], began + number * (HOUR_S - 1) / count)
            self._join(session, session.created_at)
            self.account.end(session, session.created_at + 1)

    def _something(self) -> None:
        few, many, some = len(self.watched) < LEAST, len(self.watched) >= MOST, bool(self.watched)
        weights = [0 if many else OPENS, JOINS * some, LEAVES * some, 0 if few else ENDS, BLINKS]
        (what,) = self._dice.choices([self._opens, self._joins, self._leaves, self._end, self._blinks], weights)
        what()

    def _opens(self) -> None:
        self.watched.append(self._open(self._dice.choice(self.rooms), self.clock()))

    def _blinks(self) -> None:
        self._later = asyncio.create_task(self.blink(self._dice.choice(self.rooms)))

    def _open(self, room: Room, at: float) -> Session:
        session = self.account.open_session(room, at)
        for _ in range(self._dice.randint(0, 2)):
            self._join(session, at)
        return session

    def _joins(self) -> None:
        self._join(self._dice.choice(self.watched), self.clock())

    def _join(self, session: Session, at: float) -> Peer:
        name, role = f"P{next(self._serial)}", self._dice.choices(("guest", "host"), (1 - HOSTS, HOSTS))[0]
        return self.account.join(session, name=name, role=role, user_id=name.lower(), at=at)

    def _leaves(self) -> None:
        session = self._dice.choice(self.watched)
        if present := session.present():
            self.account.leave(session, self._dice.choice(present), self.clock())

    def _end(self) -> None:
        session = self.watched.pop(self._dice.randrange(len(self.watched)))
        self.account.end(session, self.clock())
