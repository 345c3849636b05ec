"""The doctor's words about settings that are misspelt or in each other's place, of the port, and of Slack's own judgement."""

from __future__ import annotations

import socket

import pytest

from bot.app import running
from bot.demo.fake_slack import HttpError, RateLimited
from bot.settings import Settings
from tests.health.conftest import World
from tests.live import asked

pytestmark = pytest.mark.slow

ACCESS_KEY = "60a1b2c3d4e5f60718293a4b"  # kingfisher:ignore
SECRET = "kQ" * 44  # kingfisher:ignore


async def test_a_name_that_is_misspelt_is_told_with_the_one_that_was_meant(world: World) -> None:
    (world.folder / ".env").write_text("SLACK_TOKEN=xoxb-1\nCOMPOSE_PROJECT_NAME=bot\nHOSTS=x\n")
    said = await world.doctor(HMS_ACCESS_KEY="", HMS_ACCES_KEY="a", SLACK_BOT_TOKEN="", HOST_NAME="x", LOG_LEVEL="INFO")
    hints = {what: rest for state, what, rest in said.lines if state == "warn"}
    assert hints == {
        "HMS_ACCES_KEY": "is set, and is no setting  → did you mean `HMS_ACCESS_KEY`?",
        "SLACK_TOKEN": "is set in .env, and is no setting  → did you mean `SLACK_BOT_TOKEN`?",
    }
    assert said.states()["SLACK_BOT_TOKEN"] == said.states()["HMS_ACCESS_KEY and HMS_SECRET"] == "fail"


async def test_tokens_in_each_others_place(world: World) -> None:
    bot, app, secret = (world.env[f"SLACK_{name}"] for name in ("BOT_TOKEN", "APP_TOKEN", "SIGNING_SECRET"))
    said = await world.doctor(SLACK_BOT_TOKEN=app, SLACK_APP_TOKEN=bot, SLACK_SIGNING_SECRET="")
    said.shows("SLACK_BOT_TOKEN", "fail holds an app-level token  → move it to SLACK_APP_TOKEN; this")
    said.shows("SLACK_APP_TOKEN", "fail holds a bot token  → move it to SLACK_BOT_TOKEN; this")
    said = await world.doctor(SLACK_BOT_TOKEN=secret, SLACK_SIGNING_SECRET=bot, SLACK_APP_TOKEN="xoxp-1")
    said.shows("SLACK_BOT_TOKEN", "fail holds a signing secret, by its form  → move it to SLACK_SIGN")
    said.shows("SLACK_SIGNING_SECRET", "fail holds a bot token  → move it to SLACK_BOT_TOKEN; this one is the sign")
    said.shows("SLACK_APP_TOKEN", "fail holds a person's token  → this one is an app-level token")
    assert (await world.refused("web", SLACK_SIGNING_SECRET=bot)).startswith("SLACK_SIGNING_SECRET holds a bot token: ")


async def test_key_and_secret_of_100ms_exchanged(world: World) -> None:
    said = await world.doctor(HMS_ACCESS_KEY=SECRET, HMS_SECRET=ACCESS_KEY)
    state, rest = said.only("HMS_ACCESS_KEY and HMS_SECRET")
    assert (state, rest) == ("warn", "look exchanged: the secret has the form of an access key  → exchange the two")
    assert "HMS_SECRET" not in said.states() and said.states()["100ms token"] == "fail"
    assert not (await world.doctor(HMS_ACCESS_KEY=ACCESS_KEY, HMS_SECRET=SECRET)).of("HMS_ACCESS_KEY and HMS_SECRET")


async def test_a_token_for_a_whole_organisation(world: World) -> None:
    world.slack.workspace.org_wide = True
    (await world.doctor()).shows(
        "Slack token", "fail", "for a whole organisation, and the bot serves one workspace",
        "→ install the app in one workspace, and copy the token from there",
    )  # fmt: skip


async def test_a_port_that_is_taken(world: World) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        (await world.doctor(PORT=port, HOST="127.0.0.1")).shows(
            "Port", f"fail the bot can't listen at 127.0.0.1:{port}: another program listens there  → stop that"
        )
    assert (await world.doctor(PORT=port, HOST="127.0.0.1")).of("Port") == [("ok", f"127.0.0.1:{port} is free")]
    for host in ("203.0.113.7", "no-such-host.invalid"):
        said = await world.doctor(PORT=port, HOST=host)
        said.shows("Port", "fail", "→ set HOST and PORT to an address of this machine")


async def test_a_port_that_the_bot_itself_has(world: World, settings: Settings) -> None:
    async with running(settings, "web") as started:
        port = started.url.rpartition(":")[2]
        said = await world.doctor(PORT=port, HOST="127.0.0.1")
    assert said.of("Port") == [("ok", f"the bot is running at 127.0.0.1:{port}")]


async def test_slack_judges_a_message_of_each_kind_only_when_asked(world: World) -> None:
    assert not (await world.doctor()).of("Blocks")
    assert asked(world.slack, "blocks.validate") == 0
    kinds = ("a list", "a live card", "a digest", "settings", "subscriptions", "help")
    (await world.doctor("--slack")).shows("Blocks", "ok", *kinds)
    assert asked(world.slack, "blocks.validate") >= 16 and world.slack.violations == []


async def test_a_slack_without_charts_and_tables_is_told_of(world: World) -> None:
    world.slack.workspace.data_blocks = False
    said = await world.doctor("--slack")
    (good, charts) = said.of("Blocks")
    assert (said.code, good[0], charts[0]) == (0, "ok", "warn") and "a digest" not in good[1]
    assert charts[1].startswith("this Slack refuses charts and tables (unsupported block type at /")
    assert "a digest comes without  → nothing to do" in charts[1]


@pytest.mark.parametrize("fault", [HttpError(503, "down"), RateLimited(30)], ids=lambda fault: type(fault).__name__)
async def test_a_validator_out_of_reach_fails_nothing_else(world: World, fault: HttpError | RateLimited) -> None:
    world.slack.fail("blocks.validate", *[fault] * 40)
    said = await world.doctor("--slack")
    said.shows("Blocks", "warn", "blocks.validate can't be asked")
    assert {state for state, what, _ in said.lines if what != "Blocks"} == {"ok"}
