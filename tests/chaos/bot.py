"""`python -m tests.chaos.bot <orders as JSON>`: `python -m bot web`, with shorter times, ending where it is told to.

It is the same program: what is set here are the figures that `bot.flows.deliver` and `bot.jobs.alerts` name as
constants, which a test of minutes needs smaller, and for the mutation check the one method that looks a message up.
"""

from __future__ import annotations

import functools
import json
import sys
from typing import Any

import bot.app
import bot.jobs.alerts
from bot.__main__ import main
from bot.chat.chat import Chat
from bot.flows.deliver import Deliver
from tests.chaos import points

LEADS_S = 3.0
"""Of the leader's lease, 15 in production."""
DELIVERY: dict[str, Any] = {"post_s": 1.0, "lease_s": 2.0, "settle_s": 1.5, "first_wait_s": 1.0}
"""In production 10, 20, 15 and 15 seconds."""
GONE_AFTER_S = 3.5
"""A row of a process that is silent for so long, lease and settling, is another's."""


class Blind(Chat):
    """Looks nothing up: what had no clear answer is sent again."""

    async def find(self, *_: object, **__: object) -> None:
        return None


def prepare(orders: dict[str, Any]) -> None:
    """`end` is None or the arguments of `points.arm`; `reconcile` False is the mutation."""
    bot.jobs.alerts.LEASE_S = LEADS_S
    app: Any = bot.app
    app.Deliver = functools.partial(Deliver, **DELIVERY)
    if not orders["reconcile"]:
        app.Chat = Blind
    if orders["end"]:
        points.arm(*orders["end"])


if __name__ == "__main__":
    prepare(json.loads(sys.argv[1]))
    sys.argv[1:] = ["web"]
    sys.exit(main())
