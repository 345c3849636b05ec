"""Child processes: started on their cores, watched through /proc, and ended whatever happens."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PEERS = ROOT / "bench" / "peers"
_CORES = sorted(os.sched_getaffinity(0))
HELPERS, SUBJECT, ANY = {_CORES[0]}, {_CORES[-1]}, set(_CORES)
"""Load and stand-ins run on the first core, what is measured on the last."""
_TICK_S = 1 / os.sysconf("SC_CLK_TCK")


class Failed(Exception):
    """A program of the benchmark did not do its part."""


@dataclass(slots=True)
class Processes:
    """Starts children in an empty folder with a clean environment; ends them all on the way out."""

    _children: list[subprocess.Popen[str]] = field(default_factory=list)
    _folder: tempfile.TemporaryDirectory[str] = field(default_factory=tempfile.TemporaryDirectory)

    def __enter__(self) -> Processes:
        return self

    def __exit__(self, *_: object) -> None:
        for child in self._children:
            end(child)
        self._folder.cleanup()

    def start(self, command: Sequence[str], *, env: Mapping[str, str], cores: set[int]) -> subprocess.Popen[str]:
        clean = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        errors = (Path(self._folder.name) / f"{len(self._children)}.log").open("w+")
        child = subprocess.Popen(
            command,
            env={**clean, "PYTHONPATH": str(ROOT), **env},
            cwd=self._folder.name,  # no .env and no database of the repository's
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            preexec_fn=lambda: os.sched_setaffinity(0, cores),
        )
        child.errors = errors  # type: ignore[attr-defined]
        self._children.append(child)
        return child

    def run(self, command: Sequence[str], *, env: Mapping[str, str], cores: set[int], timeout_s: float) -> Any:
        """Run to the end; the JSON in the last line that it prints."""
        child = self.start(command, env=env, cores=cores)
        try:
            printed, _ = child.communicate(timeout=timeout_s)
        except subprocess.TimeoutExpired:
            raise Failed(f"{_name(child)} took more than {timeout_s:.0f} s") from None
        if child.returncode:
            raise Failed(f"{_name(child)} ended with {child.returncode}: {complaint(child)}")
        return json.loads(printed.splitlines()[-1])


def end(child: subprocess.Popen[str], patience_s: float = 5.0) -> None:
    """Ask a child to stop, then insist."""
    if child.poll() is None:
        child.terminate()
        try:
            child.wait(patience_s)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def python(module: str, *arguments: str) -> list[str]:
    return [sys.executable, "-m", module, *arguments]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def ask(child: subprocess.Popen[str], question: Mapping[str, Any] | None = None) -> Any:
    """Write a line of JSON (if any), read one."""
    assert child.stdin and child.stdout
    if question is not None:
        print(json.dumps(question), file=child.stdin, flush=True)
    line = child.stdout.readline()
    if not line:
        raise Failed(f"{_name(child)} ended: {complaint(child)}")
    return json.loads(line)


def wait_ready(child: subprocess.Popen[str], port: int, path: str = "/readyz", most_s: float = 15.0) -> float:
    """Poll until the path answers 200; when it did (`time.perf_counter`)."""
    stop_at = time.perf_counter() + most_s
    while time.perf_counter() < stop_at:
        if child.poll() is not None:
            raise Failed(f"{_name(child)} ended: {complaint(child)}")
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1) as asked:
                asked.sendall(f"GET {path} HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n".encode())
                if asked.recv(64).startswith(b"HTTP/1.1 200"):
                    return time.perf_counter()
        except OSError:
            pass
        time.sleep(0.005)
    raise Failed(f"{_name(child)} was not ready after {most_s:.0f} s: {complaint(child)}")


def cpu_s(child: subprocess.Popen[str]) -> float:
    """Processor seconds used so far, of all threads (proc_pid_stat(5): utime, stime)."""
    fields = Path(f"/proc/{child.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * _TICK_S


def resident_mb(child: subprocess.Popen[str]) -> float:
    """Memory held now (proc_pid_status(5): VmRSS)."""
    status = Path(f"/proc/{child.pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


def _name(child: subprocess.Popen[str]) -> str:
    return " ".join(Path(part).name for part in list(child.args)[:3])  # type: ignore[arg-type]


def complaint(child: subprocess.Popen[str]) -> str:
    """The last lines that it wrote to standard error."""
    errors = child.errors  # type: ignore[attr-defined]
    errors.seek(0)
    return " | ".join(errors.read().splitlines()[-3:])
