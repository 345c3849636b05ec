"""Docs and code agree."""

from __future__ import annotations

import ast
import asyncio
import json
import os
import re
import sys
import tomllib

import pytest

from bot.app import DRAIN_S, FEATURES, JOBS_STOP_S
from bot.query.filters import FILTERS
from bot.settings import Settings
from bot.slack.registry import Registry
from bot.web.connections import BOUNDS
from tests import audit
from tests.conftest import ROOT
from tests.written import FILES, written


@pytest.mark.parametrize("name", FILES)
def test_generated_parts_are_up_to_date(name: str) -> None:
    assert (ROOT / name).read_text() == written(name), "run `make docs`"


def test_the_lists_are_what_a_newcomer_expects() -> None:
    assert list(FILTERS) == [
        "room", "template", "after", "before", "role", "user", "peers", "longer", "idle", "alone", "missing", "ending",
        "limit", "start", "on", "notify", "every", "empty", "active", "room_id",
    ]  # fmt: skip
    assert list(Registry(FEATURES).commands) == [
        "show", "subscribe", "subscriptions", "unsubscribe", "acknowledge", "digest", "digests", "mute", "mutes", "unmute", "quiet",
        "threads", "settings", "doctor", "help",
    ]  # fmt: skip


def test_the_readme_names_every_setting_and_only_those() -> None:
    readme = (ROOT / "README.md").read_text()
    table = readme.partition("## Settings")[2].partition("\n## ")[0]
    firsts = " ".join(line.split("|")[1] for line in table.splitlines() if line.startswith("|"))
    named = set(re.findall(r"`([A-Z][A-Z_]+)`", firsts))
    assert named == {name.upper() for name in Settings.model_fields}


def test_every_event_of_the_log_is_explained() -> None:
    operate = (ROOT / "docs" / "operate.md").read_text()
    table = operate.partition("## Logs")[2].partition("\n## ")[0]
    named = set(re.findall(r"`(\w+)`", " ".join(line.split("|")[1] for line in table.splitlines() if line[:1] == "|")))
    assert _logged() == named


def _logged() -> set[str]:
    """The events of the bot's own code: the first words of calls of `log`, and those that `answer` logs."""
    found: set[str] = set()
    for path in (ROOT / "bot").rglob("*.py"):
        if "demo" in path.relative_to(ROOT).parts:
            continue
        for call in ast.walk(ast.parse(path.read_text())):
            if isinstance(call, ast.Call) and (place := _PLACES.get(ast.unparse(call.func))) is not None:
                said = ast.walk(call.args[place])
                found |= {word.value for word in said if isinstance(word, ast.Constant) and isinstance(word.value, str)}
    return found


_PLACES = {"log.info": 0, "log.warning": 0, "log.error": 0, "_logger.error": 0, "_logger.warning": 0, "answer": 1}


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("operate.md", r"Give it (\d+) seconds before a kill"),
        ("deploy.md", r"--stop-timeout (\d+)"),
        ("deploy/sessions-bot.service", r"TimeoutStopSec=(\d+)"),
    ],
)
def test_a_kill_comes_after_the_bot_has_stopped(name: str, words: str) -> None:
    said = re.search(words, (ROOT / "docs" / name).read_text())
    assert said and int(said[1]) > DRAIN_S + JOBS_STOP_S


async def test_the_containers_health_check_asks_past_a_proxy(bot: str) -> None:
    said = re.search(r"^HEALTHCHECK .* CMD (\[.*\])$", (ROOT / "docs/deploy/Containerfile").read_text(), re.MULTILINE)
    assert said
    _, *arguments = json.loads(said[1])
    port = bot.rpartition(":")[2]
    dead = {**os.environ, "PORT": port, "HTTP_PROXY": "http://127.0.0.1:9", "http_proxy": "http://127.0.0.1:9"}
    asked = await asyncio.create_subprocess_exec(sys.executable, *arguments, env=dead)
    assert await asked.wait() == 0


def test_links_and_paths_in_the_docs_exist() -> None:
    for path in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")]:
        for target in re.findall(r"\]\((?!https?://)([^)#]+)", path.read_text()):
            assert (path.parent / target).exists(), f"{path.name}: {target}"


def test_modules_and_functions_that_the_map_names_exist() -> None:
    text = (ROOT / "docs/architecture.md").read_text()
    for module, name in re.findall(r"`(?!bot/|tests/)([a-z_]+(?:/[a-z_]+)+)(?:\.(\w+))?`", text):
        path = ROOT / "bot" / module
        assert path.is_dir() or path.with_suffix(".py").exists(), f"architecture.md: {module}"
        if name:
            defined = re.compile(rf"^ *(?:async def|def|class) {name}\b|^{name}\b", re.MULTILINE)
            assert defined.search(path.with_suffix(".py").read_text()), f"architecture.md: {module}.{name}"


def test_every_dependency_is_pinned_and_accounted_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    names = {re.split(r"[<>=\[;]", line)[0].lower() for line in wanted}
    for name in ("requirements.txt", "requirements-dev.txt"):
        text = re.sub(r"^#.*\n|^\n", "", (ROOT / name).read_text(), flags=re.MULTILINE)
        pin = r"[\w.-]+(\[[\w,-]+\])?==[\w.]+ \\\n(    --hash=sha256:[0-9a-f]{64}( \\)?\n)+"
        assert re.fullmatch(f"({pin})+", text), name
    pinned = {pin.partition("==")[0].lower() for pin in audit.pins()}
    assert names <= pinned
    contributing = (ROOT / "CONTRIBUTING.md").read_text()
    assert all(f"`{name}`" in contributing for name in names), names


def test_no_registry_is_named() -> None:
    import subprocess

    hosts = "|".join((r"pypi\.org", r"pythonhosted", r"registry\.npm", r"npmjs\.(com|org)", r"deb\.debian"))
    found = subprocess.run(
        ["git", "grep", "-lIE", hosts, "--", ":!tests/test_docs.py"], cwd=ROOT, capture_output=True, text=True
    )
    assert found.stdout == ""


@pytest.mark.parametrize(
    ("file", "headers", "body", "size"),
    [
        ("nginx.conf", r"client_header_timeout (\d+)s", r"client_body_timeout (\d+)s", r"client_max_body_size (\d+)m"),
        ("Caddyfile", r"read_header (\d+)s", r"read_body (\d+)s", r"max_size (\d+)MiB"),
    ],
)
def test_the_proxies_bound_requests_as_the_bot_does(file: str, headers: str, body: str, size: str) -> None:
    text = (ROOT / "docs/deploy" / file).read_text()
    seconds = [float(found[1]) for each in (headers, body) if (found := re.search(each, text))]
    assert seconds == [BOUNDS.headers_s, BOUNDS.body_s]
    megabytes = re.search(size, text)
    assert megabytes and int(megabytes[1]) * 1024**2 == BOUNDS.body_bytes
    assert text.count("/slack/events") == 1 and text.count("{") == text.count("}")
