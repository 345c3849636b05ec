"""The send boundary: every answer to a person is checked here first, and leaves by the target that it has.

A response_url takes five messages in 30 minutes, also where the bot isn't a member
(docs.slack.dev/interactivity/handling-user-interaction).
"""

from __future__ import annotations

import asyncio
import json
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient

from bot import log, metrics
from bot.blockkit.blocks import Block, Message, section
from bot.blockkit.limits import SECTION_TEXT_CHARS
from bot.blockkit.sizes import oversized
from bot.net.retry_budget import RetryBudget
from bot.net.waits import retry_after_s
from bot.slack.data_blocks import Blocks, DataBlocks
from bot.slack.method import Method
from bot.slack.outcome import Outcome, Refused, RetryLater, Sent, Unconfirmed
from bot.slack.refusals import BAD_BLOCKS, UNSURE, WAITS
from bot.slack.reply_to import DirectMessage, Home, Modal, Nobody, ReplyTo, ResponseUrl
from bot.slack.responses import weigh

TIMEOUT = aiohttp.ClientTimeout(total=5, connect=3)
HOSTS = {"hooks.slack.com", "hooks.slack-gov.com"}
"""Hosts of response_urls, in Slack and in GovSlack."""
_CODE = re.compile(r"[a-z_]{1,60}")


class Replies:
    """Sends answers to where they go, over the one pooled session of `client`, which must not ask again by itself.
    Addresses of answers have to be Slack's, or at the host of the client's own."""

    def __init__(
        self, client: AsyncWebClient, data_blocks: DataBlocks | None = None, budget: RetryBudget | None = None
    ) -> None:
        self._call = Method(client)
        self._session = self._call.http
        self._api_url = client.base_url
        self._data_blocks = data_blocks or DataBlocks()
        self._budget = budget or RetryBudget()

    async def send(self, to: ReplyTo, message: Message, *, replace: bool = False, for_all: bool = False) -> bool:
        """True where Slack took it. After an answer that was lost it is sent again to one person, but never to all.
        Leaves out of the blocks what Slack refuses, in the end all of them. Where the view that it should replace is
        gone, it goes to the person."""
        outcome = await self._data_blocks.fit(
            _checked(message),
            lambda blocks: self._try(to, message.text, blocks, replace=replace, for_all=for_all),
            _may_be_blocks,
        )
        if isinstance(to, Modal | Home) and replace and isinstance(outcome, Refused):
            return await self.send(DirectMessage(to.user_id), message)
        if isinstance(outcome, Sent):
            metrics.replies.labels("ok").inc()
            return True
        log.error("reply_failed", cause=_cause(outcome))
        metrics.replies.labels("failed").inc()
        return False

    async def _try(self, to: ReplyTo, text: str, blocks: Blocks, *, replace: bool, for_all: bool) -> Outcome:
        async def attempt() -> Sent | Refused:
            try:
                return await self._once(to, text, blocks, replace=replace, for_all=for_all)
            except (aiohttp.ClientError, TimeoutError, OSError) as error:
                raise _Again(type(error).__name__, unsure=True) from None

        try:
            return await self._budget.call(
                attempt, lambda error: isinstance(error, _Again) and not (error.unsure and for_all)
            )
        except (_Again, TimeoutError) as error:
            return Unconfirmed(str(error) or type(error).__name__)

    async def _once(self, to: ReplyTo, text: str, blocks: Blocks, *, replace: bool, for_all: bool) -> Sent | Refused:
        said = {"text": text, "unfurl_links": False, "unfurl_media": False}
        said |= {"blocks": list(blocks)} if blocks else {}
        match to:
            case ResponseUrl(url) if is_slacks(url, self._api_url):
                kind = "in_channel" if for_all else "ephemeral"
                return await self._post(url, {"response_type": kind, "replace_original": replace, **said})
            case ResponseUrl():
                return Refused("another host than Slack's")
            case Modal(view_id=view_id) if replace:
                return await self._ask("views.update", {"view_id": view_id, "view": _modal(text, blocks)})
            case Home(user_id=user_id) if replace:
                return await self._ask("views.publish", {"user_id": user_id, "view": _home(text, blocks)})
            case Modal(user_id=user_id) | Home(user_id=user_id) | DirectMessage(user_id=user_id):
                return await self._ask("chat.postMessage", {"channel": user_id, **said})
            case Nobody(cause=cause):
                return Refused(cause)

    async def _post(self, url: str, body: dict[str, Any]) -> Sent | Refused:
        async with self._session.post(url, json=body, timeout=TIMEOUT, allow_redirects=False) as response:
            status, answer = response.status, await response.text(errors="replace")
        code = _code(answer, status)
        if status == 429 or code in WAITS:
            raise _Again("status 429", retry_after_s(response.headers, "slack"))
        if status >= 500 or code in UNSURE:
            raise _Again(f"status {status}", unsure=True)
        return _Refused(code, status) if code else Sent("")

    async def _ask(self, method: str, arguments: dict[str, Any]) -> Sent | Refused:
        async with asyncio.timeout(TIMEOUT.total):
            answer = await self._call(method, arguments)
        if answer.status == 200 and not answer.code:
            return Sent(answer.ts)
        outcome = weigh(answer)
        if isinstance(outcome, RetryLater):
            raise _Again("status 429", outcome.retry_after_s)
        if isinstance(outcome, Unconfirmed):
            raise _Again(outcome.cause, unsure=True)
        return outcome


def _modal(text: str, blocks: Blocks) -> Block:
    """A modal that holds an answer (docs.slack.dev/reference/views/modal-views)."""
    title, close = ({"type": "plain_text", "text": word} for word in ("Sessions", "Close"))
    return _home(text, blocks) | {"type": "modal", "title": title, "close": close}


def _home(text: str, blocks: Blocks) -> Block:
    """A Home tab that holds an answer (docs.slack.dev/reference/views/home-tab-views)."""
    return {"type": "home", "blocks": list(blocks) or [section(text[:SECTION_TEXT_CHARS])]}


def is_slacks(url: str, api_url: str) -> bool:
    """True for a URL at one of `HOSTS` over TLS, and for one at the host of `api_url`."""
    try:
        to, api = urlsplit(url), urlsplit(api_url)
        stand_in = (to.scheme, to.hostname) == (api.scheme, api.hostname) and "@" not in to.netloc
    except ValueError:
        return False
    return stand_in or (to.scheme == "https" and to.netloc in HOSTS)


class _Again(Exception):
    """Not posted for now; where `unsure`, as after no answer or 5xx, it may have been."""

    def __init__(self, cause: str, retry_after_s: float | None = None, *, unsure: bool = False) -> None:
        super().__init__(cause)
        self.retry_after_s = retry_after_s
        self.unsure = unsure


@dataclass(frozen=True, slots=True)
class _Refused(Refused):
    """It never will be, as it is."""

    status: int


def _may_be_blocks(refused: Refused) -> bool:
    """False where the URL itself is refused, for example as it is used up."""
    if isinstance(refused, _Refused):
        return refused.status in (200, 400)
    return refused.code in BAD_BLOCKS or refused.code == "invalid_arguments"  # as views have it


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
