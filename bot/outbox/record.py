"""Writing down what became of messages that were sent. `slack.refusals` says whose a refusal is, docs/alerts.md what
follows from that."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any

from bot import log, metrics
from bot.blockkit.blocks import Message
from bot.db.database import Database
from bot.db.setting_change import SettingChange
from bot.outbox import cards as card_store
from bot.outbox import channel_pause, conversations, workspaces
from bot.outbox import store as outbox_store
from bot.outbox.card import Card, key_of
from bot.outbox.message import Claimed, Outgoing
from bot.outbox.render import dropped, no_replies, paused
from bot.slack.outcome import MessageGone, Outcome, Refused, RetryLater, Sent, Unconfirmed
from bot.slack.refusals import FROZEN, MISSED, NO_THREAD, REFUSALS, Whose

LEAST_WAIT_S = 1.0
ODD_WAITS_S = (10.0, 50.0)
"""A message is tried again so long after each refusal that says nothing for sure; the next one is final for it."""


Withheld = Callable[[Database, Card, int], Awaitable[int | None]]
"""When the channel of a card may hear of its session again, from `now_ms` on; None: at once."""


class Recorder:
    """Stores outcomes, and does what follows. `bot`: its name; `ops`: the channel that hears of troubles, or ""."""

    def __init__(self, store: Database, withheld: Withheld, bot: str, now_ms: Callable[[], int], ops: str = "") -> None:
        self._store = store
        self._withheld = withheld
        self._bot = bot
        self._now_ms = now_ms
        self._ops = ops

    async def record(self, outcomes: Sequence[tuple[Claimed, Outcome | None]]) -> int:
        """Return the number sent. None: the lease had no time left, so nothing was done."""
        sent = [(row, outcome.ts) for row, outcome in outcomes if isinstance(outcome, Sent)]
        if sent:
            await outbox_store.sent(self._store, sent, self._now_ms())
        for row, outcome in outcomes:
            if outcome is not None:
                result = "ok" if isinstance(outcome, Sent) else type(outcome).__name__
                metrics.posts.labels(row.kind, result).inc()
            await self._unsent(row, outcome)
        return len(sent)

    def whose(self, row: Claimed, code: str) -> Whose | None:
        """Return the scope of a refusal of this message; None if it is inconclusive."""
        whose = REFUSALS.get(code)
        if whose == "workspace" and row.refusals >= len(ODD_WAITS_S):
            whose = "channel"  # auth.test was answered each time
        if whose == "channel" and row.is_direct:
            return "message"
        if (whose == "thread" and row.kind != "reply") or (row.kind == "edit" and code in MISSED):
            return None
        return whose

    async def pause(self, row: Claimed, code: str) -> None:
        """Its channel refuses us: its messages are kept, and one is tried from time to time."""
        log.warning("channel_paused", channel=row.channel_id, kind=row.kind, cause=code, key=row.key)
        channel = await conversations.read(self._store, *row.place)
        notice = paused(row.channel_id, code, f"@{self._bot}")

        def tell(person: str) -> Outgoing:
            """Somebody who presses Resume too early is not told again."""
            key = key_of("paused", *row.place, person, code, str(channel.last_ms))
            return Outgoing(key, row.team_id, person, "post", notice.text, notice.blocks)

        await channel_pause.pause(self._store, *row.place, code, self._now_ms(), tell)

    async def stop(self, row: Claimed, code: str) -> None:
        """Its workspace refuses us: nothing is sent there until auth.test is answered."""
        if await workspaces.refused(self._store, row.team_id, code, self._now_ms()):
            log.error("workspace_refused", cause=code)

    async def drop(self, row: Claimed, code: str) -> None:
        """It will not be sent as it is, and whoever set something up in its channel hears of that."""
        fields: dict[str, Any] = {"channel": row.channel_id, "kind": row.kind, "cause": code, "key": row.key}
        if row.is_direct:
            log.warning("direct_message_dropped", **fields)
        else:
            log.error("message_dropped", **fields)
        await outbox_store.dead(self._store, row, code)
        await self.warn(row, "dropped", code, dropped(row.channel_id, code), ops=self._ops)

    async def warn(self, row: Claimed, what: str, code: str, message: Message, *, ops: str = "") -> None:
        """Tell those who set something up in its channel, and the operators' channel `ops` where `Watch` doesn't, once
        a day. A direct message isn't worth that."""
        if row.is_direct:
            return
        day = str(self._now_ms() // 86_400_000)
        told = dict.fromkeys((*await channel_pause.makers(self._store, *row.place), ops))
        outgoing = [
            Outgoing(key_of(what, *row.place, to, code, day), row.team_id, to, "post", message.text, message.blocks)
            for to in told
            if to not in ("", row.channel_id)
        ]
        await outbox_store.add(self._store, outgoing, self._now_ms())

    async def _unsent(self, row: Claimed, outcome: Outcome | None) -> None:
        match outcome:
            case None:
                await outbox_store.again(self._store, row)
            case RetryLater(retry_after_s=asked_s, cause=cause):
                until_ms = self._now_ms() + int(max(asked_s, LEAST_WAIT_S) * 1000)
                log.info("post_later", channel=row.channel_id, kind=row.kind, cause=cause, wait_s=asked_s)
                await outbox_store.slow_down(self._store, row, until_ms)
            case Unconfirmed(cause=cause):
                log.warning("post_unconfirmed", channel=row.channel_id, kind=row.kind, cause=cause, key=row.key)
                await outbox_store.unsure(self._store, row, row.lease_ms, cause)
            case MessageGone():
                await self._anew(row, "message_not_found")
            case Refused(code=code):
                await self._refused(row, code)

    async def _refused(self, row: Claimed, code: str) -> None:
        """For a channel or workspace that refuses us, give the row back, then write that down: a process that ends
        between the two leaves a row that is simply sent once more, and refused again. The other way round it would stay
        claimed, and be looked for as one that may be there. It can't go round for ever: whoever takes the row in
        between does the same."""
        match self.whose(row, code):
            case "workspace":
                await outbox_store.later(self._store, row, 0)
                await self.stop(row, code)
            case "channel":
                await outbox_store.again(self._store, row)
                await self.pause(row, code)
            case "thread" if row.broadcast:
                await outbox_store.alone(self._store, row)
            case "thread" if code == NO_THREAD:
                await outbox_store.no_thread(self._store, row)
            case "thread":
                await self._no_threads(row, code)
            case "message" if row.kind == "edit" and code in FROZEN:
                await self._frozen(row, code)
            case "message":
                await self.drop(row, code)
            case _:
                await self._odd(row, code)

    async def _odd(self, row: Claimed, code: str) -> None:
        """The refusal says nothing for sure, or is one that comes by mistake too."""
        if row.refusals < len(ODD_WAITS_S):
            wait_s = ODD_WAITS_S[row.refusals]
            log.warning("post_refused", channel=row.channel_id, kind=row.kind, cause=code, key=row.key, wait_s=wait_s)
            await outbox_store.later(self._store, row, self._now_ms() + int(wait_s * 1000))
        elif row.kind == "edit" and code in FROZEN:
            await self._frozen(row, code)
        elif row.kind == "edit" and code in MISSED:
            await self._anew(row, code)
        else:
            await self.drop(row, code)

    async def _frozen(self, row: Claimed, code: str) -> None:
        """The card's message is there and can't be changed: only the end of its session is worth another."""
        card = await card_store.of_message(self._store, row)
        if card is not None and card.status == "final":
            await self._anew(row, code)
        else:
            log.warning("edit_dropped", channel=row.channel_id, cause=code, key=row.key)
            await outbox_store.dead(self._store, row, code)

    async def _anew(self, row: Claimed, code: str) -> None:
        """The card's message was deleted, or can't be changed: what was to be its new state becomes a new message, or
        none where that isn't wanted now. A later state is tried again, and an end is counted when it may be told."""
        card = await card_store.of_message(self._store, row)
        until_ms = None if card is None else await self._withheld(self._store, card, self._now_ms())
        if card is None or until_ms is not None:
            log.warning("edit_dropped", channel=row.channel_id, cause=code, key=row.key)
            await outbox_store.dead(self._store, row, code, until_ms or 0)
            return
        await outbox_store.replaced(self._store, row, replace(card, gen=card.gen + 1))

    async def _no_threads(self, row: Claimed, code: str) -> None:
        """Its channel takes no replies: there are none from now on, and the channel is told so."""
        log.warning("threads_refused", channel=row.channel_id, cause=code, key=row.key)
        message = no_replies(code)
        key = key_of("no replies", *row.place, row.key)
        notice = Outgoing(key, *row.place, "post", message.text, message.blocks)
        await outbox_store.no_threads(self._store, row, code, notice, SettingChange(self._now_ms(), "", "threads off"))
