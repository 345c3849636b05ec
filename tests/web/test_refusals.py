"""Strangers can't fill the log."""

from __future__ import annotations

import pytest

from bot.web.refusals import Refusals


def test_a_line_a_minute_with_the_number_since_the_last(caplog: pytest.LogCaptureFixture) -> None:
    now = 1_000.0
    refusals = Refusals(clock=lambda: now)
    for seconds in (0, 0, 1, 59, 60, 119, 500):
        now = 1_000.0 + seconds
        refusals.note()
    said = [(record.message, getattr(record, "fields", {})) for record in caplog.records]
    assert said == [("request_refused", {"count": count}) for count in (1, 4, 2)]
