"""Looking a message up in its conversation, by the key in its metadata.

docs.slack.dev/reference/methods/conversations.history: 50 requests a minute, or for apps that are sold outside the
Marketplace one a minute, of 15 messages. So a reading that Slack breaks off goes on later from where it was.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cachetools import TTLCache
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.destination import Destination
from bot.slack.outcome import Found, Refused, RetryLater, Unreadable
from bot.slack.refusals import NO_HISTORY, NO_THREAD
from bot.slack.responses import judge, read

EVENT_TYPE = "sessions_bot"
PAGE = 200
PAGES_MOST = 20
"""Pages read at a time; the rest at the next."""
TIMEOUT_S = 10.0
REMEMBERED_S = 3_600.0

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Place:
    """The progress of a reading: messages since `oldest`, of which `newest` was the newest, from page `cursor` on."""

    oldest: str
    newest: str = ""
    cursor: str | None = None


class History:
    """Reads conversations. Keeps to Slack's Retry-After, and asks for nothing that the token's scopes don't allow."""

    def __init__(self, client: AsyncWebClient, bot_id: str) -> None:
        self._client = client
        self._bot_id = bot_id
        self._scopes: frozenset[str] | None = None
        self._direct: dict[str, str] = {}  # by a person's id: the id of our conversation
        self._reached: TTLCache[tuple[str, str, str], _Place] = TTLCache(1_000, REMEMBERED_S)  # by method, channel, key
        self._not_before: dict[str, float] = {}  # by method, in the time of time.monotonic

    def note(self, headers: Mapping[str, str]) -> None:
        """Take the token's scopes from any answer: they may change while we run."""
        if scopes := headers.get("X-OAuth-Scopes"):
            self._scopes = frozenset(scope.strip() for scope in scopes.split(","))

    async def find(self, channel_id: str, key: str, *, oldest_ms: int, thread_ts: str | None) -> Found | None:
        """See Chat.find. A reply whose thread was deleted may stand at top level."""
        where = await self._where(channel_id)
        oldest = f"{oldest_ms // 1000}.{oldest_ms % 1000:03d}000"
        if thread_ts is not None:
            try:
                ts = await self._search("conversations.replies", {**where, "ts": thread_ts}, key, oldest)
            except Unreadable as error:
                if error.cause != NO_THREAD:
                    raise
            else:
                return Found(ts) if ts is not None else None
        ts = await self._search("conversations.history", where, key, oldest)
        return Found(ts, threaded=thread_ts is None) if ts is not None else None

    async def there(self, channel_id: str, ts: str) -> bool:
        """True for a message of ours at that `ts`, which isn't a reply. Raises Unreadable."""
        at = {"latest": ts, "oldest": ts, "inclusive": True, "limit": 1}
        page = await self._ask("conversations.history", await self._where(channel_id) | at)
        messages = page.get("messages")
        if not isinstance(messages, list):
            raise Unreadable("no messages")
        return any(message.get("ts") == ts and message.get("bot_id") == self._bot_id for message in messages)

    async def _where(self, channel_id: str) -> dict[str, Any]:
        """The arguments that name a conversation. Raises Unreadable where it can't be read."""
        if not self._bot_id:
            self._bot_id = _text(await self._ask("auth.test", {}), "bot_id")
        self._must_be_allowed(channel_id)
        return {"channel": await self._conversation(channel_id)}

    async def _search(self, name: str, where: Json, key: str, oldest: str) -> str | None:
        """The `ts` of our message with this key, None where it isn't among those that `name` lists."""
        reached = (name, str(where["channel"]), key)
        start = _Place(oldest)
        place = self._reached.pop(reached, start)
        broken_off = place.cursor is not None
        for _ in range(PAGES_MOST):
            arguments = {"oldest": place.oldest, "cursor": place.cursor, "inclusive": True, "limit": PAGE}
            try:
                page = await self._ask(name, {**where, **arguments, "include_all_metadata": True})
            except Unreadable as error:
                if place != start and error.cause not in ("invalid_cursor", NO_THREAD):
                    self._reached[reached] = place
                raise
            found, newest, after = self._look(page, key)
            newest = max(place.newest, newest)
            if found is not None:
                return found
            if after is not None:
                if after == place.cursor:
                    raise Unreadable("the same page again")
                place = _Place(place.oldest, newest, after)
            elif broken_off:  # it may have been posted since the first page was read
                place, broken_off = _Place(newest or place.oldest), False
            else:
                return None
        self._reached[reached] = place
        raise Unreadable("too long to read at once", 0.0)

    def _look(self, page: Json, key: str) -> tuple[str | None, str, str | None]:
        """The `ts` of our message, if it is on the page; the newest `ts` there; the cursor of the next page, if any."""
        messages, more = page.get("messages"), page.get("response_metadata") or {}
        if not isinstance(messages, list):
            raise Unreadable("no messages")
        for message in messages:
            metadata = message.get("metadata") or {}
            payload = metadata.get("event_payload") or {}
            ours = message.get("bot_id") == self._bot_id and metadata.get("event_type") == EVENT_TYPE
            if ours and payload.get("key") == key:
                return _text(message, "ts"), "", None
        cursor = more.get("next_cursor") or None
        if page.get("has_more") and cursor is None:
            raise Unreadable("more without a cursor")
        return None, max((_text(message, "ts") for message in messages), default=""), cursor

    def _must_be_allowed(self, channel_id: str) -> None:
        """Raises Unreadable where the scopes are known and not enough. A channel `C…` may be public or private."""
        if self._scopes is None:
            return
        to = Destination(channel_id)
        any_of = {"im:history"} if to.is_person or to.is_direct else {"channels:history", "groups:history"}
        if not self._scopes & any_of or (to.is_person and "im:write" not in self._scopes):
            raise Unreadable(NO_HISTORY, refused=True)

    async def _conversation(self, channel_id: str) -> str:
        """Direct messages are posted to a person's id, and read under the conversation's."""
        if not Destination(channel_id).is_person:
            return channel_id
        if channel_id not in self._direct:
            opened = await self._ask("conversations.open", {"users": channel_id})
            self._direct[channel_id] = _text(opened.get("channel") or {}, "id")
        return self._direct[channel_id]

    async def _ask(self, name: str, arguments: Json) -> Json:
        """The data of an answer that is ok. Raises Unreadable."""
        if (left_s := self._not_before.get(name, 0.0) - time.monotonic()) > 0:
            raise Unreadable("ratelimited", left_s)
        try:
            async with asyncio.timeout(TIMEOUT_S):
                answer = await getattr(self._client, name.replace(".", "_"))(**arguments)
        except Exception as error:  # also slack_sdk's own, on an answer that is no JSON object
            raise self._unreadable(name, error) from None
        self.note(answer.headers)
        if not isinstance(answer.data, Mapping):
            raise Unreadable("no JSON object")
        return answer.data

    def _unreadable(self, name: str, error: Exception) -> Unreadable:
        if isinstance(error, SlackApiError):
            self.note(read(error).headers)
        outcome = judge(error)
        if isinstance(outcome, RetryLater):
            self._not_before[name] = time.monotonic() + outcome.retry_after_s
            return Unreadable(outcome.cause, outcome.retry_after_s)
        if isinstance(outcome, Refused):
            return Unreadable(outcome.code, refused=True)
        return Unreadable(outcome.cause)


def _text(data: Json, name: str) -> str:
    value = data.get(name)
    if not isinstance(value, str) or not value:
        raise Unreadable(f"no {name}")
    return value
