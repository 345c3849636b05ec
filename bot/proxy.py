"""The way out of a network that has a proxy: one decision for all that the bot asks of others."""

from __future__ import annotations

from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass


def proxy_to(url: str) -> str | None:
    """The URL of the proxy that HTTPS_PROXY names in the environment, or HTTP_PROXY where `url` has no TLS; None where
    there is none, or NO_PROXY excepts the host. aiohttp's own `trust_env` does it in a thread at each request, reads
    ~/.netrc besides, and knows nothing of websockets."""
    parts = urlsplit(url)
    proxy = getproxies().get(parts.scheme, "")
    if not proxy or proxy_bypass(parts.hostname or ""):
        return None
    return proxy if "://" in proxy else f"http://{proxy}"
