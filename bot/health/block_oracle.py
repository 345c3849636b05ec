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
    """`problem`: why Slack refuses the blocks; `unknown`: why it gave no judgement. Both are "" where it takes them."""

    problem: str = ""
    unknown: str = ""


async def judge_blocks(http: aiohttp.ClientSession, api_url: str, blocks: Blocks) -> Verdict:
    """Slack's verdict on a message's blocks. Raises what aiohttp raises where Slack can't be reached."""
    form = {"blocks": json.dumps(list(blocks))}
    async with http.post(f"{api_url}/blocks.validate", data=form) as answer:
        text = await answer.text(errors="replace")
    try:
        said = json.loads(text)
    except ValueError:
        said = None
    if not isinstance(said, Mapping):
        return Verdict(unknown=f"status {answer.status}")
    if said.get("ok") is True:
        return Verdict()
    if said.get("error") != "invalid_blocks":
        return Verdict(unknown=str(said.get("error")))
    return Verdict(problem=_first(said.get("errors")))


def _first(errors: Any) -> str:
    """The first problem and where it is: `too many items at /0/elements`."""
    first = errors[0] if isinstance(errors, list) and errors and isinstance(errors[0], Mapping) else {}
    return f"{first.get('message') or first.get('code') or 'invalid_blocks'} at {first.get('pointer') or '/'}"
