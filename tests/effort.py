"""The share of random draws that a run tries: `make fuzz` all, `make test` fewer."""

from __future__ import annotations

import os

EFFORT = float(os.environ.get("EFFORT") or 1)


def effort(draws: int) -> int:
    """Return `draws` in `make test`, twenty times as many in `make fuzz`."""
    return max(1, round(draws * EFFORT))
