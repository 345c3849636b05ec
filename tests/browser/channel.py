"""A channel of the page as a person uses it: by roles and accessible names alone."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, Page, expect

SESSION = re.compile(r"\bsession ([0-9a-f]{24})\b")
TABS_MOST = 40
PHONE_WIDTH = 390
LOOK_ALIKES = str.maketrans("∗∼ˋˍ＠∶", "*~`_@:", "\u2068\u2069")


class Channel:
    """The composer and the log of the channel at hand."""

    def __init__(self, page: Page, name: str = "live-ops") -> None:
        self.page = page
        self.box = page.get_by_role("textbox", name=f"Message #{name}", exact=True)
        self.log = page.get_by_role("log")
        expect(self.box).to_be_visible()

    @property
    def messages(self) -> Locator:
        return self.log.get_by_role("article")

    @property
    def cards(self) -> Locator:
        """The cards alone, oldest first, without what is in their threads."""
        return self.messages.filter(has=self.page.get_by_role("button", name="Details", exact=True))

    def send(self, line: str) -> None:
        self.box.fill(line)
        self.box.press("Enter")

    def say(self, line: str) -> Locator:
        """Send a line; the message that answers."""
        count = self.messages.count()
        self.send(line)
        return self.message(count)

    def ask(self, line: str, says: str) -> Locator:
        """Send a line; the further message with that text, whatever else comes of the line."""
        answers = self.messages.filter(has_text=says)
        count = answers.count()
        self.send(line)
        expect(answers).to_have_count(count + 1)
        return answers.nth(count)

    def press(self, message: Locator, name: str | re.Pattern[str]) -> Locator:
        """Press a button that is answered by a further message; that message."""
        count = self.messages.count()
        button(message, name).click()
        return self.message(count)

    def message(self, number: int) -> Locator:
        """The message of that number, oldest 0, once it is there, and nothing after it."""
        expect(self.messages).to_have_count(number + 1)
        return self.messages.nth(number)


def go_to(page: Page, name: str) -> Channel:
    """Another channel, by its link at the side."""
    link(page, name).click()
    return Channel(page, name)


def link(page: Page, name: str) -> Locator:
    """A channel's link; one with something unread in it is called so."""
    return page.get_by_role("navigation").get_by_role("link", name=name, exact=True)


def button(message: Locator, name: str | re.Pattern[str]) -> Locator:
    return message.get_by_role("button", name=name, exact=isinstance(name, str))


def reach(target: Locator) -> None:
    """Move the focus there by Tab, back or forth."""
    expect(target).to_be_visible()
    keys = target.page.keyboard
    for key in ("Shift+Tab", "Tab"):
        for _ in range(TABS_MOST):
            if target.evaluate("element => element === document.activeElement"):
                return
            keys.press(key)
    expect(target).to_be_focused()


def on_page(message: Locator, number: int) -> list[str]:
    """Wait until the message shows that page of a list; the ids of its sessions in order."""
    expect(message).to_contain_text(re.compile(rf"Page {number}\b"))
    text = message.inner_text()
    assert "Only visible to you" in text
    ids = SESSION.findall(text)
    assert button(message, "Show").count() == len(ids)
    return ids


def walk(message: Locator) -> list[list[str]]:
    """Every page's ids, from the first to the one without More."""
    pages = [on_page(message, 1)]
    while (more := button(message, "More")).count():
        more.click()
        pages.append(on_page(message, len(pages) + 1))
    return pages


def walk_back(message: Locator, last: int) -> list[list[str]]:
    """The ids of the pages before the last one, from the first on, read by pressing Back."""
    pages = []
    for number in range(last - 1, 0, -1):
        button(message, "Back").click()
        pages.append(on_page(message, number))
    assert button(message, "Back").count() == 0
    return pages[::-1]


def assert_fits(message: Locator) -> None:
    """On a phone neither does the page scroll sideways, nor is anything of the message cut off."""
    assert message.page.evaluate("[innerWidth, document.documentElement.scrollWidth]") == [PHONE_WIDTH] * 2
    wide, room = message.evaluate("message => [message.scrollWidth, message.clientWidth]")
    assert wide <= room, message.inner_text()


def literal(text: str) -> str:
    """The text with the look-alikes, by which the bot keeps names from formatting, read back."""
    return text.translate(LOOK_ALIKES)
