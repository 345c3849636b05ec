"""Answers to commands and presses: posts to a response_url, and the body of an acknowledgement.

https://docs.slack.dev/interactivity/handling-user-interaction#message_responses
"""

import json
from typing import Any

from aiohttp import web

from bot.demo.fake_slack.faults import HttpError, RateLimited
from bot.demo.fake_slack.grants import ResponseUrl
from bot.demo.fake_slack.model import Call, Json
from bot.demo.fake_slack.site import Refused, Site, checked_content
from bot.demo.fake_slack.web_api import faulty, hang_up


class ResponseUrls:
    """The aiohttp handler of `/commands/…` and `/actions/…`.  No token is needed but the address itself."""

    def __init__(self, site: Site) -> None:
        self._site = site

    async def handle(self, request: web.Request) -> web.StreamResponse:
        raw = await request.text()
        try:
            arguments = json.loads(raw)
        except ValueError:
            arguments = None
        fault = self._site.faults.take("response_url")
        status, answer = await faulty(fault, lambda: self._run(request.path, arguments))
        recorded = arguments if isinstance(arguments, dict) else {"body": raw}
        self._site.ledger.call(Call("response_url", recorded, self._site.clock(), status, answer))
        if status == 0:
            return hang_up(request)
        if isinstance(fault, HttpError):
            return web.Response(status=fault.status, text=fault.body)
        headers = {"Retry-After": str(fault.retry_after_s)} if isinstance(fault, RateLimited) else {}
        if status == 200 and "body" in answer:
            return web.Response(text=answer["body"])
        return web.json_response(answer, status=status, headers=headers)

    def _run(self, path: str, arguments: Any) -> tuple[int, Json]:
        grant = self._site.grants.redeem_url(path)
        if isinstance(grant, str):
            self._site.ledger.violation(f"response_url: {grant}")
            return 404, {"ok": False, "error": grant}
        try:
            if not isinstance(arguments, dict):
                raise Refused("invalid_payload", breach=True)
            respond(self._site, grant, arguments)
        except Refused as refused:
            if refused.breach:
                details = refused.extra.get("response_metadata", {}).get("messages", [])
                self._site.ledger.violation("; ".join([f"response_url: {refused.error}", *details]))
            return 400, {"ok": False, "error": refused.error, **refused.extra}
        return 200, {"body": "ok"}


def respond(site: Site, grant: ResponseUrl, arguments: Json) -> None:
    """Carries out one answer: replace or delete the source message, or post a new one.  Raises Refused."""
    workspace = site.workspace
    wants_source = bool(arguments.get("replace_original") or arguments.get("delete_original"))
    source = workspace.find(grant.channel, grant.source_ts) if grant.source_ts else None
    if wants_source and grant.source_ts is None:
        site.ledger.violation("response_url: replace_original or delete_original without a source message")
    if arguments.get("delete_original"):
        if source is not None:
            workspace.delete(source)
        return
    text, blocks = checked_content(site, arguments.get("text"), arguments.get("blocks"))
    response_type = arguments.get("response_type", "ephemeral")
    if response_type not in ("ephemeral", "in_channel"):
        raise Refused("invalid_response_type", breach=True)
    if arguments.get("replace_original") and source is not None:
        edited = None if source.ephemeral else {"user": workspace.bot_user, "ts": workspace.next_ts()}
        workspace.change(source, text=text, blocks=blocks, edited=edited)
        return
    thread_ts = arguments.get("thread_ts")
    if response_type == "in_channel":
        workspace.post(grant.channel, workspace.bot_user, text, blocks, thread_ts=thread_ts)
    else:
        workspace.post(
            grant.channel,
            workspace.bot_user,
            text,
            blocks,
            ephemeral=True,
            ephemeral_to=grant.user,
            thread_ts=thread_ts,
        )
