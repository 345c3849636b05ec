"""The client against the stand-in, over a real socket."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.demo.fake_hms import FakeHms
from bot.hms.auth import SignedToken
from bot.hms.client import Hms
from bot.net.retry_budget import RetryBudget

QUICK = RetryBudget(budget_s=2.0, first_wait_s=0.01, longest_wait_s=0.05)


@pytest.fixture
async def client(hms: FakeHms) -> AsyncIterator[Hms]:
    made = Hms(hms.url, SignedToken(hms.access_key, hms.secret), QUICK)
    yield made
    await made.close()
