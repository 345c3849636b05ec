"""The whole bot between its two stand-ins: a signed request in, recorded calls out."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import yaml

from bot import metrics
from bot.demo.fake_hms import Account, FakeHms
from bot.demo.fake_slack import FakeSlack
from bot.demo.fake_slack.server import DEFAULT_SCOPES
from bot.settings import Settings
from tests.clocks import Wall
from tests.effort import effort
from tests.work import at_work, settings_of

pytest_plugins = ["tests.db.databases"]

hypothesis.settings.register_profile(
    "untimed", deadline=None, max_examples=effort(50)
)  # how long an example takes says what else runs
hypothesis.settings.load_profile("untimed")

ROOT = Path(__file__).parent.parent
NOW = 1_764_000_000.0  # 2025-11-24T16:00:00Z


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Slow files first: in the end no process waits for another that is at a long one."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting of the developer's leaks into a test."""
    ours = {name.upper() for name in Settings.model_fields}
    for name in list(os.environ):
        if name in ours or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def manifest() -> dict[str, Any]:
    return yaml.safe_load((ROOT / "manifest.yml").read_text())


@pytest.fixture
def account() -> Account:
    """An empty 100ms account."""
    return Account(any_names=True)


@pytest.fixture
def clock() -> Wall:
    """The one of both stand-ins; a bot that has it too lives in a time that the test moves on."""
    return Wall()


@pytest.fixture
async def hms(account: Account, clock: Wall) -> AsyncIterator[FakeHms]:
    async with FakeHms(account, clock=clock) as fake:
        yield fake


@pytest.fixture
async def slack(manifest: dict[str, Any], clock: Wall) -> AsyncIterator[FakeSlack]:
    """A workspace; at the end the bot must have kept every rule of the platform."""
    scopes = DEFAULT_SCOPES | {"channels:read", "groups:read"}  # else it isn't told that the bot was invited
    async with FakeSlack(manifest=manifest, scopes=scopes, clock=clock) as fake:
        yield fake
        assert fake.violations == []


@pytest.fixture
def settings(request: pytest.FixtureRequest, slack: FakeSlack, hms: FakeHms, sqlite: str) -> Settings:
    """Those of a bot that polls once, or all the time for a test marked `polls`."""
    more = {"poll_interval_s": 0.2} if request.node.get_closest_marker("polls") else {}
    return settings_of(slack, hms, sqlite).model_copy(update=more)


@pytest.fixture
def polling(settings: Settings) -> Settings:
    """Those of a bot that polls all the time."""
    return settings.model_copy(update={"poll_interval_s": 0.2})


@pytest.fixture
async def bot(settings: Settings, slack: FakeSlack, hms: FakeHms, clock: Wall) -> AsyncIterator[str]:
    """The bot in HTTP mode, and its URL. Its first poll is over: what was live by then is known, and no news."""
    async with at_work(settings, slack) as started:
        async with asyncio.timeout(10):
            while not any(request.query.get("active") == "false" for request in hms.requests):
                await asyncio.sleep(0.01)
        hms.requests.clear()
        yield started.url


@pytest.fixture(autouse=True)
def no_shares() -> None:
    """Gauges start as in a new process: without what a bot or poll of another test has left."""
    for shares in (share for share in vars(metrics).values() if isinstance(share, metrics.Shares)):
        shares._shares.clear()


@pytest.fixture(autouse=True)
def no_defects(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """A test fails where the bot logs a defect of its own: an unexpected error or blocks that Slack would refuse."""
    caplog.set_level(logging.INFO, logger="bot")
    yield
    defects = [record for record in caplog.records if "invalid_blocks" in record.getMessage()]
    defects += [r for r in caplog.records if getattr(r, "fields", {}).get("outcome") == "unexpected"]
    assert not defects, [(record.getMessage(), getattr(record, "fields", {})) for record in defects]
