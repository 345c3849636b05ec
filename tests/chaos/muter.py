"""A person who wants silence: mutes that end by themselves or are ended, quiet hours, threads that are off. They do
something all the time, and what a process waits for first."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from tests.chaos.hands import Hands, Typed
from tests.chaos.life import Life
from tests.chaos.replicas import Replica
from tests.chaos.silence import Silence, Span

MUTED = ("stage", "incident-room")
"""Channels where all, a room or a session is muted. In the second threads are off at times."""
QUIET = "studio"
MUTES_S = 12, 18, 30
"""The lengths of mutes that end by themselves."""
SECOND_S = 1.0
"""It counts from a whole second."""
TO_A_MINUTE = 0.3
"""The share of the mutes that have a full minute for their end."""
EVERY_S = 1.0, 4.0
"""Between two acts that nobody waits for."""
LEAST_S = 10.0
"""A silence up to a full minute lasts so long at least."""
ENDED = "That session has ended"
"""The answer to who mutes a session that ends meanwhile. It stays the same, however often they type."""
DELAYED_S = 5.0
"""A command that was typed again may still be done the first time so much later: its process was stopped."""


class Muter:
    """`silences` are all that there ever were, as far as their ends are known; in the channels `muted` and QUIET."""

    def __init__(self, life: Life, hands: Hands, dice: random.Random, muted: Sequence[str] = MUTED) -> None:
        self._life, self._hands, self._dice, self._muted = life, hands, dice, muted
        self.silences: list[Silence] = []
        self._threads = True
        self._quiet = False
        self._next = 0.0  # in the time of time.monotonic

    async def act(self) -> None:
        """Do what a process waits for, else anything now and then."""
        acts: dict[str, Callable[[Replica | None], Awaitable[None]]] = {
            "silence.mute_store.add": self._mute,
            "silence.mute_store.remove": self._unmute,
            "silence.quiet_store.add": self._hush,
            "silence.quiet_store.clear": self._wake,
            "outbox.threads.turn": self._turn,
        }
        for name, act in acts.items():
            if replica := self._hands.waiting(name):
                await act(replica)
                return
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + self._dice.uniform(*EVERY_S)
            await self._dice.choice([self._mute, *acts.values()])(None)

    async def end_all(self) -> None:
        """Now every channel wants to hear of everything."""
        for channel in self._muted:
            await self._unmute_all(channel, None)
        await self._wake(None)
        if not self._threads:
            await self._turn(None)

    async def _mute(self, replica: Replica | None) -> None:
        """Something that is not muted, for seconds or until a full minute."""
        channel = self._dice.choice(self._muted)
        session = self._dice.choice(self._life.watched)
        whats: list[tuple[str, str | None, str]] = [
            *[("", None, "")] * len(self._life.rooms),
            *((f"room:{room.id} ", room.id, "") for room in self._life.rooms),
            (f"{session.id} ", None, session.id),
        ]
        muted = {(each.room_id, each.session_id) for each in self._now(channel)}
        what, room_id, session_id = self._dice.choice([each for each in whats if each[1:] not in muted])
        whole = self._dice.random() < TO_A_MINUTE
        length = self._dice.choice(MUTES_S)
        end = (time.time() + LEAST_S) // 60 * 60 + 60
        words = f"until {datetime.fromtimestamp(end, UTC).isoformat()}" if whole else f"{length / 60:g}m"
        answer = f"🔕|is not in the future|{ENDED}"
        typed = await self._hands.type(f"mute {what}{words}", channel, answer, replica)
        last = typed.answered + length + (DELAYED_S if typed.times > 1 else 0.0)
        until, last = (end, end) if whole else (typed.first + length - SECOND_S, last)
        # who was refused may have a mute all the same, from a time before whose answer was lost
        since = until if re.search(ENDED, typed.answer) else typed.answered
        self.silences.append(Silence(channel, Span(typed.first, since, until, last), room_id, session_id))

    async def _unmute(self, replica: Replica | None) -> None:
        if replica and not any(map(self._now, self._muted)):
            await self._mute(None)
        for channel in [each for each in self._muted if self._now(each)][:1]:
            await self._unmute_all(channel, replica)

    async def _unmute_all(self, channel: str, replica: Replica | None) -> None:
        answer = "🔔 Mutes? |has no mutes|mute has just ended"
        typed = await self._hands.type("unmute all", channel, answer, replica)
        self._cut(typed, [each for each in self._now(channel, typed.first) if not each.replies])

    async def _hush(self, replica: Replica | None) -> None:
        """Quiet hours that hold now, or begin with the next minute; they end with a minute."""
        await self._wake(None)
        minute, left = divmod(time.time(), 60)
        start = int(minute) + (self._dice.random() < 0.3)
        end = start + (1 if 60 - left > LEAST_S or start > minute else 2)
        typed = await self._hands.type(f"quiet {_clock(start)}-{_clock(end)} UTC", QUIET, "🌙", replica)
        self._quiet = True
        since = start * 60.0
        span = Span(max(since, typed.first), max(since, typed.answered), end * 60.0, end * 60.0)
        self.silences.append(Silence(QUIET, span))

    async def _wake(self, replica: Replica | None) -> None:
        if replica and not self._quiet:
            await self._hush(None)
        if not self._quiet:
            return
        typed = await self._hands.type("quiet off", QUIET, "no (longer has )?quiet hours", replica)
        self._quiet = False
        self._cut(typed, self._now(QUIET, typed.first))

    async def _turn(self, replica: Replica | None) -> None:
        """Threads off, or on again."""
        channel, self._threads = MUTED[1], not self._threads
        typed = await self._hands.type(f"threads {'on' if self._threads else 'off'}", channel, "🧵", replica)
        if self._threads:
            self._cut(typed, [each for each in self._now(channel, typed.first) if each.replies])
        else:
            for_ever = float("inf")
            span = Span(typed.first, typed.answered, for_ever, for_ever)
            self.silences.append(Silence(channel, span, replies=True))

    def _now(self, channel: str, since: float | None = None) -> list[Silence]:
        """Those of a channel that may not be over, now or since then."""
        at = since or time.time()
        return [each for each in self.silences if each.channel == channel and each.span.last >= at]

    def _cut(self, typed: Typed, some: Sequence[Silence]) -> None:
        for each in some:
            self.silences.remove(each)
            self.silences.append(replace(each, span=each.span.cut(typed.first, typed.answered)))


def _clock(minute: int) -> str:
    """Of the UTC day; `minute` is counted from 1970."""
    hours, minutes = divmod(minute % (24 * 60), 60)
    return f"{hours:02}:{minutes:02}"
