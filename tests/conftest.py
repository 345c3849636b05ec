"""The whole bot between its two stand-ins: a signed request in, recorded calls out."""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import yaml

from bot.app import running
from bot.demo.fake_hms import Account, FakeHms
from bot.demo.fake_slack import FakeSlack
from bot.demo.fake_slack.server import DEFAULT_SCOPES
from bot.settings import Settings
from tests.db.databases import postgres, server, sqlite, store, url

__all__ = ["postgres", "server", "sqlite", "store", "url"]
from tests.db.server import migrate, named, new_database, postgres_server, run_sql

hypothesis.settings.register_profile("untimed", deadline=None)  # how long an example takes says what else runs
hypothesis.settings.load_profile("untimed")

ROOT = Path(__file__).parent.parent
NOW = 1_764_000_000.0  # 2025-11-24T16:00:00Z


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


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """The URL of a PostgreSQL server. A missing one is a failure."""
    with postgres_server() as url:
        yield url


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file at the newest revision, to copy: migrating each anew takes a third of a second."""
    path = tmp_path_factory.mktemp("migrated") / "bot.db"
    migrate(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def migrated_database(server: str) -> Iterator[str]:
    """The name of a PostgreSQL database at the newest revision, to copy."""
    name = f"bot_test_{uuid.uuid4().hex[:12]}"
    asyncio.run(run_sql(server, f"CREATE DATABASE {name}"))
    migrate(named(server, name))
    yield name
    asyncio.run(run_sql(server, f"DROP DATABASE {name}"))


@pytest.fixture
def empty() -> bool:
    """True where a test wants empty databases; else they are at the newest revision."""
    return False


@pytest.fixture
def sqlite(tmp_path: Path, migrated_file: Path, empty: bool) -> str:
    """The URL of an SQLite file; where it is to be empty there is none yet."""
    path = tmp_path / "bot.db"
    if not empty:
        shutil.copy(migrated_file, path)
    return f"sqlite:///{path}"


@pytest.fixture
async def postgres(server: str, migrated_database: str, empty: bool) -> AsyncIterator[str]:
    """The URL of a PostgreSQL database of the test's own."""
    async with new_database(server, "template1" if empty else migrated_database) as url:
        yield url


@pytest.fixture
def account() -> Account:
    """An empty 100ms account."""
    return Account(any_names=True)


@pytest.fixture
async def hms(account: Account) -> AsyncIterator[FakeHms]:
    async with FakeHms(account) as fake:
        yield fake


@pytest.fixture
async def slack(manifest: dict[str, Any]) -> AsyncIterator[FakeSlack]:
    """A workspace; at the end the bot must have kept every rule of the platform."""
    scopes = DEFAULT_SCOPES | {"channels:read", "groups:read"}  # else it isn't told that the bot was invited
    async with FakeSlack(manifest=manifest, scopes=scopes) as fake:
        yield fake
        assert fake.violations == []


@pytest.fixture
def settings(slack: FakeSlack, hms: FakeHms, sqlite: str) -> Settings:
    return Settings(
        _env_file=None,
        slack_bot_token=slack.bot_token,
        slack_signing_secret=slack.signing_secret,
        slack_app_token=slack.app_token,
        slack_api_url=slack.api_url,
        hms_access_key=hms.access_key,
        hms_secret=hms.secret,
        hms_api_url=hms.url,
        database_url=sqlite,
        poll_interval_s=3_600,
        host="127.0.0.1",
        port=0,
    )


@pytest.fixture
async def bot(settings: Settings, slack: FakeSlack, hms: FakeHms) -> AsyncIterator[str]:
    """The bot in HTTP mode, and its URL. Its first poll is over."""
    async with running(settings, "web") as started:
        slack.bot_events_url = f"{started.url}/slack/events"
        async with asyncio.timeout(10):
            while not any(request.query.get("active") == "false" for request in hms.requests):
                await asyncio.sleep(0.01)
        hms.requests.clear()
        yield started.url


@pytest.fixture(autouse=True)
def no_defects(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """A test fails where the bot logs a defect of its own: an unexpected error or blocks that Slack would refuse."""
    caplog.set_level(logging.INFO, logger="bot")
    yield
    defects = [record for record in caplog.records if "invalid_blocks" in record.getMessage()]
    defects += [r for r in caplog.records if getattr(r, "fields", {}).get("outcome") == "unexpected"]
    assert not defects, [(record.getMessage(), getattr(record, "fields", {})) for record in defects]
