"""A person who wants digests: some for the next minutes, others as a process waits for what follows from it.

A schedule's smallest step is a day, so some are helped: their row says that their newest date is days ago, as that of a
bot which has been down since.
"""

from __future__ import annotations

import itertools
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from bot.demo.fake_slack import FakeSlack
from tests.chaos.database import Database
from tests.chaos.digests import DAY_S, Due
from tests.chaos.hands import Hands
from tests.chaos.life import Life
from tests.chaos.replicas import Replica
from tests.chaos.silence import Span

CHANNELS = ("support", "incident-room", "stage", "studio", "general")
AHEAD_S = 150.0
"""There is a digest for every minute up to so far ahead, made `SOON_S` before at the latest."""
SOON_S = 8.0
PAST_M = 2, 40
"""The minutes of the clock that the others are for: so long ago."""
DOWN_DAYS = 3
"""The age in days of the newest date of one that is helped: of those days the last has a digest, the others none."""
MADE_S = 120.0
"""The time in which a digest may be made after its own; one that a person paused or ended by then is anything."""
CROWD = 14
"""A channel with so many makes room for another; 20 is the bot's bound."""

HELP = (
    "UPDATE digests SET last = '{last}', next_ms = next_ms - {ms} WHERE channel_id = '{channel}' AND number = {number}"
)
NEWEST = "SELECT last FROM digests WHERE channel_id = '{channel}' AND number = {number}"
NUMBER = (
    "SELECT max(number) FROM digests "
    "WHERE channel_id = '{channel}' AND schedule LIKE 'daily {clock} %' AND query {about}"
)


@dataclass(slots=True)
class Plan:
    """A daily digest that is kept: asked for at `first` and surely there at `made`; `pauses` are when it was paused,
    `gone` when it was ended, `late` the time of the newest date it had missed when it was helped, at `helped`. All in
    epoch seconds."""

    channel: str
    minute: int
    room_id: str | None
    quietly: bool
    first: float
    made: float
    number: int
    pauses: list[Span] = field(default_factory=list)
    gone: float | None = None
    late: float | None = None
    helped: float = 0.0

    def times(self, until: float) -> list[float]:
        """Its times since it was asked for."""
        midnight = self.first // DAY_S * DAY_S
        some = itertools.takewhile(lambda at: at <= until, itertools.count(midnight + self.minute * 60, DAY_S))
        return [at for at in some if at > self.first]


