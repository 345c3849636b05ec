"""Slack's public judgement of blocks: no token, form-encoded. docs.slack.dev/reference/methods/blocks.validate"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import aiohttp

Blocks = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Verdict:
    """Slack's judgement. `problem`: the reason of a refusal; `unknown`: the reason for no judgement. Both are "" if it
    takes the blocks."""

    problem: str = ""
    unknown: str = ""


async def judge_blocks(http: aiohttp.ClientSession, api_url: str, blocks: Blocks) -> Verdict:
    """Slack's verdict on a message's blocks. Raises aiohttp's errors if Slack can't be reached."""
    form = {"blocks": json.dumps(list(blocks))}
    async with http.post(f"{api_url}/blocks.validate", data=form) as answer:
        text = await answer.text(errors="replace")
    try:
        body = json.loads(text)
    except ValueError:
        body = None
    if not isinstance(body, Mapping):
        return Verdict(unknown=f"status {answer.status}")
    if body.get("ok") is True:
        return Verdict()
    if body.get("error") != "invalid_blocks":
        return Verdict(unknown=str(body.get("error")))
    return Verdict(problem=_first(body.get("errors")))


def _first(errors: Any) -> str:
    """The first problem and where it is: `too many items at /0/elements`."""
    first = errors[0] if isinstance(errors, list) and errors and isinstance(errors[0], Mapping) else {}
    return f"{first.get('message') or first.get('code') or 'invalid_blocks'} at {first.get('pointer') or '/'}"
