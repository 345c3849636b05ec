"""The command line: its help, as somebody reads it who has the program alone, and the one line that a mistake gets."""

from __future__ import annotations

import re
import shlex

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


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 0
    return capsys.readouterr().out


def test_the_help_says_what_each_command_does(capsys: pytest.CaptureFixture[str]) -> None:
    text = told(capsys, "--help")
    assert text == told(capsys, "-h") == told(capsys, "help")
    assert re.findall(r"^    (\w+) +\w", text, re.MULTILINE) == list(TAKES)


@pytest.mark.parametrize("command", TAKES)
def test_the_help_of_a_command_says_what_it_takes(capsys: pytest.CaptureFixture[str], command: str) -> None:
    text = told(capsys, command, "--help")
    assert text == told(capsys, "help", command)
    assert re.findall(r"^  (--[\w-]+)(?: [A-Z]+)? +\w", text, re.MULTILINE) == list(TAKES[command])


def test_the_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert told(capsys, "--version") == f"sessions-bot {__version__}\n"


def test_the_readme_names_it() -> None:
    assert "`python -m bot --help`" in (ROOT / "README.md").read_text()


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("", "a command is missing: web, socket, migrate, doctor, manifest, demo. usage: python -m bot"),
        ("nonsense", "'nonsense' is not a command: there are web, socket, migrate, doctor, manifest, demo"),
        ("docter", "'docter' is not a command: did you mean doctor?"),
        ("--verson", "did you mean --version?"),
        ("doctor --slak", "unrecognized argument '--slak': did you mean --slack?"),
        ("web --port 1", "takes no arguments"),
        ("demo --port many", "--port"),
        ("demo --port 70000", "--port"),
        ("demo --speed 0", "--speed"),
        ("demo --speed nan", "--speed"),
        ("demo --seed x", "--seed"),
        ("demo --colour", "--colour"),
        ("demo nonsense", "nonsense"),
        ("manifest", "one of the arguments --url --socket is required"),
        ("manifest --url", "--url: expected one argument"),
        ("manifest https://bot.example.com", "one of the arguments --url --socket is required"),
        ("manifest --socket --url https://bot.example.com", "--url: not allowed with argument --socket"),
        ("manifest --url http://bot.example.com", "doesn't start with https://"),
        ("manifest --url bot.example.com", "doesn't start with https://"),
        ("manifest --url https://", "is not the address of a server"),
        ("manifest --url https://me:pass@bot.example.com", "is not the address of a server"),  # kingfisher:ignore
        ("manifest --url 'https://bot example.com'", "is not the address of a server"),
        ("manifest --url https://bot.example.com:99999", "is not the address of a server"),
        ("manifest --url https://bot.example.com/", "write --url https://bot.example.com."),
        ("manifest --url https://bot.example.com:8443/slack/events", "write --url https://bot.example.com:8443."),
        ("manifest --url https://bot.example.com?x=1", "write --url https://bot.example.com."),
    ],
)
def test_wrong_arguments_get_one_line(capsys: pytest.CaptureFixture[str], line: str, says: str) -> None:
    assert main(shlex.split(line)) == 2
    out, err = capsys.readouterr()
    assert out == "" and says in err
    assert err.startswith("sessions-bot: ") and err.endswith("\n") and err.count("\n") == 1
