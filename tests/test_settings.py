"""Settings: complete, or one line that says what to mend."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from bot import settings
from bot.errors import ConfigError
from bot.settings import Mode, Settings
from tests.conftest import ROOT

GOOD = {
    "SLACK_BOT_TOKEN": "xoxb-1",
    "SLACK_SIGNING_SECRET": "s",
    "SLACK_APP_TOKEN": "xapp-1",
    "HMS_ACCESS_KEY": "key",
    "HMS_SECRET": "secret-value",
}


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


Load = Callable[..., Settings]


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch) -> Load:
    """`load` of the bot, with changes to good settings; None takes one away."""

    def loaded(mode: Mode = "web", **changes: str | None) -> Settings:
        for name, value in (GOOD | changes).items():
            if value is not None:
                monkeypatch.setenv(name, value)
        return settings.load(mode)

    return loaded


def test_defaults(load: Load) -> None:
    loaded = load()
    assert (loaded.host, loaded.port, loaded.default_timezone) == ("0.0.0.0", 3000, "UTC")
    assert loaded.slack_api_url == "https://slack.com/api"
    assert loaded.hms_api_url == "https://api.100ms.live/v2"
    assert "secret-value" not in repr(loaded)


@pytest.mark.parametrize(
    ("url", "password"),
    [
        ("postgresql://me:pa%20ss@db/bot", "pa ss"),
        ("postgresql://me:p/a?s#s@db:5432/bot", "p/a?s#s"),
        ("postgresql://db/bot?user=me&password=a-pass", "a-pass"),
        ("postgresql://db:5432/bot?password=a-pass@x", "a-pass@x"),
        ("postgresql://db/bot?sslpassword=a-pass", "a-pass"),
    ],
)
def test_what_must_not_be_logged(load: Load, url: str, password: str) -> None:
    loaded = load(DATABASE_URL=url, SLACK_API_URL="https://me:proxy-pass@slack.example/api")
    assert {password, "proxy-pass", *GOOD.values()} <= set(loaded.secrets)
    assert password not in repr(loaded)


@pytest.mark.parametrize(
    ("mode", "changes"),
    [
        ("web", {"HMS_ACCESS_KEY": None, "HMS_SECRET": None, "HMS_MANAGEMENT_TOKEN": "t"}),
        ("socket", {"SLACK_SIGNING_SECRET": None}),
        ("web", {"SLACK_APP_TOKEN": "a b", "HMS_MANAGEMENT_TOKEN": "a b"}),
    ],
    ids=["a given management token", "a socket without signing secret", "odd ones that a mode does not use"],
)
def test_enough_is_enough(load: Load, mode: Mode, changes: dict[str, str | None]) -> None:
    load(mode, **changes)


@pytest.mark.parametrize(
    ("mode", "changes", "says"),
    [
        ("web", {"SLACK_BOT_TOKEN": None}, "SLACK_BOT_TOKEN is not set"),
        ("web", {"SLACK_SIGNING_SECRET": ""}, "SLACK_SIGNING_SECRET is not set"),
        ("socket", {"SLACK_APP_TOKEN": None}, "SLACK_APP_TOKEN is not set"),
        ("web", {"SLACK_SIGNING_SECRET": None}, "SLACK_SIGNING_SECRET is not set"),
        ("web", {"HMS_SECRET": None}, "HMS_ACCESS_KEY and HMS_SECRET"),
        ("web", {"HMS_ACCESS_KEY": None, "HMS_SECRET": None}, "HMS_ACCESS_KEY and HMS_SECRET"),
        ("web", {"HOST_ROLES": "teacher,,host"}, "HOST_ROLES is not a list of role names: write teacher,co-host"),
        ("web", {"IGNORE_ROLES": ","}, "IGNORE_ROLES is not a list of role names: write recorder"),
        ("web", {"SLACK_SIGNING_SECRET": " "}, "SLACK_SIGNING_SECRET is not set"),
        ("web", {"HMS_SECRET": " \t"}, "HMS_ACCESS_KEY and HMS_SECRET"),
        (
            "web",
            {"SLACK_BOT_TOKEN": "xapp-1"},
            "SLACK_BOT_TOKEN holds an app-level token: move it to SLACK_APP_TOKEN; this one is the bot token (xoxb-…) of your Slack app, page OAuth & Permissions",
        ),
        (
            "socket",
            {"SLACK_APP_TOKEN": "xoxb-1"},
            "SLACK_APP_TOKEN holds a bot token: move it to SLACK_BOT_TOKEN; this one is an app-level token (xapp-…) with connections:write, page Basic Information",
        ),
        ("web", {"PORT": "http"}, "PORT is not a whole number from 0 to 65535"),
        ("web", {"PORT": "70000"}, "PORT is not a whole number from 0 to 65535"),
        ("web", {"DEFAULT_TIMEZONE": "Mars/Olympus"}, "DEFAULT_TIMEZONE is not an IANA time zone"),
        ("web", {"DEFAULT_TIMEZONE": "localtime"}, "DEFAULT_TIMEZONE is not an IANA time zone"),
        ("web", {"HMS_API_URL": "api.100ms.live"}, "HMS_API_URL is not a URL"),
        ("web", {"HMS_API_URL": "http://a:port/v2"}, "HMS_API_URL is not a URL"),
        ("web", {"SLACK_API_URL": "http://[x"}, "SLACK_API_URL is not a URL"),
        ("web", {"HMS_API_URL": "https://münchen..de/v2"}, "HMS_API_URL is not a URL"),
        ("web", {"HMS_API_URL": "https://☃.com/v2"}, "HMS_API_URL is not a URL"),
        ("web", {"HMS_API_URL": "https://1.2.3.999/v2"}, "HMS_API_URL is not a URL"),
        ("web", {"SLACK_API_URL": "http://.."}, "SLACK_API_URL is not a URL"),
        ("web", {"SLACK_API_URL": "https://exa mple.com"}, "SLACK_API_URL is not a URL"),
        ("web", {"SLACK_BOT_TOKEN": "xoxb-1\n2"}, "SLACK_BOT_TOKEN has a space, a line break or another odd character"),
        ("web", {"SLACK_BOT_TOKEN": "“xoxb-1”"}, "SLACK_BOT_TOKEN has a space, a line break or"),
        ("web", {"SLACK_SIGNING_SECRET": "ab\u200bcd"}, "SLACK_SIGNING_SECRET has a space, a line break or"),
        ("socket", {"SLACK_APP_TOKEN": "xapp-1\r\n2"}, "SLACK_APP_TOKEN has a space, a line break or"),
        ("web", {"HMS_ACCESS_KEY": "kä"}, "HMS_ACCESS_KEY has a space, a line break or"),
        ("web", {"HMS_SECRET": "secret-value\nb"}, "HMS_SECRET has a space, a line break or"),
        (
            "web",
            {"HMS_ACCESS_KEY": None, "HMS_MANAGEMENT_TOKEN": "Bearer eyJ"},
            "HMS_MANAGEMENT_TOKEN has a space, a line break or another odd character in it: copy it anew.",
        ),
        (
            "web",
            {"HMS_WEBHOOK_SECRET": "x" * 31},
            "HMS_WEBHOOK_SECRET has less than 32 characters: write a long random word, such as `openssl rand -hex 32` makes.",
        ),
        (
            "web",
            {"HMS_WEBHOOK_SECRET": "ä" * 40},
            "HMS_WEBHOOK_SECRET has a space, a line break or another odd character",
        ),
        ("web", {"LOG_LEVEL": "loud"}, "LOG_LEVEL should be 'DEBUG', 'INFO', 'WARNING' or 'ERROR': write INFO"),
        (
            "web",
            {"MASK_NAMES": "perhaps"},
            "MASK_NAMES should be a valid boolean, unable to interpret input: write true or false.",
        ),
    ],
)
def test_one_line_says_what_to_mend(load: Load, mode: Mode, changes: dict[str, str | None], says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(mode, **changes)
    assert caught.value.text.startswith(says)
    assert "\n" not in caught.value.text
    assert "secret-value" not in caught.value.text


def test_spaces_around_a_value_are_no_part_of_it(load: Load) -> None:
    loaded = load(SLACK_SIGNING_SECRET=" s ", PORT=" 4000 ", DEFAULT_TIMEZONE=" ")
    assert loaded.slack_signing_secret is not None
    assert (loaded.slack_signing_secret.get_secret_value(), loaded.port) == ("s", 4000)
    assert loaded.default_timezone == "UTC"


@pytest.mark.parametrize("url", ["https://münchen.de/v2", "http://[::1]:5/x", "http://a_b.internal:80"])
def test_addresses_of_all_kinds(load: Load, url: str) -> None:
    assert load(HMS_API_URL=url).hms_api_url == url


def test_roles_are_read_as_a_list(load: Load) -> None:
    loaded = load(HOST_ROLES="teacher, co-host", IGNORE_ROLES="recorder")
    assert (loaded.host_roles, loaded.ignore_roles) == ({"teacher", "co-host"}, {"recorder"})


def test_env_file(monkeypatch: pytest.MonkeyPatch) -> None:
    Path(".env").write_text("".join(f"{name}={value}\n" for name, value in GOOD.items()) + "PORT=4000\nUNKNOWN=1\n")
    assert settings.load("web").port == 4000
    monkeypatch.setenv("PORT", "5000")
    assert settings.load("web").port == 5000


def test_an_env_file_that_is_not_text() -> None:
    Path(".env").write_bytes(b"PORT=\xff")
    with pytest.raises(ConfigError, match=r"\.env is not text: save it as UTF-8 text"):
        settings.load("web")


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="needs a file that fails to be read")
def test_an_env_file_that_may_not_be_read() -> None:
    Path(".env").symlink_to("/proc/self/mem")
    with pytest.raises(ConfigError, match=r"\.env can't be read: let the bot read it"):
        settings.load("web")


@pytest.mark.parametrize(
    "name", [name for name, field in Settings.model_fields.items() if name not in ("host", "access")]
)
def test_whatever_is_wrong_is_said_with_what_to_write(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    for variable, value in (GOOD | {name.upper(): "\u2603 nonsense"}).items():
        monkeypatch.setenv(variable, value)
    read, wrong = settings.read_all()
    assert all(each.do and ".env.example" not in each.line for each in wrong)
    assert [each.name for each in wrong] == [name.upper()] or getattr(read, name) is not None


def test_the_example_names_every_setting() -> None:
    text = (ROOT / ".env.example").read_text()
    named = {line.lstrip("# ").partition("=")[0] for line in text.splitlines() if "=" in line}
    assert named == {name.upper() for name in Settings.model_fields}
