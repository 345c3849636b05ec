"""`python -m tests.chaos.bot`: `python -m bot web` with shorter times, ending where it is told to.

It waits for a line of orders (`points.Armed`), so that its modules are read by the time it is needed; more may follow.
"""

from __future__ import annotations

import asyncio
import sys

from bot.app import Pace, serve
from bot.settings import load
from tests.chaos.points import Armed

PACE = Pace(lead_s=2.5, post_s=0.8, lease_s=1.5, settle_s=1.2, reconcile_s=0.5, first_wait_s=1.0)
"""In production 15, 10, 20, 15, 5 and 15 seconds."""
GONE_AFTER_S = max(PACE.lead_s, PACE.lease_s + PACE.settle_s)
"""What a process that is silent for so long was at is another's."""


def main() -> None:
    orders = sys.stdin.readline()
    if not orders:  # whoever started it is gone
        return
    armed = Armed()
    armed.take(orders)

    async def run() -> None:
        asyncio.get_running_loop().add_reader(sys.stdin, lambda: armed.take(sys.stdin.readline() or "null"))
        await serve(load("web"), "web", pace=PACE)

    asyncio.run(run())


if __name__ == "__main__":
    main()
