"""`python -m bot demo` as a process of its own, for tests that treat it as a person would."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from bot.demo.fake_hms import sign

ROOT = Path(__file__).parent.parent.parent
PROGRAM = (sys.executable, "-m", "bot")
START_S = 60.0
STOP_S = 20.0
SLACK_LINE = re.compile(r"Slack   (http://127\.0\.0\.1:(\d+)/)\n")
HMS_LINE = re.compile(r"100ms   (http://127\.0\.0\.1:(\d+)/v2)  access key (\S+)  secret (\S+)\n")


@dataclass(frozen=True, slots=True)
class Demo:
    """A demo that is ready: what its three lines said, and its process, the leader of a group of its own."""

    process: subprocess.Popen[str]
    url: str
    hms_url: str
    access_key: str
    secret: str

    def interrupt(self, *, whole_group: bool = False) -> int:
        """SIGINT, to the process alone or as Ctrl-C sends it; the exit code."""
        if whole_group:
            os.killpg(self.process.pid, signal.SIGINT)
        else:
            self.process.send_signal(signal.SIGINT)
        return self.process.wait(STOP_S)


def children(pid: int) -> list[int]:
    """The processes that a process has started and that are still there."""
    if Path("/proc/self/stat").exists():
        rows = [_pid_and_parent(path) for path in Path("/proc").glob("[0-9]*/stat")]
    else:
        listed = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True)
        rows = [line.split() for line in listed.stdout.splitlines()]
    return [int(row[0]) for row in rows if row and int(row[1]) == pid]


def _pid_and_parent(stat: Path) -> list[str]:
    try:
        name, _, rest = stat.read_text().rpartition(")")
    except OSError:
        return []  # it has just ended
    return [name.split()[0], rest.split()[1]]


def exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def start(
    *arguments: str,
    stderr: int | None = None,
    program: tuple[str, ...] = PROGRAM,
    folder: Path = ROOT,
    env: dict[str, str] | None = None,
) -> subprocess.Popen[str]:
    """The demo's process as it starts, the leader of a group of its own."""
    return subprocess.Popen(
        [*program, "demo", "--no-browser", *arguments],
        cwd=folder,
        env=env,
        stdout=subprocess.PIPE,
        stderr=stderr,
        text=True,
        start_new_session=True,
    )


@contextmanager
def demo(*arguments: str, **started: Any) -> Iterator[Demo]:
    """A demo on a free port that has said Ready; its first three lines must be as promised. `started` as in `start`."""
    process = start("--port", "0", *arguments, **started)
    watchdog = threading.Timer(START_S, process.kill)  # ends the reading of a demo that never gets ready
    watchdog.start()
    try:
        lines = [process.stdout.readline() for _ in range(3)]
        watchdog.cancel()
        slack, hms = SLACK_LINE.fullmatch(lines[0]), HMS_LINE.fullmatch(lines[1])
        assert slack and hms and lines[2] == "Ready\n", lines
        assert slack[2] == hms[2], "one port for both"
        yield Demo(process, slack[1], hms[1], hms[3], hms[4])
    finally:
        watchdog.cancel()
        end(process)


def end(process: subprocess.Popen[str]) -> None:
    """Stop a demo that a test has left, however it is."""
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    for stream in (process.stdout, process.stderr):
        if stream is not None:
            stream.close()


class Api(httpx.Client):
    """A plain client of the 100ms API."""

    def __init__(self, demo: Demo) -> None:
        headers = {"Authorization": f"Bearer {sign(demo.access_key, demo.secret, time.time())}"}
        super().__init__(base_url=demo.hms_url, headers=headers, trust_env=False, timeout=20)

    def read(self, path: str, **params: Any) -> Any:
        """The JSON of an answer, which must be a 200."""
        answer = self.get(path, params=params)
        assert answer.status_code == 200, (path, answer.text)
        return answer.json()

    def every(self, path: str, **params: Any) -> list[dict[str, Any]]:
        """All items of a listing, page after page."""
        items: list[dict[str, Any]] = []
        start: dict[str, str] = {}
        while True:
            page = self.read(path, limit=100, **params, **start)
            items += page["data"] or []
            if len(page["data"] or []) < 100:
                return items
            start = {"start": page["last"]}

    def ids(self, **params: Any) -> list[str]:
        """The ids of the sessions that the filters leave, newest first."""
        return [session["id"] for session in self.every("/sessions", **params)]

    def room_id(self, name: str) -> str:
        return next(room["id"] for room in self.every("/rooms") if room["name"] == name)
