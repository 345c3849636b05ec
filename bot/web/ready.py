"""The running bot's health, as /readyz and /metrics say it."""

from __future__ import annotations

from collections.abc import Mapping

from bot.clock import AGREE_S, Clock
from bot.health.judge import clocks
from bot.jobs.background import BackgroundJobs
from bot.slack.identity import Identity
from bot.slack.socket import Socket


class Health:
    """Asked at each request."""

    def __init__(self, identity: Identity, alerts: BackgroundJobs, socket: Socket | None, clock: Clock) -> None:
        self._identity = identity
        self._alerts = alerts
        self._socket = socket
        self._clock = clock
        self._stopping = False

    def stop(self) -> None:
        self._stopping = True

    def not_ready(self) -> str:
        """Why it can't serve, or ""."""
        if self._stopping:
            return "stopping"
        if not self._identity.known:
            return "waiting for Slack's auth.test"
        if self._socket is not None and not self._socket.open:
            return "waiting for Slack's socket"
        return ""

    async def note(self) -> str:
        """Why alerts wait, and which clock is wrong, or ""."""
        team_id = self._identity.team_id
        stale, slow = await self._alerts.stale(team_id, public=True), await self._alerts.slow(team_id)
        return "\n".join(filter(None, (clocks(self._clock.off_s, AGREE_S), stale, slow)))

    async def stored(self) -> Mapping[str, float]:
        """Counts of what the database holds, for metrics."""
        return await self._alerts.stored(self._identity.team_id)
