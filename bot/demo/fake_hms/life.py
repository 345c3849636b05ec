"""A life for the account: a week of history, the story of a first minute, then sessions and people that come and go."""

from __future__ import annotations

import asyncio
import math
import random
from collections import deque
from collections.abc import Callable

from . import cast, history, story
from .account import Account
from .records import Peer, Session

LEAST_ACTIVE = 35
MOST_ACTIVE = 60
EVENT_EVERY_S = 4.0
"""Mean seconds between two events at speed 1."""
QUIET_S = 10.0
"""After so long at speed 1 without a session that opens or ends, the next event is one."""
MAX_OPEN_S = 11.5 * 3600
"""Sessions end by then; the service ends them at 12 hours [Sessions/object]."""

LESSON_EVERY_S = 90.0
"""A session that opens so long after the last in a room of its own has one, too, whatever the speed."""

_TICK_S = 0.5
_YOUNG_S = 240.0
_SHORT_S = 45.0
_RECENT_LEAVERS = 50


class Life:
    """Fills the account with history up to `now` and moves it on with `advance`.

    Events happen at moments drawn from the seed, so that the account at a given time depends on seed, start
    and speed only, however many steps lead there. `speed` multiplies the rate of events, not the clock. The
    number of active sessions stays within `LEAST_ACTIVE` and `MOST_ACTIVE`. Others may change the account in
    between, a little ahead of this life's time or down to no session at all: life goes on from there.
    """

    def __init__(self, account: Account, *, seed: int, now: float, speed: float = 1.0) -> None:
        if speed <= 0:
            raise ValueError("speed must be above 0")
        self.account = account
        self._rng = random.Random(seed)
        self._speed = speed
        self._cast = cast.people(self._rng, 600)
        self._scenes = history.add_rooms(account, now)
        history.add_ended(account, self._scenes, self._cast, self._rng, now)
        self._still = history.add_active(account, self._scenes, self._cast, self._rng, now)
        own = random.Random(f"{seed} story")
        self._story = deque(story.begin(account, self._scenes, self._cast[len(cast.STRANGE) :], own, now))
        self._left: list[tuple[Session, Peer]] = []
        self._next_at = now + self._gap()
        self._moved_at = self._lesson_at = now

    def advance(self, now: float) -> int:
        """Let everything happen that is due by `now` (Unix seconds); returns how many events that were."""
        events = 0
        while True:
            oldest = next(iter(self.account.active_sessions()), None)
            deadline = oldest.created_at + MAX_OPEN_S if oldest else math.inf
            told_at = self._story[0].at if self._story else math.inf
            if min(deadline, self._next_at, told_at) > now:
                return events
            events += 1
            if told_at <= min(deadline, self._next_at):
                step = self._story.popleft()
                if step.session.active:
                    step.act()
            elif oldest and deadline <= self._next_at:
                self._end_overdue(oldest, deadline)
            else:
                self._something(self._next_at)
                self._next_at += self._gap()

    async def run(self, clock: Callable[[], float]) -> None:
        """Advance to the clock's time (Unix seconds) twice a second, until cancelled."""
        while True:
            self.advance(clock())
            await asyncio.sleep(_TICK_S)

    def _gap(self) -> float:
        return self._rng.expovariate(self._speed / EVENT_EVERY_S)

    def _something(self, at: float) -> None:
        # Nothing ends at the least number of active sessions, and nothing opens at the most.
        room_left = (MOST_ACTIVE - self.account.count(True)) / (MOST_ACTIVE - LEAST_ACTIVE)
        room_left = min(max(room_left, 0.0), 1.0)
        if not self._lively():
            return self._open(at)
        people = 0.0 if at - self._moved_at > QUIET_S / self._speed else 1.0
        event = self._rng.choices(
            (self._open, self._end_one, self._join, self._leave, self._come_back),
            (0.4 * room_left, 0.4 * (1 - room_left), 0.34 * people, 0.28 * people, 0.12 * people),
        )[0]
        event(at)

    def _open(self, at: float) -> None:
        self._moved_at = at
        if at - self._lesson_at >= LESSON_EVERY_S:
            self._lesson_at = at
            session = history.add_lesson(self.account, self._scenes, self._rng, at)
        else:
            rooms = {id: scene for id, scene in self._scenes.items() if scene.enabled and scene.weight}
            room_id = self._rng.choices(list(rooms), [scene.weight for scene in rooms.values()])[0]
            session = self.account.open_session(self.account.rooms[room_id], at)
        self._let_in(session, self._scenes[session.room_id].roles[0], at)

    def _end_one(self, at: float) -> None:
        self._end(self._rng.choice(self._young(at, _SHORT_S)), at)

    def _end_overdue(self, session: Session, at: float) -> None:
        if self.account.count(True) <= LEAST_ACTIVE:
            self._open(at)
        self._end(session, at)

    def _end(self, session: Session, at: float) -> None:
        self.account.end(session, max(at, session.updated_at))
        self._moved_at = at

    def _join(self, at: float) -> None:
        session = self._rng.choice(self._young(at))
        self._let_in(session, self._rng.choice(self._scenes[session.room_id].roles[1:]), at)

    def _leave(self, at: float) -> None:
        shared = [session for session in self._lively() if len(session.present()) > 1]
        if not shared:
            return self._join(at)
        session = self._rng.choice(shared)
        peer = self._rng.choice(session.present())
        self.account.leave(session, peer, max(at, peer.joined_at))
        self._left = [*self._left, (session, peer)][-_RECENT_LEAVERS:]

    def _come_back(self, at: float) -> None:
        self._left = [(session, peer) for session, peer in self._left if session.active]
        if not self._left:
            return self._join(at)
        session, peer = self._left.pop(self._rng.randrange(len(self._left)))
        self.account.join(session, name=peer.name, role=peer.role, user_id=peer.user_id, at=at)

    def _let_in(self, session: Session, role: str, at: float) -> None:
        person = self._rng.choice(self._cast)
        self.account.join(session, name=person.name, role=role, user_id=person.user_id, at=at)

    def _young(self, at: float, least_s: float = 0.0) -> list[Session]:
        """Every other time those that opened in the last minutes: people come at the beginning, and some calls are
        short. So whoever watches a session open sees it change and end."""
        lively = self._lively()
        young = [session for session in lively if least_s <= at - session.created_at < _YOUNG_S]
        return young if young and self._rng.random() < 0.5 else lively

    def _lively(self) -> list[Session]:
        still = self._still.union(step.session.id for step in self._story)
        return [session for session in self.account.active_sessions() if session.id not in still]
