"""`python -m bot` from outside: the demo's lines, its 100ms, its end; and the one line that a mistake gets."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

import httpx
import pytest

from tests.demo.process import ROOT, STOP_S, Api, Demo, children, demo, end, exists, start

pytestmark = pytest.mark.slow

UNKNOWN_ID = "0" * 24


@pytest.fixture(scope="module")
def running() -> Iterator[Demo]:
    with demo("--speed", "50") as running:
        yield running


@pytest.fixture
def api(running: Demo) -> Iterator[Api]:
    with Api(running) as api:
        yield api


def test_account_is_as_large_as_promised(api: Api) -> None:
    assert len(api.ids(active="true")) >= 35
    assert len(api.ids(active="false")) >= 400
    rooms = api.every("/rooms")
    assert len(rooms) == 12 and all(room["name"] for room in rooms)


def test_answers_each_read_call(api: Api) -> None:
    session = api.read("/sessions", active="true")["data"][0]
    room_id = session["room_id"]
    assert api.read(f"/sessions/{session['id']}")["room_id"] == api.read(f"/rooms/{room_id}")["id"] == room_id
    live = api.read(f"/active-rooms/{room_id}")
    assert live["id"] == room_id and live["session"]["id"] in api.ids(room_id=room_id)
    assert {room["name"] for room in api.read("/rooms", name="Town-hall")["data"]} == {"town-hall"}
    for kind in ("sessions", "rooms", "active-rooms"):
        assert api.get(f"/{kind}/{UNKNOWN_ID}").status_code == 404, kind


@pytest.mark.parametrize("path", ["/sessions", "/rooms", "/sessions/x", "/rooms/x", "/active-rooms/x"])
def test_without_a_token_it_is_401(running: Demo, path: str) -> None:
    for headers in ({}, {"Authorization": "Bearer not-a-token"}):
        answer = httpx.get(running.hms_url + path, headers=headers, trust_env=False)
        assert (answer.status_code, answer.json()["code"]) == (401, 401)


def test_it_lives(api: Api) -> None:
    """At --speed 50 something happens within two seconds, by the account's own clock."""
    first_look, give_up = time.time(), time.monotonic() + 30
    changes: list[float] = []
    while not changes:
        assert time.monotonic() < give_up, "nothing has changed in 30 s"
        at = (datetime.fromisoformat(session["updated_at"]).timestamp() for session in api.every("/sessions"))
        changes = [moment for moment in at if moment > first_look]
    assert min(changes) < first_look + 2


@pytest.mark.parametrize("whole_group", [False, True], ids=["process", "ctrl-c"])
def test_interrupt_ends_it_and_its_bot(whole_group: bool) -> None:
    """Also while a page is open, whose stream of events never ends by itself."""
    with demo() as running, httpx.Client(trust_env=False) as page:
        bots = children(running.process.pid)
        assert bots
        with page.stream("GET", f"{running.url}page/events") as events:
            assert events.status_code == 200
            began = time.monotonic()
            assert running.interrupt(whole_group=whole_group) == 0
            assert time.monotonic() - began < 8
        assert not any(map(exists, bots))
        assert running.process.stdout.read() == ""


def test_a_bot_that_was_killed_is_started_again_and_knows_what_it_knew() -> None:
    with demo("--speed", "0.001") as running, httpx.Client(base_url=running.url, trust_env=False) as page:
        assert say(page, "/sessions subscribe role:host", "Subscribed, as number 1")
        (bot,) = children(running.process.pid)
        os.kill(bot, signal.SIGKILL)
        give_up = time.monotonic() + 30
        while not say(page, "/sessions subscriptions", "1 subscription"):
            assert time.monotonic() < give_up
        (again,) = children(running.process.pid)
        assert again != bot
        assert running.interrupt() == 0
        assert not exists(again)


def say(page: httpx.Client, line: str, answer: str) -> bool:
    """Send a line, and return True if a message on the page has the answer within 2 s."""
    channel = next(each["id"] for each in page.get("page/state").json()["channels"] if each["name"] == "live-ops")
    assert page.post("page/send", json={"channel": channel, "text": line}).json() == {"ok": True}
    give_up = time.monotonic() + 2
    while time.monotonic() < give_up:
        if answer in page.get("page/state").text:
            return True
        time.sleep(0.1)
    return False


def test_ctrl_c_during_the_start() -> None:
    """Ctrl-C while the bot starts: both end, as quietly as later."""
    process = start("--port", "0", stderr=subprocess.PIPE)
    try:
        give_up = time.monotonic() + 30
        while not (bots := children(process.pid)):
            assert time.monotonic() < give_up
            assert process.poll() is None
        os.killpg(process.pid, signal.SIGINT)
        said = process.communicate(timeout=STOP_S)[1]
        assert not any(map(exists, bots))
        assert "Traceback" not in said
        assert "did not start" not in said
        assert process.returncode == 0
    finally:
        end(process)


def assert_one_line(folder: Path, *arguments: str, says: Sequence[str], **settings: str) -> None:
    """`python -m bot …` in an empty folder, with these settings alone."""
    env = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    command = [sys.executable, "-m", "bot", *arguments]
    env |= {"PYTHONPATH": str(ROOT), **settings}
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (2, ""), done
    assert done.stderr.startswith("sessions-bot: ") and done.stderr.endswith("\n"), done.stderr
    assert done.stderr.count("\n") == 1 and all(words in done.stderr for words in says), done.stderr


GOOD = {"SLACK_BOT_TOKEN": "xoxb-x", "SLACK_SIGNING_SECRET": "x", "HMS_ACCESS_KEY": "x", "HMS_SECRET": "x"}


@pytest.mark.parametrize(
    ("arguments", "settings", "says"),
    [
        ("nonsense", {}, "'nonsense' is not a command"),
        ("web", {}, "SLACK_BOT_TOKEN"),
        ("web", {**GOOD, "HOST": "no such host"}, "HOST"),
    ],
)
def test_a_mistake_gets_one_line(arguments: str, settings: dict[str, str], says: str, tmp_path: Path) -> None:
    assert_one_line(tmp_path, arguments, says=[says], **settings)


def test_a_taken_port_gets_one_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = str(server.getsockname()[1])
        assert_one_line(tmp_path, "demo", "--port", port, says=[port, "--port"])
        assert_one_line(tmp_path, "web", says=[port, "PORT"], **GOOD, HOST="127.0.0.1", PORT=port)
