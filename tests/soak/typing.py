"""People who type and press, each in a channel of their own, so that every answer is known by where it comes."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from bot.demo.fake_slack import Ack, Channel, FakeSlack, Message
from bot.demo.fake_slack.ledger import Change
from tests.chaos.life import Life

ANSWER_S = 30.0
LATE = "That took too long"
PRESSED = ("More", "Back", "Refresh", "Show", "Next 3", "Try again")


@dataclass(slots=True)
class Typed:
    """Every command and press: acknowledgements and answers in seconds, how many answers say that there is none, and
    what got no answer at all."""

    ack_s: list[float] = field(default_factory=list)
    answer_s: list[float] = field(default_factory=list)
    late: int = 0
    unanswered: list[str] = field(default_factory=list)


class Typist:
    """One person in one channel."""

    def __init__(self, slack: FakeSlack, number: int, typed: Typed) -> None:
        workspace = slack.workspace
        self._slack, self._typed = slack, typed
        self._channel = Channel(f"C07QX6TYP{number:04}", f"typing-{number}", {workspace.user(None).id})
        workspace.channels[self._channel.id] = self._channel
        self.answer: Message | None = None
        self._answered = asyncio.Event()
        slack._site.ledger.listeners.append(self._note)

    def _note(self, change: Change) -> None:
        if change.channel == self._channel.id and change.message and change.message.bot_id:
            self.answer = change.message
            self._answered.set()

    async def type(self, line: str) -> None:
        await self._ask(line, lambda: self._slack.command(line, channel=self._channel.id))

    async def press(self, label: str) -> None:
        message = self.answer
        assert message is not None
        await self._ask(label, lambda: self._slack.press(message, label))

    async def _ask(self, what: str, ask: Callable[[], object]) -> None:
        self._answered.clear()
        began = time.monotonic()
        ack: Ack = await ask()  # type: ignore[misc]
        self._typed.ack_s.append(ack.elapsed_s)
        try:
            await asyncio.wait_for(self._answered.wait(), ANSWER_S - (time.monotonic() - began))
        except TimeoutError:
            self._typed.unanswered.append(what)
            return
        self._typed.answer_s.append(time.monotonic() - began)
        self._typed.late += self.answer is not None and LATE in self.answer.plain


async def keep_typing(typist: Typist, life: Life, dice: random.Random, pause_s: float, over: asyncio.Event) -> None:
    """All kinds of commands, and presses of what the answers offer, until told to stop."""
    while not over.is_set():
        labels = [label for label in PRESSED if typist.answer and label in typist.answer.labels]
        if labels and dice.random() < 0.4:
            await typist.press(dice.choice(labels))
        else:
            await typist.type(_line(life, dice))
        await asyncio.sleep(dice.expovariate(1 / pause_s))


def _line(life: Life, dice: random.Random) -> str:
    room, session = dice.choice(life.rooms), dice.choice(life.watched)
    return dice.choice(
        [
            "", "all limit:50", "ended after:1h", f"ended room:{room.id}", f'all room:"{room.name}" peers:>=1', "active role:guest user:p1",
            f"show {session.id}", "show 631a0f990e6ffae22efa610c", "subscriptions", "digests", "mutes", "settings", "settings changes",
            "help", "digest preview daily 9:00", "limit:9", "rom:x", "since yesterday", "room:nowhere", "x" * 700, "show", "unmute all",
        ]
    )  # fmt: skip
