"""A way out that leads through a proxy, as HTTP_PROXY and NO_PROXY say: all of the bot's requests take it, or none."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from typing import Any

import pytest

from bot.app import running
from bot.demo.fake_hms import Account, FakeHms
from bot.demo.fake_slack import FakeSlack
from bot.errors import ConfigError
from bot.net.proxy import RULE, proxy_name, proxy_to
from bot.settings import Settings
from tests.live import cards, fill, opened, polls, say, shown, subscribe, until


class Proxy:
    """Passes requests on as they are, as servers understand a whole URL too, and remembers what was asked."""

    def __init__(self) -> None:
        self.url = ""
        self._read = b""
        self._serving: set[asyncio.Task[Any]] = set()

    @property
    def asked(self) -> set[str]:
        """The paths, where the two stand-ins have no ids in them."""
        return set(
            re.findall(r"[A-Z]+ (?:http|ws)://[^/ ]+(/[\w.]+(?:/[a-z.A-Z]+)?)", self._read.decode(errors="replace"))
        )

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._serving.add(task)
        writers = [writer]
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            host, _, port = head.split(b"/")[2].partition(b":")
            there, away = await asyncio.open_connection(host.decode(), int(port))
            writers.append(away)
            away.write(head)
            self._read += head
            await asyncio.gather(self._pass_on(reader, away, listen=True), self._pass_on(there, writer))
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            for each in writers:
                each.close()
                with suppress(OSError):
                    await each.wait_closed()
            self._serving.discard(task)

    async def close(self) -> None:
        """Leave no connection to be collected in another test."""
        serving = list(self._serving)
        for task in serving:
            task.cancel()
        await asyncio.gather(*serving, return_exceptions=True)

    async def _pass_on(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, listen: bool = False
    ) -> None:
        while some := await reader.read(65_536):
            self._read += some if listen else b""
            writer.write(some)
        writer.close()


@pytest.fixture
async def proxy(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Proxy]:
    proxy = Proxy()
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    proxy.url = f"http://{host}:{port}"
    monkeypatch.setenv("HTTP_PROXY", proxy.url)
    yield proxy
    server.close()
    await proxy.close()


@pytest.fixture
def use(polling: Settings, slack: FakeSlack, hms: FakeHms, account: Account) -> Callable[[], Awaitable[None]]:
    async def used() -> None:
        """A command, and an alert; over Socket Mode."""
        session = fill(account, 1)[0]
        async with running(polling, "socket"):
            await slack.wait_for(lambda: slack.sockets)
            assert shown(await say(slack, "active")) == [session.id]
            await subscribe(slack)
            await polls(hms)
            opened(account, account.add_room("Retro"))
            await until(lambda: cards(slack))

    return used


@pytest.mark.parametrize("name", ["HTTP_PROXY", "ALL_PROXY"])
async def test_all_take_it(
    proxy: Proxy, use: Callable[[], Awaitable[None]], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """The proxy of the scheme, or the one for all where no other is set."""
    monkeypatch.delenv("HTTP_PROXY")
    monkeypatch.setenv(name, proxy.url)
    await use()
    assert {"/api/auth.test", "/api/apps.connections.open", "/link", "/api/users.info", "/api/chat.postMessage"} <= (
        proxy.asked
    )
    assert {"/v2/sessions", "/v2/rooms", "/commands/T"} <= proxy.asked  # 100ms, and a response_url


async def test_none_takes_it_to_hosts_that_are_excepted(
    proxy: Proxy, use: Callable[[], Awaitable[None]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    await use()
    assert proxy.asked == set()


@pytest.mark.parametrize(
    "url",
    ["htp://me:pass@h:1", "http://me:pass@h:abc", "http://me:pass@h:99999", "http://", "http://[::1", "http://h..x:8",
     "http://me:pa#ss@h:8", "http://me:1?ss@h:8", "http://me:1/ss@h:8", "http://me:pass@exa mple:80", "me:pass@h:abc",
     "SOCKS5://me:pass@h:8", "socks4a://h", "h/pass"],
)  # fmt: skip
def test_a_proxy_that_is_misspelt(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    """It is said which variable is to be mended, and nothing of what it holds."""
    for name in ("HTTPS_PROXY", "https_proxy"):
        monkeypatch.setenv(name, url)
        with pytest.raises(ConfigError) as caught:
            proxy_to("https://slack.com/api")
        said, _, mend = caught.value.text.partition(":")
        assert said in (f"{name} is not the address of a proxy", f"{name} names a SOCKS proxy, which the bot can't use")
        assert mend == f" {RULE}."
        assert proxy_to("http://slack.example/api") is None


def test_the_variable_of_the_scheme_wins_over_all_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "http://all:1")
    assert proxy_to("https://slack.com/api") == "http://all:1"
    monkeypatch.setenv("HTTPS_PROXY", "http://one:1")
    assert (proxy_to("https://slack.com/api"), proxy_to("http://a.example")) == ("http://one:1", "http://all:1")
    monkeypatch.setenv("all_proxy", "socks5://me:pass@h:1")
    with pytest.raises(ConfigError, match=r"^all_proxy names a SOCKS proxy"):
        proxy_to("http://a.example")


@pytest.mark.parametrize(
    ("excepted", "host", "past"),
    [
        ("10.0.0.0/8", "10.1.2.3", True),
        ("example.com, 10.1.2.3/8 ,192.168.0.0/16", "10.200.0.1", True),
        ("10.0.0.0/8", "11.0.0.1", False),
        ("fd00::/8", "[fd12::1]", True),
        ("fd00::/8", "10.0.0.1", False),
        ("10.0.0.0/8", "slack.com", False),
        ("10.0.0.0/8,slack.com", "slack.com", True),
    ],
)
def test_ranges_of_addresses_are_excepted(
    monkeypatch: pytest.MonkeyPatch, excepted: str, host: str, past: bool
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://one:1")
    monkeypatch.setenv("NO_PROXY", excepted)
    assert (proxy_to(f"https://{host}/v2") is None) is past


def test_a_range_that_can_not_be_read_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "10.0.0.0/99")
    assert proxy_to("https://slack.com/api") is None  # there is no proxy at all
    monkeypatch.setenv("HTTPS_PROXY", "http://one:1")
    with pytest.raises(ConfigError, match=r"^NO_PROXY has a range of addresses that can't be read: write it as "):
        proxy_to("https://slack.com/api")


@pytest.mark.parametrize(
    ("url", "name"),
    [("me:pass@h:8", "h:8"), ("HTTP://h", "h"), ("https://me:pa%23ss@[::1]:8/", "[::1]:8"), ("http://proxy_1.lan:8", "proxy_1.lan:8")],
)  # fmt: skip
def test_a_proxy_is_named_without_its_password(monkeypatch: pytest.MonkeyPatch, url: str, name: str) -> None:
    monkeypatch.setenv("HTTPS_PROXY", url)
    assert proxy_name("https://slack.com/api") == name
    assert proxy_name("http://slack.com/api") == ""
