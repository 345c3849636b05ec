"""The shared state of the fake Slack's parts, and the refusals of its Web API."""

import math
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.blockkit.limits import MESSAGE_TEXT_CHARS
from bot.demo.fake_slack.faults import Faults
from bot.demo.fake_slack.grants import Grants
from bot.demo.fake_slack.judge import problems
from bot.demo.fake_slack.ledger import Ledger
from bot.demo.fake_slack.model import Json
from bot.demo.fake_slack.workspace import Workspace

POST_BURST = 5  # "short bursts of >1 allowed": https://docs.slack.dev/apis/web-api/rate-limits
POST_PER_S = 1.0
# A caller's clock and ours may tick apart by this much before a call inside a Retry-After counts as one.
RETRY_SLACK_S = 0.05
# Calls of one method that were under way when another of them was told to wait are no breach.
UNDER_WAY_S = 0.1


class Refused(Exception):
    """A Web API method's `"ok": false` answer.

    `extra` is merged into the answer.  `breach` marks what a correct bot never provokes (a malformed message),
    as against what it cannot know beforehand (a channel that was archived).
    """

    def __init__(self, error: str, *, breach: bool = False, status: int = 200, **extra: Any) -> None:
        super().__init__(error)
        self.error, self.breach, self.status, self.extra = error, breach, status, extra


class RateLimiter:
    """Token buckets: of chat.postMessage one for each channel, 1 message a second and bursts of 5; of others by method.

    Also remembers each Retry-After, so that a caller who does not wait is found out.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._buckets: dict[str, tuple[float, float]] = {}
        self._until: dict[str, tuple[float, float]] = {}
        self._told: dict[str, float] = {}
        self._reads: defaultdict[str, float] = defaultdict(lambda: -math.inf)

    def admit(self, key: str, *, burst: float = POST_BURST, per_s: float = POST_PER_S) -> bool:
        """Takes a token out of the bucket of a channel or method; False where there is none."""
        now = self._clock()
        tokens, since = self._buckets.get(key, (burst, now))
        tokens = min(burst, tokens + (now - since) * per_s)
        self._buckets[key] = (tokens - 1 if tokens >= 1 else tokens, now)
        return tokens >= 1

    def wait_to_read_s(self, method: str, every_s: float) -> float:
        """0 and the call counts, where the last one of this method was `every_s` ago; else what is left."""
        left = self._reads[method] + every_s - self._clock()
        if left > 0:
            return left
        self._reads[method] = self._clock()
        return 0.0

    def told_to_wait(self, key: str, seconds: float) -> None:
        now = time.monotonic()
        self._until[key], self._told[key] = (self._clock() + seconds, now + seconds), now

    def retry_after_s(self, key: str) -> int:
        """The whole seconds that were told last, as the header has them."""
        return max(0, math.ceil(self._until[key][0] - self._clock()))

    def too_soon_s(self, key: str) -> float:
        """The seconds that remain of a Retry-After, 0 if none; by whichever clock is further on."""
        if key not in self._until:
            return 0.0
        if " " not in key and time.monotonic() - self._told[key] < UNDER_WAY_S:
            return 0.0
        ends, ends_monotonic = self._until[key]
        left = min(ends - self._clock(), ends_monotonic - time.monotonic()) - RETRY_SLACK_S
        return max(left, 0.0)


@dataclass(slots=True)
class Site:
    """One running fake Slack.  `url` is set at start; `clock` gives epoch seconds."""

    workspace: Workspace
    ledger: Ledger
    faults: Faults
    grants: Grants
    limiter: RateLimiter
    clock: Callable[[], float]
    signing_secret: str
    bot_token: str
    app_token: str
    scopes: frozenset[str]
    # The kinds of events that the manifest subscribes the app to.
    events: frozenset[str] = frozenset()
    url: str = ""
    tickets: set[str] = field(default_factory=set)
    views: list[Json] = field(default_factory=list)
    # conversations.history and .replies: most messages a page, and seconds between two calls of one of them.
    history_most: int = 999
    history_every_s: float = 0.0
    # Whether methods have the limits of their tiers.
    tiers: bool = True
    # Types of blocks that this workspace doesn't have yet: Slack rolls them out in phases.
    untaken_blocks: frozenset[str] = frozenset()

    def lacking(self, scope: str, *, breach: bool) -> Refused:
        """The refusal of a call for which the token has no scope."""
        provided = ",".join(sorted(self.scopes))
        return Refused("missing_scope", breach=breach, needed=scope, provided=provided)


def checked_content(site: Site, text: Any, blocks: Any, *, blank_ok: bool = False) -> tuple[str, list[Json]]:
    """A message's text and blocks; Refused as chat.postMessage refuses them, with the validator's lines.

    https://docs.slack.dev/reference/methods/chat.postMessage
    """
    text = "" if text is None else text
    if not isinstance(text, str):
        raise Refused("invalid_arguments", breach=True)
    if len(text) > MESSAGE_TEXT_CHARS:
        raise Refused("msg_too_long", breach=True)
    if blocks is not None and not isinstance(blocks, list):
        raise Refused("invalid_blocks_format", breach=True)
    if not text.strip() and not blocks and not blank_ok:
        raise Refused("no_text", breach=True)
    # An empty array is how chat.update removes blocks; there is nothing in it to check.
    lines = problems(blocks) if blocks else []
    malformed = [line for line in lines if "characters of text together" not in line]
    if lines:
        error = "invalid_blocks" if malformed else "msg_blocks_too_long"
        messages = [f"[ERROR] {line}" for line in lines]
        raise Refused(error, breach=True, response_metadata={"messages": messages})
    kinds = [block["type"] for block in blocks or ()]
    unknown = [
        f"[ERROR] unsupported type: {kind} [json-pointer:/blocks/{index}/type]"
        for index, kind in enumerate(kinds)
        if kind in site.untaken_blocks
    ]
    if unknown:
        raise Refused("invalid_blocks", response_metadata={"messages": unknown})
    return text, blocks or []


def checked_metadata(metadata: Any) -> Json | None:
    """https://docs.slack.dev/messaging/message-metadata: an event_type and an object of values, their types as in
    https://docs.slack.dev/tools/node-slack-sdk/reference/types/interfaces/MessageMetadata. No size is refused: the
    pages have an error `metadata_too_large`, and no number for it."""
    if metadata is None:
        return None
    good = (
        isinstance(metadata, Mapping)
        and isinstance(metadata.get("event_type"), str)
        and isinstance(metadata.get("event_payload"), Mapping)
        and all(map(_metadata_value, metadata["event_payload"].values()))
    )
    if not good:
        raise Refused("invalid_metadata_format", breach=True)
    return dict(metadata)


def _metadata_value(value: Any) -> bool:
    """A plain value, an object of such, or an array of objects."""
    if isinstance(value, Mapping):
        return all(isinstance(each, str | int | float) for each in value.values())
    if isinstance(value, list):
        return all(isinstance(each, Mapping) and _metadata_value(each) for each in value)
    return isinstance(value, str | int | float)
