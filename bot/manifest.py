"""The app's manifest as Slack's page takes it, made from `manifest.yml` for one address or for Socket Mode."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from bot.errors import ConfigError
from bot.program import PROGRAM
from bot.weburl import is_web_url

_HERE = Path(__file__).parent
FILE = next(path for path in (_HERE / "manifest.yml", _HERE.parent / "manifest.yml") if path.exists())
"""An installed bot has it beside this file."""
PLACEHOLDER = "https://your-bot.example.com"
USAGE = f"usage: {PROGRAM} manifest --url https://bot.example.com | --socket"
_HEAD = '# Paste this at https://api.slack.com/apps, "Create New App", "From a manifest".\n'
_ABOVE = re.compile(r"\A(?:#.*\n)+")
_URL_LINE = re.compile(rf"^ +\w+: {re.escape(PLACEHOLDER)}/.*\n", re.MULTILINE)


def manifest(arguments: Sequence[str]) -> str:
    """The manifest, in YAML, that the command's arguments ask for. Raises ConfigError for a wrong one."""
    match arguments:
        case ["--socket"]:
            return _for_socket(FILE.read_text())
        case ["--url", url]:
            return _for_url(FILE.read_text(), checked(url))
        case [one] if one.startswith("--url="):
            return _for_url(FILE.read_text(), checked(one.removeprefix("--url=")))
        case []:
            raise ConfigError(f"manifest needs the bot's public address, or --socket. {USAGE}")
        case ["--url"]:
            raise ConfigError(f"--url needs the bot's public address. {USAGE}")
    raise ConfigError(f"manifest takes one address, or --socket. {USAGE}")


def checked(url: str) -> str:
    """The URL, if Slack can reach a bot at it: https, a host, and nothing else but a port. Raises ConfigError."""
    write = "write --url https://bot.example.com"
    scheme, _, rest = url.partition("://")
    if scheme.lower() != "https":
        raise ConfigError(f"--url doesn't start with https://, and Slack sends to nothing else: {write}.")
    if not is_web_url(url) or "@" in rest:
        raise ConfigError(f"--url is not the address of a server: {write}.")
    if not re.fullmatch(r"([\w.-]+|\[[\da-fA-F:.]+\])(:\d+)?", rest):
        host = urlsplit(url).netloc.rstrip(":")
        raise ConfigError(
            f"--url is the address alone, to which the manifest adds the path: write --url https://{host}."
        )
    return f"https://{rest}"


def _for_url(text: str, url: str) -> str:
    return _ABOVE.sub(_HEAD, text).replace(PLACEHOLDER, url)


def _for_socket(text: str) -> str:
    text = _URL_LINE.sub("", _ABOVE.sub(_HEAD, text))
    return text.replace("socket_mode_enabled: false", "socket_mode_enabled: true")
