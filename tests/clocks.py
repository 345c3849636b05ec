"""Clocks that a test sets: this machine's wall clock, and the database's."""

from __future__ import annotations

import time
from datetime import UTC, datetime, tzinfo
from typing import Any

import pytest
from apscheduler.schedulers import base

from tests.db.server import run_sql

HOUR_S, DAY_S = 3_600.0, 86_400.0
STEPS = (HOUR_S, -HOUR_S, 40 * DAY_S, -40 * DAY_S)
"""The steps that no poll and no message may wait for."""


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self, now: float = 10.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


class Wall:
    """This machine's wall clock, `by_s` ahead of the true one, for `app.running` or `app.serve`."""

    def __init__(self, by_s: float = 0.0) -> None:
        self.by_s = by_s

    def __call__(self) -> float:
        return time.time() + self.by_s

    def rule(self, patch: pytest.MonkeyPatch | None = None) -> None:
        """Make APScheduler, which takes no clock, go by this one; until the test is over with its `patch`."""
        wall = self

        class Dated(datetime):
            @classmethod
            def now(cls, tz: tzinfo | None = None) -> Any:
                return datetime.fromtimestamp(wall(), tz or UTC)

        if patch is None:
            base.datetime = Dated
        else:
            patch.setattr(base, "datetime", Dated)


async def set_database(url: str, by_s: float) -> None:
    """Set the clock of this PostgreSQL database ahead by `by_s` seconds: a function of the same name stands before
    PostgreSQL's own. Connections that there are feel it where it was set before they were made, be it by 0."""
    name = url.partition("?")[0].rpartition("/")[2]
    await run_sql(
        url,
        f"""
        CREATE SCHEMA IF NOT EXISTS shadow;
        CREATE TABLE IF NOT EXISTS shadow.step (by_s double precision);
        DELETE FROM shadow.step;
        INSERT INTO shadow.step VALUES ({by_s});
        CREATE OR REPLACE FUNCTION shadow.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE AS
            'SELECT pg_catalog.clock_timestamp() + (SELECT by_s FROM shadow.step) * interval ''1 second''';
        ALTER DATABASE {name} SET search_path = public, shadow, pg_catalog;
        """,  # noqa: S608 - a test's own number
    )
