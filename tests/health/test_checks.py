"""A check that fails or hangs is a finding, and keeps the others from nothing."""

from __future__ import annotations

import asyncio

import pytest

from bot.clock import Clock
from bot.db.database import Database
from bot.health.check_result import CheckResult
from bot.health.checks import examine
from bot.health.probes import Parts

SETTINGS = [CheckResult("Settings", "ok", "all there")]


async def test_a_check_that_raises_is_a_finding(caplog: pytest.LogCaptureFixture) -> None:
    async def look() -> Database:
        raise RuntimeError("<secret>")

    found = await examine(Parts(SETTINGS, 15.0, Clock(), look=look))
    assert found[0] == SETTINGS[0]
    assert [each.state for each in found if each.name == "Database"] == ["fail"]
    assert not any("secret" in each.detail for each in found)
    assert "check_failed" in [record.getMessage() for record in caplog.records]


async def test_a_check_that_hangs_is_a_finding() -> None:
    async def look() -> Database:
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0.5)  # as a driver that takes its time even to be cancelled
        raise AssertionError

    found = await examine(Parts(SETTINGS, 15.0, Clock(), look=look), check_s=0.1)
    assert [(each.name, each.state) for each in found][:2] == [("Settings", "ok"), ("Database", "fail")]
    assert found[1].detail.startswith("no answer within")
