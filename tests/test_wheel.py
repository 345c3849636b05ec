"""The wheel: what it holds, and that the program in it runs far from the sources."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import httpx
import pytest

from tests.conftest import ROOT
from tests.demo.process import demo

pytestmark = pytest.mark.slow

PAGE = "bot/demo/fake_slack/page"
BESIDE_PYTHON = {
    "bot/manifest.yml",
    f"{PAGE}/THIRD-PARTY-LICENSES.txt",
    f"{PAGE}/dist/app.css",
    f"{PAGE}/dist/app.js",
    f"{PAGE}/dist/index.html",
    f"{PAGE}/dist/stamp.json",
    "bot/db/migrations/script.py.mako",
}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(build, cwd=ROOT, capture_output=True, check=True)
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """The command, and an environment in which it finds its own code and, of the tests', the libraries alone."""
    folder = tmp_path_factory.mktemp("installed")
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", "--target", str(folder)]
    subprocess.run([*install, str(wheel)], check=True)
    env = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG")}
    return folder / "bin" / "sessions-bot", env | {"PYTHONPATH": str(folder)}


def test_it_holds_the_bot_its_migrations_and_the_demo_as_built(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
    python = {path.relative_to(ROOT).as_posix() for path in (ROOT / "bot").rglob("*.py")}
    assert names == python - {f"{PAGE}/check_bundle.py"} | BESIDE_PYTHON


def test_the_command_brings_a_database_up_to_date(installed: tuple[Path, dict[str, str]], tmp_path: Path) -> None:
    command, env = installed
    for arguments, said in (
        (("--help",), "usage: sessions-bot [-h] [--version] COMMAND"),
        (("manifest", "--socket"), "# Paste this at"),
        (("migrate",), "The database is up to date."),
    ):
        done = subprocess.run([command, *arguments], cwd=tmp_path, env=env, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0 and done.stdout.startswith(said), done
    assert (tmp_path / "sessions-bot.db").exists()


def test_the_command_runs_the_demo(installed: tuple[Path, dict[str, str]], tmp_path: Path) -> None:
    command, env = installed
    with demo(program=(str(command),), folder=tmp_path, env=env) as running:
        for path, said in (("", '<div id="app">'), ("assets/app.js", "Only visible to you")):
            answer = httpx.get(running.url + path, trust_env=False)
            assert answer.status_code == 200 and said in answer.text, path
        assert running.interrupt() == 0
