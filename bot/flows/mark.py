"""Writing down what became of messages that were sent."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from bot import log, metrics
from bot.chat.outcome import Gone, NotNow, Outcome, Refused, Sent, Unsure
from bot.chat.trouble import BAD_MESSAGE, NO_THREAD, STAYS, paused
from bot.core.card import Card, key_of
from bot.core.outgoing import Outgoing
from bot.flows.hush import hush
from bot.store.records import Row
from bot.store.store import Store

LEAST_WAIT_S = 1.0


@dataclass(frozen=True, slots=True)
class Claimed:
    """A row that is this process's to send until its lease ends: `until` in the time of time.monotonic, which nobody
    sets, `until_ms` in that of the store."""

    row: Row
    until: float
    until_ms: int


class Mark:
    """`bot` says its name, `now_ms` the time."""

    def __init__(self, store: Store, bot: Callable[[], str], now_ms: Callable[[], int]) -> None:
        self._store = store
        self._bot = bot
        self._now_ms = now_ms

    async def all(self, outcomes: Sequence[tuple[Claimed, Outcome | None]]) -> int:
        """How many were sent. None: its lease had no time left, so nothing was done."""
        sent = [(claimed.row, outcome.ts) for claimed, outcome in outcomes if isinstance(outcome, Sent)]
        if sent:
            await self._store.sent(sent, self._now_ms())
        for claimed, outcome in outcomes:
            if outcome is not None:
                said = "ok" if isinstance(outcome, Sent) else type(outcome).__name__
                metrics.posts.labels(claimed.row.kind, said).inc()
            await self._unsent(claimed, outcome)
        return len(sent)

    def pauses(self, row: Row, code: str) -> bool:
        """Whether a refusal is the channel's, and not the message's."""
        return code not in BAD_MESSAGE | NO_THREAD | STAYS and row.channel_id[:1] not in "UW"

    async def pause(self, row: Row, code: str) -> None:
        """Its channel refuses us, and no message is tried there until somebody mends that and resumes."""
        now_ms = self._now_ms()
        log.warning("channel_paused", channel=row.channel_id, kind=row.kind, cause=code, key=row.key)
        channel = await self._store.channel(row.team_id, row.channel_id)
        await self._store.pause(row.team_id, row.channel_id, code, now_ms, self._tell(row, code, channel.last_ms))

    async def _unsent(self, claimed: Claimed, outcome: Outcome | None) -> None:
        row = claimed.row
        match outcome:
            case None:
                await self._store.again(row)
            case NotNow(retry_after_s=asked_s, cause=cause):
                until_ms = self._now_ms() + int(max(asked_s, LEAST_WAIT_S) * 1000)
                log.info("post_later", channel=row.channel_id, kind=row.kind, cause=cause, wait_s=asked_s)
                await self._store.slow_down(row, until_ms)
            case Unsure(cause=cause):
                log.warning("post_unconfirmed", channel=row.channel_id, kind=row.kind, cause=cause, key=row.key)
                await self._store.unsure(row, claimed.until_ms, cause)
            case Gone():
                await self._anew(row)
            case Refused(code=code):
                await self._refused(row, code)

    async def _anew(self, row: Row) -> None:
        """The card's message was deleted: what was to be its new state becomes a new message, or none where that isn't
        wanted now. A later state is tried again, and an end is counted when it may be told."""
        card = await self._store.card(row)
        until_ms = None if card is None else await self._unwanted(card)
        if card is None or until_ms is not None:
            log.warning("edit_dropped", channel=row.channel_id, key=row.key)
            await self._store.dead(row, "message_not_found", until_ms or 0)
            return
        card = replace(card, gen=card.gen + 1)
        post = Outgoing(card.key, row.team_id, row.channel_id, "post", row.text, row.blocks)
        await self._store.replaced(row, card, post)

    async def _unwanted(self, card: Card) -> int | None:
        """When its channel may hear of the session again, 0 where it was muted by itself; None: now."""
        now = datetime.fromtimestamp(self._now_ms() / 1000, UTC)
        unwanted = await hush(self._store, card.team_id, now, of_rooms_only=True)
        for tracked in (await self._store.tracked(card.team_id, [card.session_id])).values():
            session = tracked.session(live=tracked.live)
            alone = unwanted.alone(card.channel_id, session)
            return 0 if alone else unwanted.until_ms(card.channel_id, session)
        return unwanted.every_until_ms(card.channel_id)

    async def _refused(self, row: Row, code: str) -> None:
        """For a channel that refuses us, give the row back, then pause: a process that ends between the two leaves a
        row that is simply sent once more, and refused again. The other way round it would stay claimed, and be looked
        for as one that may be there. It can't go round for ever: whoever takes the row in between pauses as well."""
        fields: dict[str, Any] = {"channel": row.channel_id, "kind": row.kind, "cause": code, "key": row.key}
        if row.kind == "reply" and code in NO_THREAD:
            await self._store.no_thread(row)
        elif self.pauses(row, code):
            await self._store.again(row)
            await self.pause(row, code)
        elif row.channel_id[:1] in "UW":
            log.warning("direct_message_dropped", **fields)
            await self._store.dead(row, code)
        else:
            log.error("message_dropped", **fields)
            await self._store.dead(row, code)

    def _tell(self, row: Row, code: str, last_ms: int | None) -> Callable[[str], Outgoing]:
        """`last_ms`: when its last message was sent. Somebody who presses Resume too early is not told again."""
        message = paused(row.channel_id, code, f"@{self._bot()}")

        def tell(person: str) -> Outgoing:
            key = key_of("paused", row.team_id, row.channel_id, person, code, str(last_ms))
            return Outgoing(key, row.team_id, person, "post", message.text, message.blocks)

        return tell
