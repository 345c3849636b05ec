"""The keys that the bot's messages carry."""

from __future__ import annotations

import json
from typing import Any


def key_of(metadata: Any) -> str:
    """The key that a message carries; the metadata may be JSON."""
    if isinstance(metadata, str):
        metadata = json.loads(metadata)
    return str(((metadata or {}).get("event_payload") or {}).get("key", ""))
