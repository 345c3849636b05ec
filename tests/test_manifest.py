"""The app's manifest, as it stands in the repository and as the command prints it."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.__main__ import main
from bot.app import FEATURES
from bot.blockkit.help import COMMAND
from bot.demo.fake_slack import FakeSlack
from bot.demo.fake_slack.app_manifest import problems
from bot.slack.registry import Registry
from tests.conftest import ROOT
from tests.written import usage_hint

REGISTRY = Registry(FEATURES)
SCHEMA = ROOT / "tests/data/slack/manifest.schema.2.0.0.json"


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(["manifest", *arguments]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    return out


def of_schema(path: Path) -> str:
    """Return what Slack's published schema says against it."""
    check = [str(Path(sys.executable).with_name("check-jsonschema")), "--schemafile", str(SCHEMA), str(path)]
    done = subprocess.run(check, capture_output=True, text=True)
    return "" if done.returncode == 0 else done.stdout


def test_it_asks_for_all_scopes_and_lets_people_leave_the_optional_ones_out(manifest: dict[str, Any]) -> None:
    assert problems(manifest) == []
    scopes = manifest["oauth_config"]["scopes"]
    assert set(scopes["bot"]) - set(scopes["bot_optional"]) == {"commands", "chat:write"}
    assert len(scopes["bot"]) == len(set(scopes["bot"])) == 10


def test_what_slacks_schema_lets_pass_is_found(manifest: dict[str, Any]) -> None:
    wrong = copy.deepcopy(manifest)
    wrong["oauth_config"]["scopes"]["bot"] = ["chat:write", "groups:read"]
    wrong["settings"]["event_subscriptions"]["request_url"] = "http://bot.example.com/slack/events"
    del wrong["settings"]["interactivity"]["request_url"]
    assert problems(wrong) == [
        *(f"bot_optional: {scope} is not in bot" for scope in (
            "channels:history", "groups:history", "channels:read", "im:write", "im:history", "usergroups:read",
            "users:read")),
        "bot_events: channel_unarchive needs channels:read in bot",
        "slash_commands and shortcuts need commands in bot",
        "interactivity: no https URL",
        "event_subscriptions: no https URL",
    ]  # fmt: skip


def test_people_can_get_messages_and_names_arrive_with_their_ids(manifest: dict[str, Any]) -> None:
    home = manifest["features"]["app_home"]
    assert home["messages_tab_enabled"] is True
    (command,) = manifest["features"]["slash_commands"]
    assert (command["command"], command["should_escape"]) == (COMMAND, True)
    assert command["usage_hint"] == usage_hint()


def test_the_bot_hears_exactly_what_it_asks_to_hear(manifest: dict[str, Any]) -> None:
    assert set(manifest["settings"]["event_subscriptions"]["bot_events"]) == set(REGISTRY.events)


def test_texts_fit(manifest: dict[str, Any]) -> None:
    """https://docs.slack.dev/reference/app-manifest"""
    shown, features = manifest["display_information"], manifest["features"]
    assert len(shown["name"]) <= 35 and len(shown["description"]) <= 140
    assert 175 <= len(shown["long_description"]) <= 4_000
    assert len(features["bot_user"]["display_name"]) <= 80
    for command in features["slash_commands"]:
        assert len(command["command"]) <= 32 and len(command["description"]) <= 2_000
        assert len(command["usage_hint"]) <= 1_000
    assert len(features.get("shortcuts", ())) <= 10
    assert all(len(each["description"]) <= 150 for each in features.get("shortcuts", ()))


def test_it_is_printed_with_every_url_set(
    manifest: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = printed(capsys, "--url", "https://bot.example.com")
    (tmp_path / "m.yml").write_text(text)
    assert of_schema(tmp_path / "m.yml") == of_schema(ROOT / "manifest.yml") == ""
    read = yaml.safe_load(text)
    assert read == json.loads(json.dumps(manifest).replace("https://your-bot.example.com", "https://bot.example.com"))
    assert text.count("https://bot.example.com/slack/events") == 3 and "your-bot" not in text
    assert problems(read) == []
    read = yaml.safe_load(printed(capsys, "--url=https://10.0.0.1:8443"))
    assert read["settings"]["interactivity"]["request_url"] == "https://10.0.0.1:8443/slack/events"


def test_it_is_printed_for_socket_mode_without_any_url(
    manifest: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = printed(capsys, "--socket")
    (tmp_path / "m.yml").write_text(text)
    assert of_schema(tmp_path / "m.yml") == ""
    wanted = copy.deepcopy(manifest)
    wanted["settings"]["socket_mode_enabled"] = True
    for place in (wanted["features"]["slash_commands"][0], *wanted["settings"].values()):
        if isinstance(place, dict):
            place.pop("url", None), place.pop("request_url", None)
    assert yaml.safe_load(text) == wanted
    assert "your-bot" not in text and problems(wanted) == []


async def test_slack_refuses_messages_to_people_where_the_messages_tab_is_off(manifest: dict[str, Any]) -> None:
    from slack_sdk.errors import SlackApiError
    from slack_sdk.web.async_client import AsyncWebClient

    for tab, refused in ((True, ""), (False, "messages_tab_disabled"), (None, "messages_tab_disabled")):
        features = {**manifest["features"], "app_home": {} if tab is None else {"messages_tab_enabled": tab}}
        async with FakeSlack(manifest={**manifest, "features": features}) as slack:
            client = AsyncWebClient(token=slack.bot_token, base_url=slack.api_url)
            person = slack.workspace.user("ada").id
            for place in (person, slack.workspace.direct(person).id):
                try:
                    await client.chat_postMessage(channel=place, text="hi")
                    said = ""
                except SlackApiError as error:
                    said = error.response["error"]
                assert said == refused
            assert slack.violations == []


async def test_slack_tells_of_nothing_that_the_app_has_no_scope_for() -> None:
    async with FakeSlack(scopes=frozenset({"commands"})) as slack:
        with pytest.raises(ValueError, match="groups:read"):
            await slack.event({"type": "channel_id_changed", "old_channel_id": "G1", "new_channel_id": "C1"})
        await slack.event({"type": "app_uninstalled"}, retry_scale=0)
