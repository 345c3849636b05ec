"""What became of messages whose sending had no clear answer: looked up in the channel's history by their key."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Literal

from cachetools import TTLCache

from bot import log
from bot.chat.chat import Chat
from bot.chat.outcome import NotNow, Refused, Sent, Unreadable, Unsure
from bot.chat.trouble import SHUT_OUT, held
from bot.core.card import key_of
from bot.core.outgoing import Outgoing
from bot.flows.mark import LEAST_WAIT_S, Claimed, Mark
from bot.render.blocks import context
from bot.render.limits import MESSAGE_BLOCKS
from bot.store.outbox import UNCONFIRMED
from bot.store.store import Store

REMEMBERED, REMEMBERED_S = 10_000, 86_400.0
TRIES = 5
"""So often history that can't be read is tried, before the policy says what becomes of the message."""
OLDEST_MS = 600_000
"""History is read from so long before the first try: clocks differ."""
REPEAT = "Possible repeat: Slack didn't confirm this message, and I can't read the channel to see whether it is there."

Policy = Literal["hold", "repost"]


class Confirm:
    """`policy` is for messages that may be there where history can't be read: `hold` leaves them to a person, `repost`
    sends them once more, marked. History that can't be read is tried again after `first_wait_s`, then twice as long."""

    def __init__(
        self,
        store: Store,
        chat: Chat,
        mark: Mark,
        now_ms: Callable[[], int],
        *,
        policy: Policy,
        post_s: float,
        settle_s: float,
        first_wait_s: float,
    ) -> None:
        self._store = store
        self._chat = chat
        self._mark = mark
        self._now_ms = now_ms
        self._policy = policy
        self._post_s = post_s
        self._settle_ms = int(settle_s * 1000)
        self._first_wait_s = first_wait_s
        # By key; another process may settle what is begun here.
        self._unread: TTLCache[str, int] = TTLCache(REMEMBERED, REMEMBERED_S)  # how often history couldn't be read
        self._repeated: TTLCache[str, bool] = TTLCache(REMEMBERED, REMEMBERED_S)  # sent again without a clear answer

    async def settle(self, claimed: Claimed) -> bool:
        """Whether it is known now what became of it."""
        row = claimed.row
        if row.kind == "edit":  # the same any number of times
            await self._store.again(row)
            return True
        oldest_ms = min(row.first_try_ms, self._now_ms()) - OLDEST_MS
        thread_ts = row.target_ts if row.kind == "reply" else None
        try:
            ts = await self._chat.find(row.channel_id, row.key, oldest_ms=oldest_ms, thread_ts=thread_ts)
        except Unreadable as error:
            return await self._unreadable(claimed, error)
        if ts is not None:
            await self._store.sent([(row, ts)], self._now_ms())
        else:
            await self._store.again(row)
        log.info("post_confirmed", channel=row.channel_id, key=row.key, outcome="there" if ts else "absent")
        self._forget(row.key)
        return True

    async def _unreadable(self, claimed: Claimed, error: Unreadable) -> bool:
        """A pause that Slack asks for is no failed try; a missing scope will not come by itself."""
        row = claimed.row
        if error.cause in SHUT_OUT and row.channel_id[:1] not in "UW":
            await self._mark.pause(row, error.cause)  # its claim is kept: after resuming it is looked up first
            return False
        tries = self._unread.get(row.key, 0) + (error.retry_after_s is None)
        if tries >= TRIES or error.cause == "missing_scope":
            return await self._unknown(claimed, error.cause)
        self._unread[row.key] = tries
        wait_s = error.retry_after_s
        if wait_s is None:
            wait_s = self._first_wait_s * 2.0 ** (tries - 1)
        log.warning("history_unreadable", channel=row.channel_id, cause=error.cause, tries=tries, wait_s=wait_s)
        await self._wait(claimed, wait_s, error.cause)
        return False

    async def _unknown(self, claimed: Claimed, cause: str) -> bool:
        row = claimed.row
        if self._policy == "hold" or row.key in self._repeated:
            log.error("post_held", channel=row.channel_id, kind=row.kind, cause=f"unconfirmed, {cause}", key=row.key)
            await self._hold(claimed)
            return True
        if time.monotonic() > claimed.until - self._post_s:
            await self._wait(claimed, 0.0, cause)
            return False
        outcome = await self._chat.post(
            row.channel_id,
            f"{row.text}\n{REPEAT}",
            [context(REPEAT), *row.blocks][:MESSAGE_BLOCKS],
            key=row.key,
            thread_ts=row.target_ts if row.kind == "reply" else None,
            timeout_s=self._post_s,
        )
        if isinstance(outcome, NotNow):  # not to be pending: it would be sent unmarked
            await self._wait(claimed, max(outcome.retry_after_s, LEAST_WAIT_S), outcome.cause)
            return False
        log.warning("post_repeated", channel=row.channel_id, key=row.key, outcome=type(outcome).__name__)
        if isinstance(outcome, Refused) and self._mark.pauses(row, outcome.code):
            await self._mark.pause(row, outcome.code)  # its claim is kept, so that it is never sent unmarked
            return False
        await self._mark.all([(claimed, outcome)])
        if isinstance(outcome, Unsure):
            self._repeated[row.key] = True
            return False
        self._forget(row.key)
        return isinstance(outcome, Sent)

    async def _hold(self, claimed: Claimed) -> None:
        """Keep it for a person, and tell those who asked for it. A direct message isn't worth that."""
        row = claimed.row
        self._forget(row.key)
        if row.channel_id[:1] in "UW":
            await self._store.dead(row, UNCONFIRMED)
            return
        await self._store.held(row, UNCONFIRMED)
        told = await self._store.makers(row.team_id, row.channel_id)
        message = held(row.channel_id)
        day = str(self._now_ms() // 86_400_000)  # once a day is enough, however many there are
        keys = {person: key_of("held", row.team_id, row.channel_id, person, day) for person in told}
        outgoing = [
            Outgoing(key, row.team_id, person, "post", message.text, message.blocks) for person, key in keys.items()
        ]
        await self._store.send(outgoing, self._now_ms())

    async def _wait(self, claimed: Claimed, wait_s: float, cause: str) -> None:
        """Be given the row again after so many seconds: it comes when its lease is over and settled."""
        until_ms = self._now_ms() + int(wait_s * 1000) - self._settle_ms
        await self._store.unsure(claimed.row, until_ms, cause)

    def _forget(self, key: str) -> None:
        self._unread.pop(key, None)
        self._repeated.pop(key, None)
