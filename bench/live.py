"""The account that changes (`servers/live.py`), as the measurements use it."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import Any
from urllib.request import Request, urlopen

from bench.processes import HELPERS, ask, python
from bench.setup import Bench


class Stub:
    """The account and Slack, in a process of their own."""

    def __init__(self, bench: Bench, sessions: int) -> None:
        child = bench.processes.start(python("bench.servers.live", str(sessions)), env={}, cores=HELPERS)
        self.url = f"http://127.0.0.1:{ask(child)}"
        self.env = {**bench.env, "SLACK_API_URL": f"{self.url}/api"}

    def turn(self, **what: int) -> int:
        """Move the account on; what time it is there."""
        return int(self._ask("/bench/turn", what)["now"])

    def slack_takes(self, ms: int) -> None:
        """From now on, for a post."""
        self._ask("/bench/slack", {"ms": ms})

    def counts(self) -> dict[str, int]:
        """Return the requests since the last call."""
        return defaultdict(int, self._ask("/bench/counts"))

    def _ask(self, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = Request(self.url + path, data, {"Content-Type": "application/json"})  # noqa: S310
        with urlopen(request, timeout=30) as answer:  # noqa: S310 - our own
            return json.load(answer)
