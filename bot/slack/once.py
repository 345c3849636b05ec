"""Each request of Slack is done once, whoever sends it again: Slack, or somebody who has recorded it. Its signature is
good for five minutes, also after a restart and at another replica."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from bot import log
from bot.db.database import Database
from bot.db.problems import StoreError
from bot.slack import store as request_store

KEPT_MS = 900_000
"""Longer than a signature is good for, and than Slack sends an event again: after five minutes at the latest
(docs.slack.dev/apis/events-api#retries)."""
WAIT_S = 2.0


def sent_as(body: Mapping[str, Any]) -> str:
    """The id that makes a request known; "" for one that has none."""
    return str(body.get("event_id") or body.get("trigger_id") or "")


async def begun_before(store: Database, team_id: str, sent: str, now_ms: int) -> bool:
    """True for a request that some process has begun to do. False where the database doesn't say: this process's own
    memory has to do then."""
    if not sent:
        return False
    try:
        async with asyncio.timeout(WAIT_S):
            first = await request_store.begin(store, team_id, sent, now_ms, KEPT_MS)
    except (StoreError, TimeoutError) as error:
        log.warning("repeats_unknown", cause=getattr(error, "cause", "") or type(error).__name__)
        return False
    if not first:
        log.info("repeated", kind="request")
    return not first
