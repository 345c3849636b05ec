"""Faults that tests and the demo inject into the fake Slack, one queue for each Web API method.

`response_url` names the queue of posts to response_urls.  Each request takes one fault from its queue; an
empty queue means no fault.
"""

from collections import defaultdict, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class RateLimited:
    """HTTP 429 with a Retry-After header.  https://docs.slack.dev/apis/web-api/rate-limits"""

    retry_after_s: int = 1


@dataclass(frozen=True, slots=True)
class HttpError:
    """A bare HTTP answer, such as a gateway's 503 page; nothing is done, or (`after_doing`) everything was."""

    status: int = 503
    body: str = ""
    after_doing: bool = False
    content_type: str = "text/html"


@dataclass(frozen=True, slots=True)
class Dropped:
    """The connection is closed without an answer, before or after the request was carried out."""

    after_doing: bool = False


@dataclass(frozen=True, slots=True)
class Stalled:
    """The answer comes `seconds` late; the request is carried out after the wait or (`after_doing`) before."""

    seconds: float
    after_doing: bool = False


@dataclass(frozen=True, slots=True)
class ApiError:
    """An `"ok": false` answer with HTTP 200, such as `ApiError("not_in_channel")`.

    Slack says of `internal_error` and `fatal_error` that the work may have been done: `after_doing`.
    """

    error: str
    extra: Mapping[str, Any] = field(default_factory=dict)
    after_doing: bool = False


Fault = RateLimited | HttpError | Dropped | Stalled | ApiError


class Faults:
    """The queues."""

    def __init__(self) -> None:
        self._queues: defaultdict[str, deque[Fault]] = defaultdict(deque)

    def add(self, method: str, *faults: Fault) -> None:
        self._queues[method].extend(faults)

    def take(self, method: str) -> Fault | None:
        queue = self._queues[method]
        return queue.popleft() if queue else None
