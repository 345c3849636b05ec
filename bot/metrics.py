"""Prometheus metrics: one table, used anywhere, as `log` is.

Counts are per process. Label values come from a fixed set: a name from a table, a class, a status; never an id or a
person's words. docs/metrics.md has a row for each metric.
"""

from __future__ import annotations

import platform
from collections.abc import Mapping

from prometheus_client import (
    CONTENT_TYPE_PLAIN_0_0_4,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client import Info as _Info

from bot import __version__

disable_created_metrics()  # no `_created` series beside every counter

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
_SOON = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 3, 5)
_REQUEST = (0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_ANSWER = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 25, 35)
_POLL = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 30, 60, 120)

build = _Info("sessions_bot_build", "Version of the bot and of Python")
build.info({"version": __version__, "python": platform.python_version()})


class Shares:
    """A gauge of the sum over workspaces, each of which sets its share; the workspace is no label."""

    def __init__(self, name: str, help_: str) -> None:
        self._gauge = Gauge(name, help_)
        self._shares: dict[str, float] = {}

    def set(self, team_id: str, share: float) -> None:
        self._shares[team_id] = share
        self._gauge.set(sum(self._shares.values()))


answers = Histogram(
    "sessions_bot_answer_duration_seconds",
    "From a person's command, press, form or shortcut to the end of its answer",
    ["source", "name", "outcome"],
    buckets=_ANSWER,
)
acks = Histogram(
    "sessions_bot_ack_duration_seconds", "From a request of Slack to its acknowledgement", ["status"], buckets=_SOON
)
refused = Counter(
    "sessions_bot_requests_refused_total",
    "Requests without Slack's signature or a webhook's secret, or dated too far off",
    ["cause"],
)
replies = Counter("sessions_bot_replies_total", "Answers handed to Slack, tries counted once", ["outcome"])
hms_requests = Histogram(
    "sessions_bot_hms_request_duration_seconds", "Requests to 100ms, each try", ["path", "status"], buckets=_REQUEST
)
slack_requests = Histogram(
    "sessions_bot_slack_request_duration_seconds", "Requests to Slack, each try", ["method", "status"], buckets=_REQUEST
)
rate_limited = Counter("sessions_bot_rate_limited_total", "Answers with status 429", ["service"])
unreadable = Counter(
    "sessions_bot_unreadable_total", "What 100ms sent in a form that can't be read, each time it is read", ["what"]
)

polls = Histogram("sessions_bot_poll_duration_seconds", "Polls of 100ms", ["outcome"], buckets=_POLL)
poll_interval = Gauge("sessions_bot_poll_interval_seconds", "How often a poll is due")
sessions_live = Shares("sessions_bot_sessions_live", "Live sessions, as the last poll saw them; 0 where another polls")
changes = Counter("sessions_bot_changes_total", "Changes that polls saw", ["kind"])
webhooks = Counter("sessions_bot_webhooks_total", "Webhooks of 100ms", ["outcome"])
webhook_lead = Histogram(
    "sessions_bot_webhook_lead_seconds", "From a change known by a webhook to the begin of the next poll", buckets=_POLL
)
webhook_last = Gauge("sessions_bot_webhook_last_timestamp_seconds", "When the last webhook came, 0 for never")
webhooks_silent = Shares(
    "sessions_bot_webhooks_silent",
    "Workspaces where polls see changes of which no webhook told, though they are set up",
)
posts = Counter("sessions_bot_posts_total", "Messages for channels, each try", ["kind", "outcome"])
key_conflicts = Counter(
    "sessions_bot_key_conflicts_total", "Messages left out, as their key is that of another message"
)
digests = Counter("sessions_bot_digests_total", "Digests, made or failed", ["outcome"])
ready = Gauge("sessions_bot_ready", "1 where this process can take what Slack sends, as /readyz says")
leader = Shares("sessions_bot_leader", "Workspaces for which this process polls and makes digests")
tasks = Gauge("sessions_bot_tasks", "Tasks of the event loop")
job_failures = Counter("sessions_bot_job_failures_total", "Jobs that failed", ["name"])
log_lines = Counter("sessions_bot_log_lines_total", "Lines of the log", ["level"])

clock_steps = Counter("sessions_bot_clock_steps_total", "Times that a clock was set, or this machine slept", ["clock"])
clock_off = Gauge("sessions_bot_clock_off_seconds", "How far a clock is ahead of the time that counts", ["clock"])

# Rare series start at 0: Prometheus sees no increase in a series whose first sample is 1.
for _metric, _labels in (
    (refused, ("signature", "clock", "webhook")),
    (webhooks, ("hint", "no_session", "unknown", "secret", "too_long", "type", "json")),
    (replies, ("ok", "failed")),
    (clock_steps, ("machine", "database")),
    (rate_limited, ("100ms", "slack")),
    (unreadable, ("field", "peer", "session")),
    (log_lines, ("info", "warning", "error")),
):
    for _label in _labels:
        _metric.labels(_label)

OUTBOX_MESSAGES = "sessions_bot_outbox_messages"
OUTBOX_AGE = "sessions_bot_outbox_age_seconds"
HELD_MESSAGES = "sessions_bot_held_messages"
PAUSED_CHANNELS = "sessions_bot_paused_channels"
WORKSPACE_REFUSED = "sessions_bot_workspace_refused"
POLL_AGE = "sessions_bot_poll_age_seconds"
STORED: Mapping[str, str] = {
    OUTBOX_MESSAGES: "Messages to be sent or on their way",
    OUTBOX_AGE: "How long the oldest message has been due, 0 where none is",
    HELD_MESSAGES: "Messages that nobody can tell the arrival of, held for a person",
    PAUSED_CHANNELS: "Channels that can't be posted to",
    WORKSPACE_REFUSED: "Workspaces where Slack refuses the bot's token, so that nothing is sent",
    POLL_AGE: "Since the last good poll, or since the start where there was none",
}
"""Metrics read from the database at each scrape, equal in every process."""


def exposition(stored: Mapping[str, float] | None) -> bytes:
    """Return all metrics in Prometheus' text format. `stored`: a value for each of `STORED`, or None if the database
    failed."""
    now = CollectorRegistry()
    Gauge("sessions_bot_database_up", "1 where the database answered this scrape in time", registry=now).set(
        stored is not None
    )
    for name, value in (stored or {}).items():
        Gauge(name, STORED[name], registry=now).set(value)
    return generate_latest() + generate_latest(now)
