"""The doctor on the command line, as a process of its own between the two stand-ins."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pytest

from bot.demo.fake_hms import Account, FakeHms
from bot.demo.fake_slack import FakeSlack
from bot.demo.run import scopes_of
from tests.health.forks import Forks

SECRETS = ("SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET", "SLACK_APP_TOKEN", "HMS_SECRET", "HMS_MANAGEMENT_TOKEN")
_LINE = re.compile(r"(ok  |warn|fail)  (.+?)  +(.+)")


@dataclass(frozen=True, slots=True)
class Said:
    """The doctor's output: (state, what, the rest) of each line, the line that sums up, and its exit code."""

    code: int
    lines: list[tuple[str, str, str]]
    sum: str

    def of(self, what: str) -> list[tuple[str, str]]:
        """(state, the rest) of the lines of a check."""
        return [(state, rest) for state, name, rest in self.lines if name == what]

    def only(self, what: str) -> tuple[str, str]:
        """Those of a check with one line."""
        (line,) = self.of(what)
        return line

    def shows(self, what: str, start: str, *words: str) -> None:
        """Check the one line of a check: its state and how it goes on, and what else it says."""
        line = " ".join(self.only(what))
        assert line.startswith(start) and all(word in line for word in words), line

    def states(self) -> dict[str, str]:
        return {what: state for state, what, _ in self.lines}


@dataclass(frozen=True, slots=True)
class World:
    slack: FakeSlack
    hms: FakeHms
    folder: Path
    env: dict[str, str]
    forks: Forks

    async def doctor(self, *arguments: str, **changes: str) -> Said:
        """Run it with these settings changed. Whatever it says holds no secret and no traceback."""
        code, out, err = await self._run("doctor", *arguments, **changes)
        assert err == ""
        *printed, total = out.splitlines()
        lines = [_LINE.fullmatch(line) for line in printed]
        assert "\033" not in out and all(lines), out
        assert total[0] == ("❌" if code else total[0]) and total[0] in "✅⚠❌"
        said = Said(code, [(line[1].strip(), line[2], line[3]) for line in lines if line], total)
        assert code == any(state == "fail" for state, _, _ in said.lines)
        return said

    async def refused(self, *command: str, **changes: str) -> str:
        """The one line with which a command ends at once that can't go on with these settings."""
        code, out, err = await self._run(*command, **changes)
        assert (code, out) == (2, ""), err
        assert err.startswith("sessions-bot: ") and err.count("\n") == 1
        return err.removeprefix("sessions-bot: ").rstrip("\n")

    async def _run(self, *arguments: str, **changes: str) -> tuple[int, str, str]:
        """Its exit code and what it writes, which holds no secret."""
        env = self.env | changes
        process = {"PATH": os.environ["PATH"]} | env
        async with asyncio.timeout(60):  # a busy machine
            code, out, err = await asyncio.to_thread(self.forks.run, arguments, self.folder, process)
        for name in SECRETS:
            assert not (secret := env.get(name)) or secret not in out + err, name
        assert "pass-word" not in out + err
        return code, out, err


@pytest.fixture
def empty() -> bool:
    return True


@pytest.fixture(scope="session")
def forks() -> Iterator[Forks]:
    forks = Forks()
    yield forks
    forks.close()


@pytest.fixture
async def make_world(manifest: dict[str, Any], tmp_path: Path, forks: Forks) -> AsyncIterator[Callable[..., Any]]:
    """A world with everything granted, whose stand-ins take other arguments."""
    async with AsyncExitStack() as stack:

        async def make(*, without: frozenset[str] = frozenset(), hms: Any = None, **slack: Any) -> World:
            scopes = scopes_of(manifest) - without
            fake = await stack.enter_async_context(FakeSlack(manifest=manifest, scopes=scopes, **slack))
            account = await stack.enter_async_context(FakeHms(Account(), **(hms or {})))
            env = {
                "SLACK_BOT_TOKEN": fake.bot_token,
                "SLACK_SIGNING_SECRET": fake.signing_secret,
                "SLACK_APP_TOKEN": fake.app_token,
                "SLACK_API_URL": fake.api_url,
                "HMS_ACCESS_KEY": account.access_key,
                "HMS_SECRET": account.secret,
                "HMS_API_URL": account.url,
                "PORT": "0",
            }
            return World(fake, account, Path(mkdtemp(dir=tmp_path)), env, forks)

        yield make


@pytest.fixture
async def world(make_world: Callable[..., Any]) -> World:
    return await make_world()
