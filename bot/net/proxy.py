"""The proxy for each outgoing request, by the environment's variables."""

from __future__ import annotations

import os
import re
from ipaddress import ip_address, ip_network
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from bot.errors import ConfigError
from bot.net.urls import is_web_url

RULE = "write http://host:port or http://user:password@host:port, percent-encode the password, or unset it"
RANGE_RULE = "write it as 10.0.0.0/8, or leave it out"


def proxy_to(url: str) -> str | None:
    """Return the URL of the proxy for `url`, or None: HTTPS_PROXY, or HTTP_PROXY without TLS, else ALL_PROXY, minus the
    hosts in NO_PROXY. aiohttp's own `trust_env` blocks on a thread at each request, also reads ~/.netrc, and ignores
    websockets. Raises ConfigError, which doesn't contain the value."""
    to = urlsplit(url)
    proxies = getproxies()
    kind = to.scheme if proxies.get(to.scheme) else "all"
    proxy = proxies.get(kind, "")
    if not proxy or proxy_bypass(to.hostname or "") or _in_a_range(to.hostname or "", proxies.get("no", "")):
        return None
    proxy = proxy if "://" in proxy else f"http://{proxy}"
    name = _name(kind)
    if proxy.lower().startswith("socks"):
        raise ConfigError(f"{name} names a SOCKS proxy, which the bot can't use: {RULE}.")
    if not is_web_url(proxy) or re.search(r"[/?#]", proxy.partition("://")[2].removesuffix("/")):
        raise ConfigError(f"{name} is not the address of a proxy: {RULE}.")
    return proxy


def proxy_name(url: str) -> str:
    """Return that proxy without its credentials, `host:port`, or ""."""
    return urlsplit(proxy_to(url) or "").netloc.rpartition("@")[2]


def _in_a_range(host: str, excepted: str) -> bool:
    """True for an IP address within a range in NO_PROXY, such as 10.0.0.0/8. Host names aren't resolved, as in curl and
    Go."""
    try:
        ranges = [ip_network(each.strip(), strict=False) for each in excepted.split(",") if "/" in each]
    except ValueError:
        raise ConfigError(f"{_name('no')} has a range of addresses that can't be read: {RANGE_RULE}.") from None
    try:
        address = ip_address(host)
    except ValueError:
        return False
    return any(address in each for each in ranges)


def _name(kind: str) -> str:
    """Return the variable's name as set; lower case wins, as in `getproxies`."""
    name = f"{kind}_proxy"
    return name if os.environ.get(name) else name.upper()
