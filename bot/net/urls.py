"""Validation of HTTP URLs."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import httpx


def is_web_url(url: str) -> bool:
    """True if every client accepts the URL: http or https, a resolvable host name, a valid port if any."""
    try:
        parts = urlsplit(url)
        (parts.hostname or "").encode("idna")  # as a socket would
        httpx.URL(url)  # the strictest of the clients
        good = parts.scheme in ("https", "http") and bool(parts.hostname) and parts.port != 0
    except (ValueError, httpx.InvalidURL):
        return False
    return good and not re.search(r"\s", url)
