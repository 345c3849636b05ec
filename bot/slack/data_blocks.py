"""Charts and tables, which not every Slack takes: left out where it refuses them."""

from __future__ import annotations

import math
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from bot import log
from bot.slack.outcome import Outcome, Refused, Sent

DATA_BLOCKS = {"data_table", "data_visualization"}
"""Rolled out in phases (docs.slack.dev/changelog, 2026-05-20 and 2026-06-16)."""
KEPT_S = 86_400.0
UNKNOWN_BLOCK = {"invalid_blocks", "invalid_blocks_format"}
"""Slack's codes for a block that it doesn't know."""

Blocks = Sequence[Mapping[str, Any]]


class DataBlocks:
    """Remembers for a day that a workspace refuses charts and tables. All its messages share one, so that only one is
    refused."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._refused_until = -math.inf

    async def fit(
        self, blocks: Blocks, send: Callable[[Blocks], Awaitable[Outcome]], to_blame: Callable[[Refused], bool]
    ) -> Outcome:
        """The outcome of the richest form of `blocks` that Slack takes: all of them, without charts and tables, none.
        `to_blame` is true for a refusal that may be of the blocks."""
        refused = ""
        for form in self._forms(blocks):
            outcome = await send(form)
            if isinstance(outcome, Refused) and to_blame(outcome):
                refused = outcome.code
                log.error("blocks_refused", cause=refused)
                continue
            if isinstance(outcome, Sent) and refused in UNKNOWN_BLOCK:
                self._refused_until = self._clock() + KEPT_S
            return outcome
        return await send(())

    def _forms(self, blocks: Blocks) -> list[Blocks]:
        """Those that have any block, the richest first."""
        plainer = [block for block in blocks if block.get("type") not in DATA_BLOCKS]
        if len(plainer) == len(blocks):
            return [blocks] if blocks else []
        whole = [] if self._clock() < self._refused_until else [blocks]
        return [*whole, plainer] if plainer else whole
