"""A channel's digest: the figures of a period, at set times."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

from bot.outbox.card import key_of
from bot.query.model import Query
from bot.query.schedule import Schedule

Empty = Literal["say", "skip"]
"""Behaviour for a period without sessions: one line that says so, or no message."""


@dataclass(frozen=True, slots=True)
class Digest:
    """A digest of the sessions that match `query` (state `all`, its rooms resolved, no times). `created_ms` is in
    milliseconds since 1970. `number` is its name for people; 0 before it is stored. `paused`: by a person. `last`:
    local dates up to this one are done with: sent, skipped, before it was made or while it was paused; None before it
    is stored. `problem`: the cause why the due one couldn't be made yet, in a word or two, else ""; `tries`: its
    failed tries. `halted`: Slack's error code that pauses the channel, else "". `status` and `cause`: those of the
    message of `last` in the outbox, "" without one."""

    team_id: str
    channel_id: str
    query: Query
    schedule: Schedule
    empty: Empty
    created_by: str
    created_ms: int
    number: int = 0
    paused: bool = False
    last: date | None = None
    problem: str = ""
    tries: int = 0
    halted: str = ""
    status: str = ""
    cause: str = ""

    def key(self, day: date) -> str:
        """The unique key of the message of `day`."""
        return key_of("digest", self.team_id, self.channel_id, str(self.number), day.isoformat())
