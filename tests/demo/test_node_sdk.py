"""The official Node SDK, which knows nothing of us, reads the demo's 100ms as it reads the real one."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import NoReturn

import pytest

from tests.demo.process import ROOT, Api, demo

PEERS = ROOT / "bench" / "peers"
SCRIPT = Path(__file__).with_name("list_sessions.mjs")
INSTALL_S = 240

pytestmark = pytest.mark.timeout(INSTALL_S + 120)


def _missing(what: str) -> NoReturn:
    text = f"{what}: the official Node SDK was NOT tried against the demo"
    if os.environ.get("CI"):
        pytest.fail(text)
    pytest.skip(text)


@pytest.fixture(scope="module")
def node() -> str:
    """Node, with the SDK's modules installed from the lock in bench/peers."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node:
        _missing("node is not installed")
    if not (PEERS / "node_modules" / "@100mslive" / "server-sdk").is_dir():
        if not npm:
            _missing("npm is not installed")
        done = subprocess.run([npm, "ci"], cwd=PEERS, capture_output=True, text=True, timeout=INSTALL_S)
        if done.returncode:
            _missing(f"npm ci failed in {PEERS} ({done.stderr.strip()[-300:]})")
    return node


def test_the_official_sdk_lists_every_session_once(node: str) -> None:
    with demo("--speed", "0.001") as running, Api(running) as api:
        settings = {"HMS_ACCESS_KEY": running.access_key, "HMS_SECRET": running.secret}
        before = _now(api)
        command = [node, str(SCRIPT), running.hms_url, str(PEERS)]
        done = subprocess.run(command, env=os.environ | settings, capture_output=True, text=True, timeout=60)
        after = _now(api)
    assert done.returncode == 0, done.stderr
    listed = json.loads(done.stdout.splitlines()[-1])  # the SDK writes a log of its own before it
    for state, ids in listed.items():
        assert ids == sorted(set(ids), reverse=True), f"{state}: each once, newest first"
        assert before[state] & after[state] <= set(ids) <= before[state] | after[state], state
    assert len(listed["active"]) >= 35
    assert len(listed["ended"]) >= 400


def _now(api: Api) -> dict[str, set[str]]:
    return {"active": set(api.ids(active="true")), "ended": set(api.ids(active="false"))}
