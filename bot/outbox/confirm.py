"""Unconfirmed messages, looked up by key in the channel's history."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Literal

from cachetools import TTLCache

from bot import log
from bot.blockkit.blocks import context
from bot.blockkit.limits import MESSAGE_BLOCKS
from bot.db.database import Database
from bot.db.sql import UNCONFIRMED
from bot.outbox import store as outbox_store
from bot.outbox.chat import Chat
from bot.outbox.message import Claimed
from bot.outbox.record import LEAST_WAIT_S, Recorder
from bot.outbox.render import may_be_missing
from bot.slack.outcome import Outcome, Refused, RetryLater, Sent, Unconfirmed, Unreadable
from bot.slack.refusals import NO_HISTORY

REMEMBERED, REMEMBERED_S = 10_000, 86_400.0
TRIES = 5
"""Tries to read a history that Slack refuses to show before `unsure` decides. A request without an answer
is no try: an outage may last."""
DOUBLED_MOST = 3
"""A wait is doubled so often, then stays."""
OLDEST_MS = 600_000
"""History is read from so long before the first try: clocks differ."""
REPEAT = "Possible repeat: Slack didn't confirm this message, and I can't read the channel to see whether it is there."

IfUnsure = Literal["hold", "repost"]


class Confirm:
    """`unsure` decides on a message that may be there if history can't be read: `repost` sends it again, marked, until
    that is answered; `hold` leaves it to a person. History that can't be read is tried again after `first_wait_s`,
    then after twice as long, up to eight times that."""

    def __init__(
        self,
        store: Database,
        chat: Chat,
        recorder: Recorder,
        now_ms: Callable[[], int],
        *,
        unsure: IfUnsure,
        post_s: float,
        settle_ms: int,
        first_wait_s: float,
    ) -> None:
        self._store = store
        self._chat = chat
        self._recorder = recorder
        self._now_ms = now_ms
        self._unsure = unsure
        self._post_s = post_s
        self._settle_ms = settle_ms
        self._first_wait_s = first_wait_s
        # By key; another process may settle what is begun here.
        self._waited: TTLCache[str, int] = TTLCache(REMEMBERED, REMEMBERED_S)  # how often
        self._refused: TTLCache[str, int] = TTLCache(REMEMBERED, REMEMBERED_S)  # how often Slack said no

    async def settle(self, row: Claimed, until: float) -> bool:
        """True once its outcome is known. `until`: the end of its lease, in the time of time.monotonic."""
        if row.kind == "edit":  # the same any number of times
            await outbox_store.again(self._store, row)
            return True
        oldest_ms = min(row.first_try_ms, self._now_ms()) - OLDEST_MS
        try:
            found = await self._chat.find(row.channel_id, row.key, oldest_ms=oldest_ms, thread_ts=row.thread_ts)
        except Unreadable as error:
            return await self._unreadable(row, until, error)
        if found is None:
            await outbox_store.again(self._store, row)
        elif found.threaded or row.broadcast:
            await outbox_store.sent(self._store, [(row, found.ts)], self._now_ms())
        elif await self._chat.withdraw(row.channel_id, found.ts, timeout_s=self._post_s):
            await outbox_store.no_thread(self._store, row)
        else:
            await self._wait(row, self._grown_s(row.key), "outside its thread")
            return False
        log.info("post_confirmed", channel=row.channel_id, key=row.key, outcome="there" if found else "absent")
        self._forget(row.key)
        return True

    async def _unreadable(self, row: Claimed, until: float, error: Unreadable) -> bool:
        """Only what Slack refuses is a try; a missing scope will not come by itself."""
        if error.cause == NO_HISTORY:
            return await self._unknown(row, until, error.cause)
        whose = self._recorder.whose(row, error.cause) if error.refused else "passing"
        wait_s = error.retry_after_s
        if whose == "workspace":
            await self._recorder.stop(row, error.cause)
        elif whose == "channel":
            await self._recorder.pause(row, error.cause)  # its claim is kept: a try looks it up first
            return False
        elif whose != "passing":
            self._refused[row.key] = tries = self._refused.get(row.key, 0) + 1
            if tries >= TRIES:
                return await self._unknown(row, until, error.cause)
        if wait_s is None:
            wait_s = self._grown_s(row.key)
        log.warning("history_unreadable", channel=row.channel_id, cause=error.cause, wait_s=wait_s)
        await self._wait(row, wait_s, error.cause)
        return False

    async def _unknown(self, row: Claimed, until: float, cause: str) -> bool:
        if self._unsure == "hold":
            log.error("post_held", channel=row.channel_id, kind=row.kind, cause=f"unconfirmed, {cause}", key=row.key)
            self._forget(row.key)
            if row.is_direct:  # it isn't worth a person's time
                await outbox_store.dead(self._store, row, UNCONFIRMED)
            else:
                await outbox_store.held(self._store, row, UNCONFIRMED)
                await self._recorder.warn(row, "held", "", may_be_missing(row.channel_id))
            return True
        if time.monotonic() > until - self._post_s:
            await self._wait(row, 0.0, cause)
            return False
        outcome = await self._chat.post(
            row.channel_id,
            f"{row.text}\n{REPEAT}",
            [context(REPEAT), *row.blocks][:MESSAGE_BLOCKS],
            key=row.key,
            event=row.event,
            thread_ts=row.thread_ts,
            broadcast=row.broadcast,
            timeout_s=self._post_s,
        )
        log.warning("post_repeated", channel=row.channel_id, key=row.key, outcome=type(outcome).__name__)
        if await self._repeated(row, outcome):
            self._forget(row.key)
            return isinstance(outcome, Sent)
        return False

    async def _repeated(self, row: Claimed, outcome: Outcome) -> bool:
        """True where that was the last of it. Until then its claim is kept, so that it is never sent unmarked."""
        match outcome:
            case RetryLater(retry_after_s=asked_s, cause=cause):
                await self._wait(row, max(asked_s, LEAST_WAIT_S), cause)
                return False
            case Unconfirmed(cause=cause):
                await self._wait(row, self._grown_s(row.key), cause)
                return False
            case Refused(code=code):
                whose = self._recorder.whose(row, code)
                if whose == "channel":
                    await self._recorder.pause(row, code)
                    return False
                self._refused[row.key] = tries = self._refused.get(row.key, 0) + 1
                if whose == "workspace":
                    await self._recorder.stop(row, code)
                if whose == "workspace" or (whose is None and tries < TRIES):
                    await self._wait(row, self._grown_s(row.key), code)
                    return False
                if whose is None:
                    await self._recorder.drop(row, code)
                    return True
        await self._recorder.record([(row, outcome)])
        return True

    async def _wait(self, row: Claimed, wait_s: float, cause: str) -> None:
        """Be given the row again after so many seconds: it comes when its lease is over and settled."""
        until_ms = self._now_ms() + int(wait_s * 1000) - self._settle_ms
        await outbox_store.unsure(self._store, row, until_ms, cause)

    def _grown_s(self, key: str) -> float:
        times = self._waited.get(key, 0)
        self._waited[key] = times + 1
        return self._first_wait_s * 2.0 ** min(times, DOUBLED_MOST)

    def _forget(self, key: str) -> None:
        self._waited.pop(key, None)
        self._refused.pop(key, None)
