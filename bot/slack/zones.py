"""The time zone of the person who asks: from users.info where `users:read` is granted, else DEFAULT_TIMEZONE."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import aiohttp
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
        self._clock = clock
        self._zones: dict[str, tuple[float, str]] = {}
        self._refused_at = -float(KEPT_S)
        self.default = default

    async def of(self, user_id: str) -> str:
        """An IANA name."""
        kept_at, zone = self._zones.get(user_id, (-float(KEPT_S), self.default))
        if self._clock() - kept_at < KEPT_S:
            return zone
        if self._clock() - self._refused_at < KEPT_S:
            return self.default
        try:
            async with asyncio.timeout(WAIT_S):
                answer = await self._client.users_info(user=user_id)
        except SlackApiError as error:
            code = error.response.get("error", "") if hasattr(error.response, "get") else ""
            if code == "missing_scope":
                self._refused_at = self._clock()
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
        self._zones.pop(user_id, None)
        self._zones[user_id] = (self._clock(), zone)
        while len(self._zones) > USERS_KEPT:
            del self._zones[next(iter(self._zones))]
        return zone
