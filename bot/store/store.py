"""`Store`: the one door to the database."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence

from bot.core.card import Card
from bot.core.outgoing import Outgoing
from bot.core.subscription import Subscription
from bot.core.tracked import Tracked
from bot.store import cards, channels, claims, leases, outbox, pausing, polls, subscriptions
from bot.store.database import BUSY_S, Database
from bot.store.problems import StoreError
from bot.store.prune import prune
from bot.store.records import Channel, Fence, PollState, Row, Snapshot
from bot.store.subscriptions import SUBSCRIPTIONS_MOST, How

__all__ = [
    "SUBSCRIPTIONS_MOST",
    "Channel",
    "Fence",
    "PollState",
    "Row",
    "Snapshot",
    "Store",
    "StoreError",
]


class Store:
    """Every method is one transaction: all of it is stored, or nothing, and then StoreError is raised. Times, and
    lengths of time, are milliseconds; `now_ms` is the caller's clock."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._run = database.run

    @classmethod
    async def open(cls, url: str = "", *, busy_s: float = BUSY_S) -> Store:
        """The database of a DATABASE_URL (`address.read_address`), at the newest revision. `busy_s`: how long to wait
        for another program that has an SQLite file locked. Raises ConfigError."""
        return cls(await Database.open(url, busy_s=busy_s))

    async def close(self) -> None:
        await self._database.close()

    @property
    def single(self) -> bool:
        """Whether no other process uses the database: an SQLite file."""
        return self._database.single

    # Subscriptions

    async def subscribe(
        self, new: Subscription, silent: Sequence[str], first: Outgoing, changed: Outgoing | None = None
    ) -> tuple[Subscription, How]:
        """Store it, silent cards for the sessions that it shall not announce, and its first message. The same query
        again is the same subscription: with other kinds it gets these and their maker, and its message is `changed`
        where that is given; with equal ones nothing is stored. Raises TooMany."""
        return await self._run(lambda db: subscriptions.subscribe(db, new, silent, first, changed))

    async def subscriptions(self, team_id: str, channel_id: str | None = None) -> list[Subscription]:
        """By number."""
        return await self._run(lambda db: subscriptions.read(db, team_id, channel_id))

    async def unsubscribe(self, team_id: str, channel_id: str, number: int) -> Subscription | None:
        """The one removed, or None where the channel has none of that number."""
        return await self._run(lambda db: subscriptions.unsubscribe(db, team_id, channel_id, number))

    async def last_told(self, team_id: str, channel_id: str) -> dict[int, int]:
        """When the newest message about a session of each subscription was sent, as far as cards are kept (seven days),
        by number."""
        return await self._run(lambda db: subscriptions.last_told(db, team_id, channel_id))

    async def channel(self, team_id: str, channel_id: str) -> Channel:
        return await self._run(lambda db: channels.read(db, team_id, channel_id))

    async def pause(
        self, team_id: str, channel_id: str, reason: str, now_ms: int, tell: Callable[[Subscription], Outgoing]
    ) -> None:
        """The channel can't be written to: its messages are held, and each person who has subscriptions there gets
        what `tell` makes of their first one, once per pause. One that is in flight is held too; if its sender learns
        what became of it, that still counts, and else it is looked for after `resume`: for one that was refused call
        `again` before."""
        await self._run(lambda db: pausing.pause(db, team_id, channel_id, reason, now_ms, tell))

    async def resume(self, team_id: str, channel_id: str) -> bool:
        """What the pause held is to be sent again; whether the channel was paused."""
        return await self._run(lambda db: pausing.resume(db, team_id, channel_id))

    async def release(self, team_id: str, channel_id: str) -> None:
        """A person wants to have sent what is held because nobody can tell whether it is there."""
        await self._run(lambda db: pausing.release(db, team_id, channel_id))

    # Polls

    async def snapshot(self, team_id: str) -> Snapshot:
        return await self._run(lambda db: polls.snapshot(db, team_id))

    async def commit_poll(
        self,
        team_id: str,
        seq: int,
        now_ms: int,
        *,
        changed: Sequence[Tracked],
        cards: Sequence[Card],
        outgoing: Sequence[Outgoing],
        fence: Fence | None = None,
    ) -> bool:
        """A good poll that began from snapshot `seq`: its facts and messages. False, and nothing is stored, where
        another poll was stored since, or the fence's lease has a new owner."""
        return await self._run(
            lambda db: polls.commit(
                db, team_id, seq, now_ms, changed=changed, changed_cards=cards, outgoing=outgoing, fence=fence
            )
        )

    async def poll_failed(self, team_id: str, now_ms: int, cause: str) -> None:
        await self._run(lambda db: polls.failed(db, team_id, now_ms, cause))

    async def poll_state(self, team_id: str) -> PollState:
        return await self._run(lambda db: polls.state(db, team_id))

    async def cards(self, team_id: str, session_ids: Iterable[str]) -> list[Card]:
        """Those of all channels."""
        ids = list(session_ids)
        return await self._run(lambda db: cards.read(db, team_id, ids))

    async def card(self, row: Row) -> Card | None:
        """The card whose message an edit changes, or a post is; None once it is forgotten."""
        return await self._run(lambda db: cards.of_key(db, row.key.removesuffix(":edit")))

    # The outbox

    async def claim(self, now_ms: int, lease_ms: int, limit: int) -> list[Row]:
        """Messages to send now: the next one of each channel that may be written to, oldest first. They are this
        process's for `lease_ms`."""
        return await self._run(lambda db: claims.claim(db, now_ms, lease_ms, limit))

    async def overdue(self, before_ms: int, limit: int, now_ms: int, lease_ms: int) -> list[Row]:
        """Messages of which nobody knows whether they were sent: their lease ended before `before_ms`.
        Claimed anew."""
        return await self._run(lambda db: claims.overdue(db, before_ms, limit, now_ms, lease_ms))

    async def sent(self, rows: Sequence[tuple[Row, str]], now_ms: int, gap_ms: int = 1000) -> None:
        """They are there, each under its ts. What waited for one may go; the channel's next message waits `gap_ms`. An
        edit of which there is a newer state meanwhile is to be sent again."""
        await self._run(lambda db: outbox.sent(db, rows, now_ms, gap_ms))

    async def no_thread(self, row: Row) -> None:
        """A reply that is certainly not there, as the card's message was deleted: it waits for the card's next one,
        which the card's next change makes."""
        await self._run(lambda db: outbox.no_thread(db, row))

    async def slow_down(self, row: Row, until_ms: int) -> None:
        """It is certainly not there, and Slack asks to wait: with posts in its channel, or with all edits."""
        await self._run(lambda db: outbox.slow_down(db, row, until_ms))

    async def again(self, row: Row) -> None:
        """It is certainly not there: to be sent at once."""
        await self._run(lambda db: outbox.again(db, row))

    async def unsure(self, row: Row, until_ms: int, cause: str) -> None:
        """It may be there. Its lease ends at `until_ms`, and `overdue` gives it out."""
        await self._run(lambda db: outbox.unsure(db, row, until_ms, cause))

    async def held(self, row: Row, cause: str) -> None:
        """A person must act: it is kept until `release`, or `resume` where it has another cause."""
        await self._run(lambda db: outbox.held(db, row, cause))

    async def dead(self, row: Row, cause: str) -> None:
        """It will never be sent as it is, nor what waits for it. A card's newer state is tried once more."""
        await self._run(lambda db: outbox.dead(db, row, cause))

    async def replaced(self, row: Row, card: Card, post: Outgoing) -> None:
        """The message that `row` would edit was deleted: it is dead, and `card`, its `gen` one higher than before, gets
        the new message `post`, whose key is the card's. It shows the newest state that the store knows."""
        await self._run(lambda db: outbox.replaced(db, row, card, post))

    async def status(self, key: str) -> str:
        """pending, sending, sent, held or dead; "" for a message that isn't there."""
        return await self._run(lambda db: outbox.status(db, key))

    async def send(self, outgoing: Sequence[Outgoing], now_ms: int) -> None:
        """Messages that belong to no poll."""
        await self._run(lambda db: outbox.add(db, outgoing, now_ms))

    async def resume_all(self, team_id: str, reasons: Iterable[str]) -> int:
        """Resume every channel that is paused for one of these; how many."""
        return await self._run(lambda db: pausing.resume_all(db, team_id, list(reasons)))

    async def depth(self) -> tuple[int, int | None]:
        """How many messages are to be sent or on their way, and since when the oldest is. Those that wait for another
        one don't count."""
        return await self._run(outbox.depth)

    async def unconfirmed(self) -> int:
        """How many messages are held because nobody can tell whether they arrived."""
        return await self._run(outbox.unconfirmed)

    async def prune(self, now_ms: int) -> None:
        """Forget what was sent or given up, closed cards and ended sessions, after seven days."""
        await self._run(lambda db: prune(db, now_ms))

    # Leases

    async def time(self) -> float:
        """Epoch seconds by the clock that all processes share: PostgreSQL's. A file has one process, whose own will
        do."""
        return time.time() if self.single else await self._run(leases.time_s)

    async def lead(self, name: str, owner: str, ttl_ms: int) -> Fence | None:
        """Take or renew a lease; None while another owner has it."""
        return await self._run(lambda db: leases.take(db, name, owner, ttl_ms, single=self.single))
