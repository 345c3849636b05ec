"""The bot's calls, its breaches of platform rules, changes to messages; and waiting for them."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from bot.demo.fake_slack.model import Call, Message

T = TypeVar("T")
# A demo may run for days: above this many entries the older half is forgotten.
KEPT = 20_000


@dataclass(frozen=True, slots=True)
class Change:
    """`kind` is `message.posted`, `message.changed`, `message.deleted`, `notice` or `channels.changed`.

    `user` limits it to one person's screen; None is everybody's.
    """

    kind: str
    message: Message | None = None
    channel: str | None = None
    ts: str | None = None
    text: str | None = None
    user: str | None = None


class Ledger:
    """An append-only record.  Listeners are called on each change, in the event loop's thread."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.violations: list[str] = []
        self.changes: list[Change] = []
        self.forgotten = 0
        self.listeners: list[Callable[[Change], None]] = []
        self._waiters: set[asyncio.Event] = set()

    @property
    def end(self) -> int:
        """The number of the next change, counted from the beginning."""
        return self.forgotten + len(self.changes)

    def since(self, number: int) -> list[tuple[int, Change]]:
        """The changes from this number on, numbered."""
        kept = self.changes[max(number - self.forgotten, 0) :]
        return list(enumerate(kept, start=max(number, self.forgotten)))

    def call(self, call: Call) -> None:
        self.calls.append(call)
        if len(self.calls) > KEPT:
            del self.calls[: KEPT // 2]
        self.notify()

    def violation(self, what: str) -> None:
        self.violations.append(what)
        self.notify()

    def change(self, change: Change) -> None:
        self.changes.append(change)
        if len(self.changes) > KEPT:
            del self.changes[: KEPT // 2]
            self.forgotten += KEPT // 2
        for listener in self.listeners:
            listener(change)
        self.notify()

    def notify(self) -> None:
        for event in self._waiters:
            event.set()

    async def until(self, condition: Callable[[], T], timeout_s: float) -> T:
        """The first truthy value of `condition`, asked after each entry; TimeoutError after `timeout_s`."""
        event = asyncio.Event()
        self._waiters.add(event)
        try:
            async with asyncio.timeout(timeout_s):
                while not (found := condition()):
                    event.clear()
                    await event.wait()
                return found
        finally:
            self._waiters.discard(event)
