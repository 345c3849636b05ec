"""Strangers can't fill the log."""

from __future__ import annotations

import pytest

from bot.web.rejections import Rejections


def test_a_wrong_clock_has_lines_of_its_own(caplog: pytest.LogCaptureFixture) -> None:
    rejections = Rejections(clock=lambda: 1_000.0)
    for off_s in (None, 301.4, None, -400.0):
        rejections.note("signature" if off_s is None else "clock", off_s)
    said = [(record.levelname, getattr(record, "fields", {})) for record in caplog.records]
    assert said == [
        ("INFO", {"cause": "signature", "count": 1}),
        ("WARNING", {"cause": "clock", "count": 1, "off_s": 301}),
    ]


def test_a_line_a_minute_with_the_number_since_the_last(caplog: pytest.LogCaptureFixture) -> None:
    now = 1_000.0
    rejections = Rejections(clock=lambda: now)
    for seconds in (0, 0, 1, 59, 60, 119, 500):
        now = 1_000.0 + seconds
        rejections.note("signature")
    said = [(record.message, getattr(record, "fields", {})) for record in caplog.records]
    assert said == [("request_refused", {"cause": "signature", "count": count}) for count in (1, 4, 2)]
