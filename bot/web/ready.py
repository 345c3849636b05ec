"""The running bot's health for /readyz and /metrics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot import metrics
from bot.clock import AGREE_S, Clock
from bot.health.judge import clocks
from bot.jobs.background import BackgroundJobs
from bot.slack.socket import Socket
from bot.workspace import Workspaces


class Health:
    """Computed anew for each request."""

    def __init__(
        self, workspaces: Workspaces, background: Sequence[BackgroundJobs], socket: Socket | None, clock: Clock
    ) -> None:
        self._workspaces = workspaces
        self._background = background
        self._socket = socket
        self._clock = clock
        self._began = clock.steady()
        self._stopping = False

    def stop(self) -> None:
        self._stopping = True

    def not_ready(self) -> str:
        """Return why the bot can't serve, or ""."""
        if self._stopping:
            return "stopping"
        if self._workspaces.waiting:
            return "waiting for Slack's auth.test"
        if self._socket is not None and not self._socket.open:
            return "waiting for Slack's socket"
        return ""

    async def note(self) -> str:
        """Return why alerts wait or come late and which clock is wrong, a line each, or ""."""
        lines = [clocks(self._clock.off_s, AGREE_S)]
        for jobs in self._background:
            whose = f"{jobs.team_id}: " if len(self._background) > 1 else ""
            warnings = f"{await jobs.stale(public=True)}\n{await jobs.slow()}\n{jobs.silent()}"
            lines += [f"{whose}{line}" for line in warnings.split("\n") if line]
        return "\n".join(filter(None, lines))

    async def stored(self) -> Mapping[str, float]:
        """Return the database's values for metrics."""
        stored = [await jobs.stored() for jobs in self._background]
        totals = {name: sum(values[name] for values in stored) for name in metrics.STORED}
        age_s = self._clock.steady() - self._began  # where Slack has yet to say whose the polls are
        for name, default in ((metrics.OUTBOX_AGE, 0.0), (metrics.POLL_AGE, age_s)):
            totals[name] = max((values[name] for values in stored), default=default)
        return totals
