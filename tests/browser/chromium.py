"""A Chromium for the browser tests. `python -m tests.browser.chromium`, which `make test` runs, sees to it that there is
one: what is there, else the system's package manager, else Playwright's own download.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator

from playwright.sync_api import Browser, Error, Playwright, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PLAYWRIGHTS_OWN = "Playwright's own Chromium"
START_MS = 60_000
INSTALL_S = 600


def launch(playwright: Playwright) -> tuple[Browser, str] | None:
    """The first Chromium that starts, and what it is called; None where there is none."""
    for name, path in _candidates():
        try:
            browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS), timeout=START_MS)
        except Error as error:
            if path is not None:
                print(f"{name} does not start: {str(error).strip().splitlines()[0]}", file=sys.stderr)
        else:
            return browser, name
    return None


def _candidates() -> Iterator[tuple[str, str | None]]:
    """(name, path) of each that might be there; Playwright finds its own without a path."""
    if chosen := os.environ.get("CHROMIUM"):
        yield f"CHROMIUM={chosen}", chosen
        return
    for path in filter(None, map(shutil.which, NAMES)):
        yield path, path
    yield PLAYWRIGHTS_OWN, None


def _found() -> str | None:
    """Return the name of the Chromium that starts."""
    with sync_playwright() as playwright:
        if (started := launch(playwright)) is None:
            return None
        browser, name = started
        name = f"{name}, version {browser.version}"
        browser.close()
        return name


def _with_apt() -> bool:
    apt, sudo = shutil.which("apt-get"), shutil.which("sudo")
    root = os.geteuid() == 0
    if not apt or not (root or sudo):
        return False
    first = [*([] if root else [str(sudo)]), "env", "DEBIAN_FRONTEND=noninteractive", apt]
    print("No Chromium here: installing it with apt-get …", flush=True)
    return _run(*first, "update") and _run(*first, "install", "-y", "chromium")


def _with_playwright() -> bool:
    print("No Chromium here: downloading Playwright's own …", flush=True)
    return _run(sys.executable, "-m", "playwright", "install", "chromium")


def _run(*command: str) -> bool:
    """Return True if it went well; else show the end of what it said."""
    try:
        done = subprocess.run(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", timeout=INSTALL_S
        )
    except subprocess.TimeoutExpired:
        print(f"{' '.join(command)}: not done after {INSTALL_S} s", file=sys.stderr)
        return False
    if done.returncode:
        print(f"{' '.join(command)}: exit code {done.returncode}\n{done.stdout[-500:]}", file=sys.stderr)
    return done.returncode == 0


def main() -> int:
    """See to it that there is a Chromium; the exit code."""
    ways: tuple[Callable[[], bool], ...] = (lambda: True, _with_apt, _with_playwright)
    if os.environ.get("CHROMIUM"):
        ways = ways[:1]  # a person's choice, which nothing else replaces
    for way in ways:
        if way() and (name := _found()):
            print(f"Chromium for the browser tests: {name}")
            return 0
    print(
        "There is no Chromium for the browser tests, and none could be installed. "
        "Install one and set CHROMIUM to its path.",
        file=sys.stderr,
    )
    return 1


if __name__ == "__main__":
    sys.exit(main())
