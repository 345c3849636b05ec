"""`python -m tests.chaos.bot`: `python -m bot web` with shorter times, ending where it is told to.

It waits for a line of orders, so that its modules are read by the time it is needed; more may follow. One is where to
end (`points.Armed`), or `{"clock": seconds}`: so far ahead its machine's clock is from then on.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys

from pydantic import TypeAdapter

from bot.app import Pace, serve
from bot.settings import Account, load
from tests.chaos.points import Armed
from tests.clocks import Wall

PACE = Pace(lead_s=2.5, post_s=0.8, lease_s=1.5, settle_s=1.2, reconcile_s=0.5, first_wait_s=1.0)
"""In production 15, 10, 20, 15, 5 and 15 seconds."""
GONE_AFTER_S = max(PACE.lead_s, PACE.lease_s + PACE.settle_s)
"""The silence after which what a process was at is another's."""


def main() -> None:
    orders = _first_line()
    if not orders:  # whoever started it is gone
        return
    armed, wall = Armed(), Wall()
    wall.rule()

    def take(line: str) -> None:
        order = json.loads(line or "null")
        if isinstance(order, dict):
            wall.by_s = order["clock"]
        else:
            armed.take(line or "null")

    def take_all() -> None:
        """Every line that is there: lines that came together wake the reader once."""
        for line in os.read(sys.stdin.fileno(), 65_536).decode().splitlines():
            take(line)

    take(orders)

    async def run() -> None:
        asyncio.get_running_loop().add_reader(sys.stdin, take_all)
        await serve(load("web"), "web", pace=PACE, wall=wall, accounts=_more())

    asyncio.run(run())


def _more() -> list[Account]:
    """The account of the second workspace, where there is one (`team`)."""
    keys = json.loads(os.environ.get("SECOND_ACCOUNT") or "null")
    return [TypeAdapter(Account).validate_python(keys)] if keys else []


def _first_line() -> str:
    """Read past Python's own buffer, which would keep what came with the line from `select`."""
    line = b""
    while not line.endswith(b"\n") and (byte := os.read(sys.stdin.fileno(), 1)):
        line += byte
    return line.decode()


if __name__ == "__main__":
    main()
