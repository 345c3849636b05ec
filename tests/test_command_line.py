"""The command line's help, as somebody reads it who has the program alone."""

from __future__ import annotations

import re

import pytest

from bot import __version__
from bot.__main__ import main
from tests.conftest import ROOT

TAKES = {
    "web": (),
    "socket": (),
    "migrate": (),
    "doctor": ("--slack",),
    "manifest": ("--url", "--socket"),
    "demo": ("--port", "--seed", "--speed", "--no-browser"),
}


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 0
    return capsys.readouterr().out


def test_the_help_says_what_each_command_does(capsys: pytest.CaptureFixture[str]) -> None:
    text = said(capsys, "--help")
    assert text == said(capsys, "-h") == said(capsys, "help")
    assert re.findall(r"^    (\w+) +\w", text, re.MULTILINE) == list(TAKES)


@pytest.mark.parametrize("command", TAKES)
def test_the_help_of_a_command_says_what_it_takes(capsys: pytest.CaptureFixture[str], command: str) -> None:
    text = said(capsys, command, "--help")
    assert text == said(capsys, "help", command)
    assert re.findall(r"^  (--[\w-]+)(?: [A-Z]+)? +\w", text, re.MULTILINE) == list(TAKES[command])


def test_the_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert said(capsys, "--version") == f"sessions-bot {__version__}\n"


def test_the_readme_names_it() -> None:
    assert "`python -m bot --help`" in (ROOT / "README.md").read_text()
