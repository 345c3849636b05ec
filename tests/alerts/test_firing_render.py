"""What fires, drawn: inside every limit and harmless, however much fires and whatever roles and people are called."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import pytest

from bot.alerts.firing import Firing
from bot.alerts.firing_render import MENTIONED_MOST, fired, still_wrong, summary, told
from bot.alerts.render import live_card
from bot.blockkit.blocks import Message
from bot.query.lasting import Missing
from bot.query.model import Term
from tests.accounts import NOW
from tests.alerts.test_render import HALL, town_hall
from tests.blockkit.judge import proper

NAMES = {HALL: "<!channel> *Town* hall & `@here`" * 5}
NOTIFY = [f"U123ABC{number:04}" for number in range(500)]
ROLES = [f'<!everyone>&*_{number}_*@here"{"&" * 30}' for number in range(8)]
HOSTILE = " ".join(str(Term("missing", Missing(role, 120))) for role in ROLES)
NOW_MS = int(NOW.timestamp() * 1000)


def firings(what: str, many: int) -> list[Firing]:
    """So many of one session, a tenth of them over, taken by people with odd names."""
    taker = "U1 <!here> *Ada* @channel https://example.com " + "&" * 80
    fire = Firing("T1", "C1", "s", 1, 1, "fired", what, NOW_MS - 600_000, NOW_MS, times=3, taken_by=taker)
    over = replace(fire, state="resolved", over_ms=NOW_MS)
    return [replace(fire if number % 10 else over, number=number) for number in range(1, many + 1)]


@pytest.mark.parametrize("what", ["idle:5m", HOSTILE], ids=["short", "hostile"])
def test_it_fits_however_much_fires(what: str) -> None:
    session, some = town_hall(active=True), firings(what, 100)
    items = [(session, firing) for firing in firings(what, 500)]
    messages: Sequence[Message] = (
        live_card(session, NAMES, reopened=2, firings=some, notify=NOTIFY),
        summary(items, NAMES, NOTIFY),
        still_wrong(items, NAMES),
        *(fired(session, NAMES, firing, NOTIFY) for firing in some[:1]),
        *(told(session, some[0], event, NOTIFY) for event in ("again", "resolved", "reminder", "taken", "ended")),
    )
    for message in messages:
        proper(message)
        assert len(re.findall("<@U", message.text)) <= 2 * MENTIONED_MOST  # in the head, and with the blocks
