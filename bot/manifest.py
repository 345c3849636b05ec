"""Generates the app's manifest for Slack from `manifest.yml`, for one URL or for Socket Mode."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit

from bot.errors import ConfigError
from bot.net.urls import is_web_url

_HERE = Path(__file__).parent
FILE = next(path for path in (_HERE / "manifest.yml", _HERE.parent / "manifest.yml") if path.exists())
"""The installed package has it beside this file."""
PLACEHOLDER = "https://your-bot.example.com"
_HEAD = '# Paste this at https://api.slack.com/apps, "Create New App", "From a manifest".\n'
_ABOVE = re.compile(r"\A(?:#.*\n)+")
_URL_LINE = re.compile(rf"^ +\w+: {re.escape(PLACEHOLDER)}/.*\n", re.MULTILINE)


def manifest(url: str | None) -> str:
    """Return the YAML manifest for a bot at `url`, or for Socket Mode without one. Raises ConfigError for a URL that
    Slack can't use."""
    text = _ABOVE.sub(_HEAD, FILE.read_text())
    if url is not None:
        return text.replace(PLACEHOLDER, checked(url))
    return _URL_LINE.sub("", text).replace("socket_mode_enabled: false", "socket_mode_enabled: true")


def checked(url: str) -> str:
    """Return the URL if it is https, a host and at most a port. Raises ConfigError."""
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
