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
from tests.chaos.waits import TooLongError

OK = 200
ANSWER_S = 4.0
AGAIN_S = 0.5
PATIENCE_S = 120.0
"""The longest that somebody types the same again: no row of kills and faults takes so long."""
HEARD = 3
"""The answers that an error tells of."""
DELAYED_S = 1.0
"""The time after which a line that was typed twice is done twice, if it is: the first time by a process that was stopped."""


@dataclass(frozen=True, slots=True)
class Typed:
    """A line that was typed `times` times, and was done at some moment between `first` and `answered`, epoch
    seconds. `answer` is what came in the end."""

    first: float
    answered: float
    times: int
    answer: str


class Hands:
    """`replicas` are the processes; each line goes to another one, as behind a balancer."""

    def __init__(self, slack: FakeSlack, replicas: Sequence[Replica], patience_s: float = PATIENCE_S) -> None:
        self._slack, self._replicas, self._patience_s = slack, replicas, patience_s
        self._turn = itertools.count()

    def waiting(self, *names: str) -> Replica | None:
        """One whose process waits for one of these points."""
        assert {*names} <= NAMED, names
        return next((each for each in self._replicas if each.wants in names), None)

    async def type(self, line: str, channel: str, answer: str, replica: Replica | None = None) -> Typed:
        """As a person would: again, to any process, until an answer has come that this expression finds, and nobody
        else's in the channel. TooLongError, with the answers that did come, where that takes too long."""
        first, until = time.time(), time.monotonic() + self._patience_s
        known = {each.ts for each in self._slack.ephemerals(channel=channel)}
        for times in itertools.count(1):
            if found := await self.once(line, channel, answer, replica if times == 1 else None):
                typed = Typed(first, time.time(), times, found.plain)
                if times > 1:
                    await asyncio.sleep(DELAYED_S)
                return typed
            if time.monotonic() > until:
                break
            await asyncio.sleep(AGAIN_S)
        heard = [each.plain for each in self._slack.ephemerals(channel=channel) if each.ts not in known][-HEARD:]
        raise TooLongError(f"{line!r} in {channel}, typed {times} times, wants {answer!r} and was answered {heard}")

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
