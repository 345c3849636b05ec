"""The delivery state of a channel."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Channel:
    """`paused`: Slack's code of the reason, since `paused_ms`; None when it isn't. `last_ms`: when the last message was
    sent. `waiting` messages are to be sent or on their way, `held` ones wait for a person. `tries`: how many messages
    were refused or let go since it was paused, or since somebody changed something there. Times are milliseconds
    since 1970."""

    paused: str | None = None
    paused_ms: int | None = None
    last_ms: int | None = None
    waiting: int = 0
    held: int = 0
    tries: int = 0
