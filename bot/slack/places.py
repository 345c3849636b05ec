"""Conversations that the bot can't be invited into."""

from __future__ import annotations

import time
from collections.abc import Callable

from cachetools import TTLCache
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.question import NoAnswer, Question, Refusal

KEPT_S = 86_400
PLACES_KEPT = 10_000
NO_MESSAGE = "1.000000"
"""A `ts` that no message has."""


class Places:
    """Direct messages, kept for a day. `client` must not ask again by itself."""

    def __init__(self, client: AsyncWebClient, clock: Callable[[], float] = time.monotonic) -> None:
        self._question = Question(client.chat_getPermalink, clock)
        self._shown: TTLCache[str, bool] = TTLCache(PLACES_KEPT, KEPT_S, timer=clock)

    async def shows(self, channel_id: str) -> bool:
        """False for a direct message between two people, which Slack doesn't show to the bot: it says so of any message
        in it (docs.slack.dev/reference/methods/chat.getPermalink, which needs no scope). True where it doesn't say."""
        if (shown := self._shown.get(channel_id)) is not None:
            return shown
        try:
            await self._question.ask(channel=channel_id, message_ts=NO_MESSAGE)
        except Refusal as refusal:
            self._shown[channel_id] = refusal.cause != "channel_not_found"
        except NoAnswer:
            return True
        return self._shown.get(channel_id, True)
