"""What became of a message that was sent to Slack."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sent:
    """It is there, under `ts`."""

    ts: str


@dataclass(frozen=True, slots=True)
class NotNow:
    """It is certainly not there, and may be sent again after so many seconds."""

    retry_after_s: float
    cause: str


@dataclass(frozen=True, slots=True)
class Refused:
    """It is certainly not there, and won't be as things are. `code` is Slack's, such as `not_in_channel`."""

    code: str


@dataclass(frozen=True, slots=True)
class Gone:
    """The message to be changed is no longer there, or no longer ours to change."""


@dataclass(frozen=True, slots=True)
class Unsure:
    """It may be there, or may come to be within moments."""

    cause: str


Outcome = Sent | NotNow | Refused | Gone | Unsure


class Unreadable(Exception):
    """A conversation's messages can't be read. `retry_after_s` is what Slack asks for, None where it doesn't."""

    def __init__(self, cause: str, retry_after_s: float | None = None) -> None:
        super().__init__(cause)
        self.cause = cause
        self.retry_after_s = retry_after_s
