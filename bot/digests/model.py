"""What a channel gets at set times: the figures of the time since."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

from bot.outbox.card import key_of
from bot.query.model import Query
from bot.query.schedule import Schedule

Empty = Literal["say", "skip"]
"""What becomes of a digest without a session: one line that says so, or no message."""


@dataclass(frozen=True, slots=True)
class Digest:
    """A digest of the sessions that match `query` (state `all`, all its rooms known, no times), made by a person for a
    channel. `created_ms` is in milliseconds since 1970. `number` is how people name it; 0 before it is stored.
    `paused`: by a person. `last`: the local dates up to this one are done with: sent, skipped, before it was made or
    while it was paused; None before it is stored. `problem`: why the newest that is due couldn't be made yet, a cause
    in a word or two, "" when all is well. `halted`: why nothing can be posted in the channel, Slack's error code, ""
    where all is well. `tries`: how often that one couldn't be made. `status` and `cause`: what became of the message of
    `last`, as the outbox has it; "" without."""

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
        """The unique key of that date's message."""
        return key_of("digest", self.team_id, self.channel_id, str(self.number), day.isoformat())
