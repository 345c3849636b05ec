"""The send boundary: every message that leaves for a response_url is checked here first.

docs.slack.dev/interactivity/handling-user-interaction: five messages in 30 minutes, also where the bot isn't a member.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from bot import log, metrics
from bot.blockkit.blocks import Message
from bot.blockkit.sizes import oversized
from bot.net.retry_budget import RetryBudget
from bot.net.waits import retry_after_s
from bot.slack.data_blocks import Blocks, DataBlocks
from bot.slack.outcome import Outcome, Refused, Sent, Unconfirmed
from bot.slack.refusals import UNSURE, WAITS

TIMEOUT = aiohttp.ClientTimeout(total=5, connect=3)
HOSTS = {"hooks.slack.com", "hooks.slack-gov.com"}
"""Where response_urls lead, in Slack and in GovSlack."""
_CODE = re.compile(r"[a-z_]{1,60}")


class Replies:
    """Posts messages to response_urls over the one pooled session, if they are Slack's or at the host of `api_url`."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        api_url: str,
        data_blocks: DataBlocks | None = None,
        budget: RetryBudget | None = None,
    ) -> None:
        self._session = session
        self._api_url = api_url
        self._data_blocks = data_blocks or DataBlocks()
        self._budget = budget or RetryBudget()

    async def send(self, url: str, message: Message, *, replace: bool = False, for_all: bool = False) -> bool:
        """True where Slack took it. After an answer that was lost it is sent again to one person, but never to all.
        Leaves out of the blocks what Slack refuses, in the end all of them."""
        body = {
            "response_type": "in_channel" if for_all else "ephemeral",
            "replace_original": replace,
            "text": message.text,
            "unfurl_links": False,
            "unfurl_media": False,
        }

        async def send(blocks: Blocks) -> Outcome:
            return await self._try(url, body | ({"blocks": list(blocks)} if blocks else {}), for_all=for_all)

        if is_slacks(url, self._api_url):
            outcome = await self._data_blocks.fit(_checked(message), send, _may_be_blocks)
        else:
            outcome = Refused("another host than Slack's")
        if isinstance(outcome, Sent):
            metrics.replies.labels("ok").inc()
            return True
        log.error("reply_failed", cause=_cause(outcome))
        metrics.replies.labels("failed").inc()
        return False

    async def _try(self, url: str, body: dict[str, Any], *, for_all: bool) -> Outcome:
        def again(error: BaseException) -> bool:
            return isinstance(error, _NotNow) or (isinstance(error, _Unsure) and not for_all)

        try:
            return await self._budget.call(lambda: self._post(url, body), again)
        except (_NotNow, _Unsure, TimeoutError) as error:
            return Unconfirmed(str(error) or type(error).__name__)

    async def _post(self, url: str, body: dict[str, Any]) -> Sent | Refused:
        try:
            async with self._session.post(url, json=body, timeout=TIMEOUT, allow_redirects=False) as response:
                status, answer = response.status, await response.text(errors="replace")
                asked_s = retry_after_s(response.headers, "slack")
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise _Unsure(type(error).__name__) from None
        code = _code(answer, status)
        if status == 429 or code in WAITS:
            raise _NotNow(asked_s)
        if status >= 500 or code in UNSURE:
            raise _Unsure(f"status {status}")
        return _Refused(code, status) if code else Sent("")


def is_slacks(url: str, api_url: str) -> bool:
    """True for a URL at one of `HOSTS` over TLS, and for one at the host of `api_url`."""
    try:
        to, api = urlsplit(url), urlsplit(api_url)
        stand_in = (to.scheme, to.hostname) == (api.scheme, api.hostname) and "@" not in to.netloc
    except ValueError:
        return False
    return stand_in or (to.scheme == "https" and to.netloc in HOSTS)


class _NotNow(Exception):
    """429: not posted."""

    def __init__(self, retry_after_s: float | None) -> None:
        super().__init__("status 429")
        self.retry_after_s = retry_after_s


class _Unsure(Exception):
    """No answer, or 5xx: it may have been posted."""


@dataclass(frozen=True, slots=True)
class _Refused(Refused):
    """It never will be, as it is."""

    status: int


def _may_be_blocks(refused: Refused) -> bool:
    """False where the URL itself is refused, for example as it is used up."""
    return isinstance(refused, _Refused) and refused.status in (200, 400)


def _cause(outcome: Outcome) -> str:
    if isinstance(outcome, _Refused):
        return f"status {outcome.status}: {outcome.code}"
    return outcome.code if isinstance(outcome, Refused) else getattr(outcome, "cause", "")


def _code(answer: str, status: int) -> str:
    """Slack's code for a refusal, given as text or in JSON; "" for none. Nothing else of an answer is for the log."""
    try:
        data = json.loads(answer)
    except ValueError:
        data = None
    in_json = isinstance(data, dict)
    if status == 200 and (data.get("ok") is not False if in_json else not _CODE.fullmatch(answer) or answer == "ok"):
        return ""
    said = str(data.get("error")) if in_json else answer.strip()
    return said if _CODE.fullmatch(said) else "without a code"


def _checked(message: Message) -> Blocks:
    if found := oversized(message.blocks, message.text):  # a defect; the person still gets the text
        log.error("invalid_blocks", problems=len(found), first=found[0])
        return ()
    return message.blocks
