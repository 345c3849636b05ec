"""The scan for secrets: `python -m tests.leaks [path …]`, without a path all files that git knows or would take."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
SCANNER = Path(sys.executable).with_name("kingfisher")
RULES = ROOT / ".ci" / "secrets.yml"
FOUND = 200  # the scanner's exit code


def scan(paths: list[str]) -> int:
    """The exit code. What is found is shown by its place, not by its value: this is printed where others can read."""
    # no-validate: it would ask the service of each token whether it works
    offline = ["--no-validate", "--no-update-check", "--git-history", "none"]
    shown = ["--quiet", "--redact", "--no-dedup", "--rules-path", str(RULES)]
    code = subprocess.run([str(SCANNER), "scan", *offline, *shown, *paths]).returncode
    if code == 0:
        print(f"leaks: no secret in {len(paths)} files")
    elif code == FOUND:
        print(
            "leaks: these look like secrets: withdraw them where they were made, then take them out. A made-up one is"
        )
        print("leaks: marked `kingfisher:ignore` in a comment on its line.")
    return code


def files() -> list[str]:
    """Return all files that git knows or would take: .env, which has the secrets, is none of them."""
    list_files = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(list_files, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [str(ROOT / name) for name in listed.split("\0") if name and (ROOT / name).is_file()]


if __name__ == "__main__":
    sys.exit(scan(sys.argv[1:] or files()))
