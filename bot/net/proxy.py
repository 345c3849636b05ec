"""The way out of a network that has a proxy: one decision for all that the bot asks of others."""

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
    """The URL of the proxy that HTTPS_PROXY names in the environment, or HTTP_PROXY where `url` has no TLS, else
    ALL_PROXY; None where there is none, or NO_PROXY excepts the host. aiohttp's own `trust_env` does it in a thread at
    each request, reads ~/.netrc besides, and knows nothing of websockets. Raises ConfigError, in words that hold
    nothing of its value."""
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
    """That proxy as people may see it, `host:port`, or ""."""
    return urlsplit(proxy_to(url) or "").netloc.rpartition("@")[2]


def _in_a_range(host: str, excepted: str) -> bool:
    """True for an address in one of the ranges, such as 10.0.0.0/8, that NO_PROXY lists. A host's name is in none: it
    isn't looked up, as in curl and Go."""
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
    """The variable as it stands in the environment: small letters win, as in `getproxies`."""
    name = f"{kind}_proxy"
    return name if os.environ.get(name) else name.upper()
