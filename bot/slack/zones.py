"""The time zone of the person who asks: from users.info where `users:read` is granted, else DEFAULT_TIMEZONE."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import aiohttp
from cachetools import TTLCache
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot import log

KEPT_S = 3_600
USERS_KEPT = 20_000
WAIT_S = 2.0


class Zones:
    """Zones by user, kept for an hour. Asking never fails."""

    def __init__(self, client: AsyncWebClient, default: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._client = client
        self._zones: TTLCache[str, str] = TTLCache(USERS_KEPT, KEPT_S, timer=clock)
        self._refused: TTLCache[str, bool] = TTLCache(1, KEPT_S, timer=clock)  # the scope isn't granted
        self.default = default

    async def of(self, user_id: str) -> str:
        """An IANA name."""
        if known := self._zones.get(user_id):
            return known
        if self._refused:
            return self.default
        try:
            async with asyncio.timeout(WAIT_S):
                answer = await self._client.users_info(user=user_id)
        except SlackApiError as error:
            code = error.response.get("error", "") if hasattr(error.response, "get") else ""
            if code == "missing_scope":
                self._refused["missing_scope"] = True
            log.info("zone_unknown", cause=code)
            return self.default
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            log.info("zone_unknown", cause=type(error).__name__)
            return self.default
        zone = str((answer.get("user") or {}).get("tz") or self.default)
        try:
            ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            zone = self.default
        self._zones[user_id] = zone
        return zone
