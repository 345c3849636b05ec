"""Hands of people, who type: once more where nothing came back, and to the process that waits for it, if one does."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass

from bot.demo.fake_slack import FakeSlack, Message
from tests.chaos.points import NAMED
from tests.chaos.replicas import Replica

OK = 200
ANSWER_S = 4.0
AGAIN_S = 0.5
DELAYED_S = 1.0
"""The time after which a line that was typed twice is done twice, if it is: the first time by a process that was stopped."""


@dataclass(frozen=True, slots=True)
class Typed:
    """A line that was typed `times` times, and was done at some moment between `first` and `answered`, epoch
    seconds."""

    first: float
    answered: float
    times: int


class Hands:
    """`replicas` are the processes; each line goes to another one, as behind a balancer."""

    def __init__(self, slack: FakeSlack, replicas: Sequence[Replica]) -> None:
        self._slack, self._replicas = slack, replicas
        self._turn = itertools.count()

    def waiting(self, *names: str) -> Replica | None:
        """One whose process waits for one of these points."""
        assert {*names} <= NAMED, names
        return next((each for each in self._replicas if each.wants in names), None)

    async def type(self, line: str, channel: str, answer: str, replica: Replica | None = None) -> Typed:
        """As a person would: again, to any process, until an answer has come that this expression finds, and nobody
        else's in the channel."""
        first = time.time()
        for times in itertools.count(1):
            if await self.once(line, channel, answer, replica if times == 1 else None):
                typed = Typed(first, time.time(), times)
                if times > 1:
                    await asyncio.sleep(DELAYED_S)
                return typed
            await asyncio.sleep(AGAIN_S)
        raise AssertionError("unreachable")

    async def once(self, line: str, channel: str, answer: str, replica: Replica | None) -> Message | None:
        """The answer, or None where there is no such in time."""
        known = {each.ts for each in self._slack.ephemerals(channel=channel)}

        def answers() -> list[Message]:
            new = [each for each in self._slack.ephemerals(channel=channel) if each.ts not in known]
            return [each for each in new if re.search(answer, each.plain)]

        self.turn_to(replica)
        acknowledged = await self._slack.command(line, channel=channel)
        if acknowledged.status != OK:  # Slack says so at once
            return None
        with contextlib.suppress(TimeoutError):
            await self._slack.wait_for(answers, timeout_s=ANSWER_S)
        return next(iter(answers()), None)

    def turn_to(self, replica: Replica | None) -> None:
        """Slack sends what people do next there, or to any."""
        chosen = replica or self._replicas[next(self._turn) % len(self._replicas)]
        self._slack.bot_events_url = chosen.events_url
