"""The scans of `make check` find what they are there for, and say when they couldn't look."""

from __future__ import annotations

import json
import os
import random
import socket
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.audit import pins, report
from tests.conftest import ROOT

pytestmark = pytest.mark.slow

LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


def run(*command: str, **settings: str) -> subprocess.CompletedProcess[str]:
    env = os.environ | settings
    return subprocess.run([sys.executable, "-m", *command], cwd=ROOT, env=env, capture_output=True, text=True)


def made_up(count: int, of: str = LETTERS) -> str:
    """Made here, so that no file of ours holds what looks like a secret."""
    return "".join(random.Random(7).choices(of, k=count))


PLANTED = {
    "bot token": "TOKEN = 'xoxb" + f"-6411051107-6589520367824-{made_up(24)}'",
    "app token": f'TOKEN = "xapp-1-A0TFFSNWKEF-2706050802226-{made_up(64, "0123456789abcdef")}"',
    "100ms secret": f"HMS_SECRET={made_up(43)}=",
    "signing secret": f"SLACK_SIGNING_SECRET={made_up(32, '0123456789abcdef')}",
    "database": f"DATABASE_URL=postgres://bot:{made_up(16)}@db.example.com/bot",
    "private key": "-----BEGIN " + f"RSA PRIVATE KEY-----\n{made_up(64)}\n{made_up(64)}\n-----END RSA PRIVATE KEY-----",
}


def test_planted_secrets_are_found_and_not_shown(tmp_path: Path) -> None:
    files = {tmp_path / f"{name}.txt": text for name, text in PLANTED.items()}
    for file, text in files.items():
        file.write_text(text)
    done = run("tests.leaks", *map(str, files))
    assert done.returncode not in (0, 1), done
    assert all(str(file) in done.stdout for file in files), done.stdout
    assert made_up(16) not in done.stdout


class _Known(BaseHTTPRequestHandler):
    """A database of holes: there is one in aiohttp."""

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["package"]
        affected = {"package": asked, "ranges": [{"type": "ECOSYSTEM", "events": [{"fixed": "99.1"}]}]}
        hole = {"id": "PYSEC-2026-1", "summary": "A hole", "affected": [affected]}
        body = json.dumps({"vulns": [hole]} if asked["name"] == "aiohttp" else {}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def audit(url: str, folder: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    service = ["--vulnerability-service", "osv", "--osv-url", url, "--cache-dir", str(folder)]
    return run("tests.audit", *service, NO_PROXY="127.0.0.1", **settings)


def test_a_known_hole_fails(tmp_path: Path) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Known) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        done = audit(f"http://127.0.0.1:{server.server_port}/", tmp_path)
        server.shutdown()
    assert done.returncode == 1, done
    (hole, sum_up) = done.stdout.splitlines()
    assert hole.startswith("audit: aiohttp ") and hole.endswith(": PYSEC-2026-1, fixed in 99.1")
    assert sum_up == f"audit: {len(pins())} of {len(pins())} pins looked up, 1 known holes"


def test_pins_that_nobody_answers_for_are_counted_and_fail_when_that_is_asked(tmp_path: Path) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        done = audit(f"http://127.0.0.1:{nobody.getsockname()[1]}/", tmp_path, AUDIT="strict")
    assert done.returncode == 1, done
    assert f"audit: 0 of {len(pins())} pins looked up" in done.stdout
    assert f"audit: WARNING: {len(pins())} pins were NOT looked up" in done.stdout


def test_a_machine_without_a_way_out_passes_with_a_warning(capsys: pytest.CaptureFixture[str]) -> None:
    known: list[dict[str, Any]] = [{"name": "idna", "version": "3.20", "vulns": []}]
    unknown: list[dict[str, Any]] = [{"name": "yarl", "skip_reason": "not found"}]
    assert (report(known, strict=True), report(known + unknown, strict=False)) == (0, 0)
    assert capsys.readouterr().out.endswith("audit: WARNING: not found\n")
    assert report(known + unknown, strict=True) == 1
