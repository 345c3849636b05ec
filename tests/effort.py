"""How much of what is drawn at random a run tries: `make test` a share, `make fuzz` all of it."""

from __future__ import annotations

import os

EFFORT = float(os.environ.get("EFFORT") or 1)


def effort(draws: int) -> int:
    """So many draws in `make test`, twenty times as many in `make fuzz`."""
    return max(1, round(draws * EFFORT))
