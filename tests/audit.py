"""Every pin looked up among known holes: `python -m tests.audit [options of pip-audit]`.

A pin that couldn't be looked up is not one without holes, so it says how many those are. They fail where AUDIT=strict
asks for that, and not otherwise: a machine without a way out could never pass.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
PIN = re.compile(r"^([\w.-]+)(?:\[[\w,-]+\])?==([\w.]+) \\$", re.MULTILINE)
"""A line of a requirements file; its hashes follow."""
AT_ONCE = 4
"""pip-audit asks for one pin after the other, about 0.1 s each."""


def pins() -> list[str]:
    """Each `name==version`, without its extras and hashes."""
    text = "".join((ROOT / name).read_text() for name in ("requirements.txt", "requirements-dev.txt"))
    return sorted({f"{name}=={version}" for name, version in PIN.findall(text)})


def look_up(some: list[str], options: list[str]) -> list[dict[str, Any]]:
    """Return pip-audit's word on each: its `name`, and either `version` and `vulns`, or a `skip_reason`."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write("\n".join(some))
        file.flush()
        audit = [sys.executable, "-m", "pip_audit", "--requirement", file.name, "--no-deps", "--disable-pip"]
        shown = ["--format", "json", "--progress-spinner", "off"]
        done = subprocess.run([*audit, *shown, "--timeout", "5", *options], capture_output=True, text=True)
    try:
        return json.loads(done.stdout)["dependencies"]
    except ValueError:  # it gave up, with a traceback or a line
        why = (done.stderr.strip().splitlines() or ["no answer"])[-1]
        return [{"name": pin.partition("==")[0], "skip_reason": why} for pin in some]


def report(packages: list[dict[str, Any]], *, strict: bool) -> int:
    """Print it; the exit code, 1 for a known hole, and when `strict` for a pin that wasn't looked up."""
    holes = [(package, hole) for package in packages for hole in package.get("vulns", ())]
    missed = [package for package in packages if "skip_reason" in package]
    for package, hole in holes:
        fixed = ", ".join(hole["fix_versions"]) or "no version yet"
        print(f"audit: {package['name']} {package['version']}: {hole['id']}, fixed in {fixed}")
    print(f"audit: {len(packages) - len(missed)} of {len(packages)} pins looked up, {len(holes)} known holes")
    if missed:
        print(f"audit: WARNING: {len(missed)} pins were NOT looked up, so nothing is known of them. The first:")
        print(f"audit: WARNING: {missed[0]['skip_reason'][:200]}")
    return 1 if holes or (strict and missed) else 0


def main(options: list[str]) -> int:
    """The exit code."""
    wanted = pins()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        parts = pool.map(lambda start: look_up(wanted[start::AT_ONCE], options), range(AT_ONCE))
    return report([package for part in parts for package in part], strict=os.environ.get("AUDIT") == "strict")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
