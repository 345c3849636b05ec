"""The way out of a network that has a proxy: one decision for all that the bot asks of others."""

from __future__ import annotations

import os
import re
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from bot.errors import ConfigError
from bot.weburl import is_web_url

RULE = "write http://host:port or http://user:password@host:port, percent-encode the password, or unset it"


def proxy_to(url: str) -> str | None:
    """The URL of the proxy that HTTPS_PROXY names in the environment, or HTTP_PROXY where `url` has no TLS; None where
    there is none, or NO_PROXY excepts the host. aiohttp's own `trust_env` does it in a thread at each request, reads
    ~/.netrc besides, and knows nothing of websockets. Raises ConfigError, in words that hold nothing of its value."""
    to = urlsplit(url)
    proxy = getproxies().get(to.scheme, "")
    if not proxy or proxy_bypass(to.hostname or ""):
        return None
    proxy = proxy if "://" in proxy else f"http://{proxy}"
    name = f"{to.scheme}_proxy"
    name = name if os.environ.get(name) else name.upper()
    if proxy.lower().startswith("socks"):
        raise ConfigError(f"{name} names a SOCKS proxy, which the bot can't use: {RULE}.")
    if not is_web_url(proxy) or re.search(r"[/?#]", proxy.partition("://")[2].removesuffix("/")):
        raise ConfigError(f"{name} is not the address of a proxy: {RULE}.")
    return proxy


def proxy_name(url: str) -> str:
    """That proxy as people may see it, `host:port`, or ""."""
    return urlsplit(proxy_to(url) or "").netloc.rpartition("@")[2]
