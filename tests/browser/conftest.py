"""A demo, a browser, and a page that has to stay clean: no error in its console, no request to another host."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Request, expect, sync_playwright

from tests.browser.channel import PHONE_WIDTH, Channel
from tests.browser.chromium import launch
from tests.browser.stage import Stage
from tests.demo.process import Api, Demo, demo

# It makes pictures, and tests nothing.
collect_ignore = [] if os.environ.get("SCREENSHOTS") else ["test_screenshots.py"]

PATIENCE_MS = 20_000
DESKTOP = {"width": 1280, "height": 900}


@pytest.fixture(scope="module")
def running() -> Iterator[Demo]:
    with demo("--seed", "7", "--speed", "0.2") as running:
        yield running


@pytest.fixture(scope="module")
def api(running: Demo) -> Iterator[Api]:
    with Api(running) as api:
        yield api


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Closed with the module: Playwright's loop must not be there when asynchronous tests start theirs."""
    with sync_playwright() as playwright:
        if (started := launch(playwright)) is None:
            text = "no Chromium: the page was NOT tried in a browser. Run python -m tests.browser.chromium"
            if os.environ.get("CI"):
                pytest.fail(text)
            pytest.skip(text)
        expect.set_options(timeout=PATIENCE_MS)
        yield started[0]
        started[0].close()


@contextmanager
def clean_page(context: BrowserContext, url: str) -> Iterator[Page]:
    """A page at `url`. At the end nothing may have gone wrong in it."""
    wrong: list[str] = []
    host = urlsplit(url).netloc

    def on_request(request: Request) -> None:
        where = urlsplit(request.url)
        if where.scheme not in ("data", "blob") and where.netloc != host:
            wrong.append(f"request to {request.url}")

    context.set_default_timeout(PATIENCE_MS)
    context.on("request", on_request)
    page = context.new_page()
    page.on(
        "console", lambda line: wrong.append(f"console: {line.text}") if line.type in ("error", "warning") else None
    )
    page.on("pageerror", lambda error: wrong.append(f"error: {error}"))
    page.goto(url)
    yield page
    context.close()
    assert not wrong, wrong


def on_desktop(browser: Browser, url: str) -> AbstractContextManager[Page]:
    return clean_page(browser.new_context(viewport=DESKTOP, locale="en-US"), url)


def on_phone(browser: Browser, url: str, height: int = 844) -> AbstractContextManager[Page]:
    size = {"width": PHONE_WIDTH, "height": height}
    context = browser.new_context(viewport=size, locale="en-US", is_mobile=True, has_touch=True, device_scale_factor=2)
    return clean_page(context, url)


@pytest.fixture
def stage_page(browser: Browser, stage: Stage) -> Iterator[Page]:
    """The page of a module's stage, on a desktop."""
    with on_desktop(browser, stage.url) as page:
        yield page


@pytest.fixture
def channel(browser: Browser, running: Demo) -> Iterator[Channel]:
    """The demo's first channel on a desktop."""
    with on_desktop(browser, running.url) as page:
        yield Channel(page)


@pytest.fixture
def phone(browser: Browser, running: Demo) -> Iterator[Channel]:
    """The demo's first channel on a phone."""
    with on_phone(browser, running.url) as page:
        yield Channel(page)
