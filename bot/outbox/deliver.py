"""Sending what is in the outbox: nothing lost, nothing twice.

A row is claimed and the claim committed; the message is sent with the row's key in its metadata; the row is marked by
what Slack answered. Where that was no clear answer, or this process ended before the mark, the row stays `sending`.
When its lease is over and the network had time to settle, the message is looked for by its key, and sent again only if
it isn't there.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable

from bot.db.database import Database
from bot.outbox import channel_pause, claims
from bot.outbox.chat import TIMEOUT_S, Chat
from bot.outbox.confirm import Confirm, IfUnsure
from bot.outbox.message import Claimed
from bot.outbox.record import Recorder, Withheld
from bot.slack.outcome import Outcome

LEASE_S = 20.0
"""Seconds that a claimed row is this process's to send; longer than a request may take."""
SETTLE_S = 15.0
"""Seconds after its lease in which a request under way may still deliver a message."""
RUN_S = 20.0
"""After so long a run claims nothing more, so that it ends."""
REFILL_INTERVAL_S = 0.2
"""Seconds between looks for new rows while others are being sent."""
BATCH_WINDOW_S = 0.01
"""Seconds after a message is sent in which others may be, to be recorded with it: a transaction costs more than a row
in it."""
PREFETCH = 8
"""Times `at_once` rows are claimed, and more when half of them are left: while some are recorded and new ones claimed,
others are sent. After a crash all of them are to be looked for, so no more than that."""
FIRST_WAIT_S = 15.0
READS_AT_ONCE = 4


class Deliver:
    """Sends one workspace's messages, at most `at_once` at a time. `unsure` as for `Confirm`; `bot`: the bot's name;
    `ops`: the channel that hears of troubles; `clock` gives epoch seconds."""

    def __init__(
        self,
        store: Database,
        chat: Chat,
        team_id: str,
        withheld: Withheld,
        *,
        unsure: IfUnsure = "repost",
        at_once: int = 20,
        bot: str = "Sessions",
        ops: str = "",
        clock: Callable[[], float] = time.time,
        post_s: float = TIMEOUT_S,
        lease_s: float = LEASE_S,
        settle_s: float = SETTLE_S,
        first_wait_s: float = FIRST_WAIT_S,
    ) -> None:
        if post_s >= lease_s:
            raise ValueError("A lease must be longer than a request may take.")
        self._store = store
        self._chat = chat
        self._team_id = team_id
        self._at_once = at_once
        self._clock = clock
        self._post_s = post_s
        self._lease_s = lease_s
        self._lease_ms = int(lease_s * 1000)
        self._settle_ms = int(settle_s * 1000)
        self._recorder = Recorder(store, withheld, bot, self._now_ms, ops)
        self._confirm = Confirm(
            store,
            chat,
            self._recorder,
            self._now_ms,
            unsure=unsure,
            post_s=post_s,
            settle_ms=self._settle_ms,
            first_wait_s=first_wait_s,
        )
        self._woken = asyncio.Event()
        self._running = False
        self._stopping = False

    def stop(self) -> None:
        """Claim nothing more: a run ends when what is under way is marked."""
        self._stopping = True

    def wake(self) -> None:
        """Have a run that waits for Slack look for new rows at once."""
        self._woken.set()

    async def run(self) -> int:
        """Send what is due until nothing is; how many rows were sent. A call while it runs returns 0: the run that is
        under way finds new rows by itself."""
        if self._running:
            return 0
        self._running = True
        try:
            await channel_pause.try_paused(self._store, self._team_id, self._now_ms())
            return await self._run()
        finally:
            self._running = False

    async def reconcile(self) -> int:
        """Look up what has been without an answer for too long; of how many rows it is known now what became."""
        until, now_ms = time.monotonic() + self._lease_s, self._now_ms()
        settled_ms = now_ms - self._settle_ms
        rows = await claims.overdue(self._store, self._team_id, settled_ms, self._at_once, now_ms, self._lease_ms)
        gate = asyncio.Semaphore(READS_AT_ONCE)

        async def settle(row: Claimed) -> bool:
            async with gate:
                return await self._confirm.settle(row, until)

        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(settle(row)) for row in rows]
        return sum(task.result() for task in tasks)

    async def _run(self) -> int:
        count, stop_at = 0, time.monotonic() + RUN_S
        under_way: dict[asyncio.Task[Outcome | None], Claimed] = {}
        gate = asyncio.Semaphore(self._at_once)
        most = PREFETCH * self._at_once
        try:
            while True:
                self._woken.clear()
                if len(under_way) <= most // 2 and not self._stopping and time.monotonic() < stop_at:
                    until, now_ms = time.monotonic() + self._lease_s, self._now_ms()
                    rows = await claims.claim(self._store, self._team_id, now_ms, self._lease_ms, most - len(under_way))
                    under_way |= {asyncio.create_task(self._send(row, until, gate)): row for row in rows}
                if not under_way:
                    return count
                await self._news(under_way)
                if any(task.done() for task in under_way):
                    await asyncio.sleep(BATCH_WINDOW_S)
                done = [task for task in under_way if task.done()]
                count += await self._recorder.record([(under_way.pop(task), task.result()) for task in done])
        finally:
            for task in under_way:
                task.cancel()
            await asyncio.gather(*under_way, return_exceptions=True)

    async def _news(self, under_way: Iterable[asyncio.Task[Outcome | None]]) -> None:
        """Wait until one of them is sent, or new rows may be there."""
        woken = asyncio.create_task(self._woken.wait())
        try:
            await asyncio.wait({*under_way, woken}, timeout=REFILL_INTERVAL_S, return_when=asyncio.FIRST_COMPLETED)
        finally:
            woken.cancel()

    async def _send(self, row: Claimed, until: float, gate: asyncio.Semaphore) -> Outcome | None:
        """None where the lease, which ends at `until` in the time of time.monotonic, which nobody sets, could end
        before the request does: another process may take the row by then."""
        async with gate:
            if self._stopping or time.monotonic() > until - self._post_s:
                return None
            if row.kind == "edit":
                return await self._chat.edit(
                    row.channel_id,
                    row.target_ts or "",
                    row.text,
                    row.blocks,
                    key=row.card_key,
                    event=row.event,
                    timeout_s=self._post_s,
                )
            return await self._chat.post(
                row.channel_id,
                row.text,
                row.blocks,
                key=row.key,
                event=row.event,
                thread_ts=row.thread_ts,
                broadcast=row.broadcast,
                timeout_s=self._post_s,
            )

    def _now_ms(self) -> int:
        return int(self._clock() * 1000)