class Planner:
    """`plans` are all digests that were ever made."""

    def __init__(self, slack: FakeSlack, life: Life, database: Database, hands: Hands, dice: random.Random) -> None:
        self._slack, self._life, self._database, self._hands, self._dice = slack, life, database, hands, dice
        self.plans: list[Plan] = []
        self._places = itertools.cycle(CHANNELS)
        self._spare: Plan | None = None

    async def begin(self) -> None:
        """Some digests, while all is calm."""
        await self.look_ahead()
        self._spare = await self._past()

    async def look_ahead(self) -> None:
        """A digest for each of the next minutes, every other minute two."""
        now = time.time()
        taken = {plan.minute for plan in self.plans if any(at > now for at in plan.times(now + AHEAD_S))}
        for at in range(int((now + SOON_S) // 60 + 1) * 60, int(now + AHEAD_S), 60):
            minute = at // 60 % (24 * 60)
            if minute not in taken:
                await self._make(minute, None)
                if minute % 2:
                    await self._make(minute, self._dice.choice(self._life.rooms).id)

    async def help_one(self) -> None:
        """Let a digest be late. One that is so already will do."""
        if not [plan for plan in self.plans if plan.late and plan.gone is None and not await self._done(plan)]:
            await self._help(await self._idle())

    async def help_spare(self) -> None:
        """The same while no process runs, once."""
        assert self._spare is not None
        plan, self._spare = self._spare, None
        await self._help(plan)

    async def _help(self, plan: Plan) -> None:
        now = time.time()
        due = (now - plan.minute * 60) // DAY_S * DAY_S + plan.minute * 60
        last = _day(due) - timedelta(days=DOWN_DAYS)
        plan.helped, plan.late = now, due
        await self._database.rows(HELP.format(last=last, ms=DOWN_DAYS * 86_400_000, **self._row(plan)))

    async def act(self) -> None:
        """Do what a process waits for, if any does."""
        await self.look_ahead()
        if replica := self._hands.waiting("digests.store.add"):
            await self._past(replica)
        elif self._hands.waiting("digests.store.send", "digests.store.failed"):
            await self.help_one()
        elif replica := self._hands.waiting("digests.store.pause"):
            await self._pause(await self._idle(), replica)
        elif replica := self._hands.waiting("digests.store.remove"):
            await self._remove(await self._old(), replica)

    def dues(self, until: float, shown: float) -> list[Due]:
        """The digests that were to come: up to `until` it must be there, up to `shown` it may, epoch seconds."""
        return [due for plan in self.plans for due in self._dues(plan, until, shown)]

    def _dues(self, plan: Plan, until: float, shown: float) -> Sequence[Due]:
        team, channel = self._slack.workspace.team_id, self._slack.workspace.channel(plan.channel).id

        def due(at: float, must: bool, skipped: int = 0) -> Due:
            return Due(team, channel, plan.number, _day(at), at, plan.room_id, must, skipped, plan.quietly)

        found = [due(plan.late, plan.gone is None or plan.gone > plan.helped, DOWN_DAYS - 1)] if plan.late else []
        for at in plan.times(shown):
            paused = any(pause.surely(at) for pause in plan.pauses)
            disturbed = any(pause.perhaps(at, at + MADE_S) for pause in plan.pauses)
            gone = plan.gone is not None and plan.gone < at + MADE_S
            if not paused:
                found.append(due(at, plan.made < at <= until and not disturbed and not gone))
        return found

    async def _past(self, replica: Replica | None = None) -> Plan:
        """One for a minute that is over, which nobody of the channel has asked for."""
        taken = {plan.minute for plan in self.plans if plan.gone is None}
        now = int(time.time() // 60)
        minutes = [(now - ago) % (24 * 60) for ago in range(*PAST_M)]
        free = [minute for minute in minutes if minute not in taken] or minutes
        rooms = [None, self._dice.choice(self._life.rooms).id, self._life.unused.id]
        return await self._make(self._dice.choice(free), self._dice.choice(rooms), replica)

    async def _make(self, minute: int, room_id: str | None, replica: Replica | None = None) -> Plan:
        channel = next(self._places)
        here = [plan for plan in self.plans if plan.channel == channel and plan.gone is None]
        if len(here) >= CROWD and (old := [plan for plan in here if await self._done(plan)]):
            await self._remove(old[0])
        if known := [each for each in here if (each.minute, each.room_id) == (minute, room_id)]:
            return known[0]
        quietly = self._dice.random() < 0.5
        clock = f"{minute // 60:02}:{minute % 60:02}"
        line = f"digest daily {clock} UTC" + " empty:skip" * quietly + (f" room:{room_id}" if room_id else "")
        typed = await self._hands.type(line, channel, "✅ (Digest|Nothing to change: that is digest)", replica)
        about = f"LIKE '%{room_id}%'" if room_id else "NOT LIKE '%room%'"
        there = NUMBER.format(channel=self._channel(channel), clock=clock, about=about)
        number = await self._database.number(there)
        plan = Plan(channel, minute, room_id, quietly, typed.first, typed.answered, number)
        self.plans.append(plan)
        return plan

    async def _pause(self, plan: Plan, replica: Replica) -> None:
        """For a moment."""
        paused = await self._hands.type(f"digest pause {plan.number}", plan.channel, "⏸️ Digest", replica)
        resumed = await self._hands.type(f"digest resume {plan.number}", plan.channel, "▶️ Digest")
        plan.pauses.append(Span(paused.first, paused.answered, resumed.first, resumed.answered))

    async def _remove(self, plan: Plan, replica: Replica | None = None) -> None:
        plan.gone = time.time()
        gone = "🗑️ Digest|There is no digest|has no digests"
        await self._hands.type(f"digest remove {plan.number}", plan.channel, gone, replica)

    async def _idle(self) -> Plan:
        """One for a minute that is over."""
        now = time.time()
        idle = [
            plan
            for plan in self.plans
            if plan is not self._spare and plan.gone is None and not plan.late and not plan.times(now + 2 * AHEAD_S)
        ]
        return self._dice.choice(idle) if idle else await self._past()

    async def _old(self) -> Plan:
        """One that has come, or any idle one."""
        done = [plan for plan in self.plans if plan.gone is None and await self._done(plan)]
        return self._dice.choice(done) if done else await self._idle()

    async def _done(self, plan: Plan) -> bool:
        """True if the bot is done with the date that was late, or its time was long ago."""
        if plan.late is None:
            return bool(plan.times(time.time() - MADE_S))
        rows = await self._database.rows(NEWEST.format(**self._row(plan)))
        return all(last >= _day(plan.late).isoformat() for (last,) in rows)

    def _row(self, plan: Plan) -> dict[str, object]:
        return {"channel": self._channel(plan.channel), "number": plan.number}

    def _channel(self, name: str) -> str:
        return self._slack.workspace.channel(name).id


def _day(at: float) -> date:
    return datetime.fromtimestamp(at, UTC).date()
