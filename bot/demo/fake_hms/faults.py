"""Ways in which the stand-in can fail, and the queue that decides which request meets which."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any


@dataclass(frozen=True, slots=True)
class Pass:
    """No fault: lets one request through, for a queue such as fault, answer, fault."""


@dataclass(frozen=True, slots=True)
class Status:
    """Answer with a status, headers and a JSON body; without a body the API's error body for that status.

    The documented 429 has its wait only in words, `rate limit exceeded, retry after 45 seconds`
    [api-reference/analytics].
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None


@dataclass(frozen=True, slots=True)
class Html:
    """A gateway's HTML page instead of JSON."""

    status: int = 502


@dataclass(frozen=True, slots=True)
class CutOff:
    """The true answer's headers and the first half of its body, then the connection closes."""


@dataclass(frozen=True, slots=True)
class BadJson:
    """The true status, and a body that is not JSON though it says so."""


@dataclass(frozen=True, slots=True)
class WrongTypes:
    """Status 200 and valid JSON whose fields have the wrong types."""


@dataclass(frozen=True, slots=True)
class FirstPage:
    """The true answer to the same request without its `start`: a list that doesn't move on."""


@dataclass(frozen=True, slots=True)
class Drop:
    """The connection closes without an answer."""


@dataclass(frozen=True, slots=True)
class Stall:
    """The true answer, so many seconds late."""

    seconds: float


Fault = Pass | Status | Html | CutOff | BadJson | WrongTypes | FirstPage | Drop | Stall


class FaultQueue:
    """Faults by path pattern: `*` and `?` as in file names, on the path below the prefix ("/sessions*").

    A request takes one fault from the first pattern, in the order they were given, that fits it and still has
    one; failing that, the first standing fault that fits.
    """

    def __init__(self) -> None:
        self._queues: list[tuple[str, deque[Fault]]] = []
        self._standing: list[tuple[str, Fault]] = []

    def add(self, pattern: str, *faults: Fault) -> None:
        """Give the next requests that fit the pattern these faults, one each."""
        self._queues.append((pattern, deque(faults)))

    def add_standing(self, pattern: str, fault: Fault) -> None:
        """Give every request that fits the pattern this fault."""
        self._standing.append((pattern, fault))

    def clear(self) -> None:
        """Forget all faults."""
        self._queues.clear()
        self._standing.clear()

    def take(self, path: str) -> Fault:
        """The fault for a request to this path."""
        for pattern, queue in self._queues:
            if queue and fnmatchcase(path, pattern):
                return queue.popleft()
        return next((fault for pattern, fault in self._standing if fnmatchcase(path, pattern)), Pass())
