"""Shared by all measurements: the stub, the load generator, the programs compared, and the Node peers' modules."""

from __future__ import annotations

import shutil
import subprocess
import sys
import venv
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bench import load
from bench.processes import (
    HELPERS,
    PEERS,
    ROOT,
    SUBJECT,
    Failed,
    Processes,
    ask,
    complaint,
    free_port,
    python,
    wait_ready,
)
from bench.servers.data import ACCESS_KEY, SECRET

NPM_S = 240
USERS = ROOT / "bench" / ".venv"
"""The packages that users have installed. Some packages load more where developers' tools are about."""


@dataclass(frozen=True, slots=True)
class Program:
    """A running bot or peer."""

    name: str
    child: subprocess.Popen[str]
    port: int
    answers: bool
    """True if it posts to the response_url after it has acknowledged."""


@dataclass(slots=True)
class Bench:
    """One run. `no_node` says why the Node peers can't run, or is empty."""

    processes: Processes
    stub_port: int
    loader: subprocess.Popen[str]
    no_node: str
    quick: bool

    @classmethod
    def start(cls, processes: Processes, quick: bool) -> Bench:
        install_ours()
        no_node = install_node_peers()
        stub = processes.start(python("bench.servers.stub"), env={}, cores=HELPERS)
        loader = processes.start(python("bench.load"), env={}, cores=HELPERS)
        return cls(processes, ask(stub), loader, no_node, quick)

    @property
    def hms_url(self) -> str:
        return f"http://127.0.0.1:{self.stub_port}/v2"

    @property
    def env(self) -> Mapping[str, str]:
        """The bot's settings, which the peers read too."""
        return {
            "SLACK_BOT_TOKEN": "xoxb-bench",
            "SLACK_SIGNING_SECRET": load.SIGNING_SECRET,
            "SLACK_API_URL": f"http://127.0.0.1:{self.stub_port}/api",
            "HMS_ACCESS_KEY": ACCESS_KEY,
            "HMS_SECRET": SECRET,
            "HMS_API_URL": self.hms_url,
            "HOST": "127.0.0.1",
        }

    def ours(self) -> Program:
        return self._program("ours", [str(USERS / "bin" / "python"), "-m", "bot", "web"], answers=True)

    def bolt_python(self, *, before: bool) -> Program:
        name = "Bolt for Python" + (", before response" if before else "")
        command = [sys.executable, str(PEERS / "ack_bolt.py"), "{port}", *(["before"] if before else [])]
        return self._program(name, command, answers=False)

    def bolt_js(self) -> Program:
        return self._program("Bolt for JS", ["node", str(PEERS / "ack_bolt.js"), "{port}"], answers=False)

    def js_bot(self) -> Program:
        return self._program("Bolt for JS + SDK", ["node", str(PEERS / "sessions_bot.js"), "{port}"], answers=True)

    def send(self, program: Program, **job: Any) -> load.Result:
        """Have the load generator do a job on a program. Raises Failed where commands are left unanswered."""
        job = {"port": program.port, "answers": program.answers, **job}
        result = load.Result(**ask(self.loader, job))
        missing = result.sent - (len(result.answer_ms) if program.answers else len(result.ack_ms))
        if missing:
            raise Failed(
                f"{program.name} left {missing} of {result.sent} unanswered ({job}): {complaint(program.child)}"
            )
        return result

    def _program(self, name: str, command: list[str], *, answers: bool) -> Program:
        port = free_port()
        env = {**self.env, "PORT": str(port)}
        child = self.processes.start([part.format(port=port) for part in command], env=env, cores=SUBJECT)
        wait_ready(child, port)
        return Program(name, child, port, answers)


def install_ours() -> None:
    """Install what `requirements.txt` pins, and nothing else, where it is missing or older. Raises Failed."""
    pins, done = ROOT / "requirements.txt", USERS / "installed"
    if done.exists() and done.stat().st_mtime >= pins.stat().st_mtime:
        return
    print("Installing what users have (pip) …", file=sys.stderr)
    venv.create(USERS, with_pip=True, clear=True)
    pip = [str(USERS / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    if subprocess.run([*pip, "-r", str(pins)]).returncode:
        raise Failed("pip could not install requirements.txt")
    done.touch()


def install_node_peers() -> str:
    """`npm ci` where the modules are missing or older than the lock. Why it can't be done, or ""."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node or not npm:
        return f"{'node' if not node else 'npm'} is not installed"
    lock, installed = PEERS / "package-lock.json", PEERS / "node_modules" / ".package-lock.json"
    if installed.exists() and installed.stat().st_mtime >= lock.stat().st_mtime:
        return ""
    print("Installing the Node peers (npm ci) …", file=sys.stderr)
    try:
        done = subprocess.run([npm, "ci"], cwd=PEERS, capture_output=True, text=True, timeout=NPM_S)
    except subprocess.TimeoutExpired:
        return "npm ci took too long"
    return "npm ci failed" if done.returncode else ""
