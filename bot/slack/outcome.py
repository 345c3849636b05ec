"""Outcomes of messages sent to Slack."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Sent:
    """It is there, under `ts`, in the thread of `thread_ts`, "" for none."""

    ts: str
    thread_ts: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class RetryLater:
    """It is certainly not there, and may be sent again after so many seconds."""

    retry_after_s: float
    cause: str


@dataclass(frozen=True, slots=True)
class Refused:
    """It is certainly not there, and won't be as things are. `code` is Slack's, such as `not_in_channel`."""

    code: str


@dataclass(frozen=True, slots=True)
class MessageGone:
    """The message to be changed is no longer there."""


@dataclass(frozen=True, slots=True)
class Unconfirmed:
    """It may be there, or may come to be within moments."""

    cause: str


Outcome = Sent | RetryLater | Refused | MessageGone | Unconfirmed


@dataclass(frozen=True, slots=True)
class Found:
    """A message that was looked for is there, under `ts`. `threaded`: in the thread that it was meant for."""

    ts: str
    threaded: bool = True


class Unreadable(Exception):
    """A conversation's messages can't be read. `retry_after_s` is what Slack asks for, None where it doesn't.
    `refused`: Slack said no, with the code `cause`; else there was no answer to go by."""

    def __init__(self, cause: str, retry_after_s: float | None = None, *, refused: bool = False) -> None:
        super().__init__(cause)
        self.cause = cause
        self.retry_after_s = retry_after_s
        self.refused = refused
