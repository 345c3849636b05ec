"""Sending to the bot: signed HTTP requests or Socket Mode envelopes, and what follows from its acknowledgement.

https://docs.slack.dev/authentication/verifying-requests-from-slack
https://docs.slack.dev/interactivity/handling-user-interaction#acknowledgment_response
"""

import asyncio
import hashlib
import hmac
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from urllib.parse import urlencode

import aiohttp

from bot.demo.fake_slack.grants import ResponseUrl
from bot.demo.fake_slack.model import Ack, Json
from bot.demo.fake_slack.response_url import respond
from bot.demo.fake_slack.site import Refused, Site
from bot.demo.fake_slack.socket_mode import SocketHub

ACK_TIMEOUT_S = 3.0
# Slack redelivers an event at once, after a minute and after five: https://docs.slack.dev/apis/events-api#retries
EVENT_RETRY_DELAYS_S = (0.0, 60.0, 300.0)
# One of our seconds stands for this many of Slack's while it waits to redeliver.
EVENT_RETRY_SCALE = 0.01
_FORM = "application/x-www-form-urlencoded"


def signed(secret: str, body: bytes, at_s: float) -> dict[str, str]:
    """The two headers that prove a request to be Slack's; `at_s` in epoch seconds."""
    stamp = str(int(at_s))
    digest = hmac.new(secret.encode(), b"v0:" + stamp.encode() + b":" + body, hashlib.sha256).hexdigest()
    return {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": f"v0={digest}"}


class Dispatcher:
    """Delivers to `bot_events_url` if that is set, else over an open socket.  Started and closed by FakeSlack."""

    def __init__(self, site: Site, sockets: SocketHub, bot_events_url: str | None) -> None:
        self._site = site
        self._sockets = sockets
        self._session: aiohttp.ClientSession | None = None
        self.bot_events_url = bot_events_url
        self.ack_timeout_s = ACK_TIMEOUT_S
        self.last: tuple[bytes, Mapping[str, str]] = (b"", {})

    async def start(self) -> None:
        headers = {"User-Agent": "Slackbot 1.0 (+https://api.slack.com/robots)"}
        # Slack sends what people do at once, however many they are.
        self._session = aiohttp.ClientSession(headers=headers, connector=aiohttp.TCPConnector(limit=0))

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    async def command(self, payload: Json) -> Ack:
        """Delivers a slash command; shows the answer in its acknowledgement, or the failure, to the person."""
        ack = await self._deliver("slash_commands", payload)
        self._judge(payload["command"], ack)
        channel, user = payload["channel_id"], payload["user_id"]
        if ack.status == 200:
            self._show(payload["command"], ack.body, channel, user)
        else:
            self._command_failed(payload["command"], channel, user, timed_out=ack.timed_out)
        return ack

    async def action(self, payload: Json) -> Ack:
        """Delivers a block action; a failure is a notice on the person's page."""
        ack = await self._deliver("interactive", payload)
        self._judge(f"action {payload['actions'][0]['action_id']}", ack)
        if ack.status != 200:
            what = "did not answer in time" if ack.timed_out else "could not be reached or failed"
            channel, user = payload["channel"]["id"], payload["user"]["id"]
            ts = payload["container"]["message_ts"]
            self._site.workspace.notice(channel, user, ts, f"This button did not work: the app {what}.")
        return ack

    async def interaction(self, payload: Json) -> Ack:
        """Delivers what a person did in a view, or by a shortcut."""
        ack = await self._deliver("interactive", payload)
        self._judge(payload["type"], ack)
        return ack

    async def event(self, payload: Json, retry_num: int | None, delays_s: Sequence[float]) -> Ack:
        """Delivers an event until it is acknowledged; with `retry_num` once, as that redelivery."""
        if retry_num is not None:
            return await self._deliver("events_api", payload, retry_num)
        for attempt, delay_s in enumerate([0.0, *delays_s]):
            await asyncio.sleep(delay_s)
            ack = await self._deliver("events_api", payload, attempt or None)
            if ack.status is not None and 200 <= ack.status < 300:
                break
            self._judge(f"event {payload.get('event', {}).get('type')}", ack)
        return replace(ack, attempts=attempt + 1)

    async def post_json(self, payload: Json) -> Ack:
        """A signed JSON body, such as url_verification."""
        body = json.dumps(payload).encode()
        return await self.post(body, {"Content-Type": "application/json", **self._signed(body)})

    async def post(self, body: bytes, headers: Mapping[str, str]) -> Ack:
        """Posts exactly this to the bot and waits at most `ack_timeout_s` for an answer."""
        if self._session is None or self.bot_events_url is None:
            return Ack(None)
        started = time.monotonic()
        try:
            async with (
                asyncio.timeout(self.ack_timeout_s),
                self._session.post(self.bot_events_url, data=body, headers=headers, allow_redirects=False) as answer,
            ):
                text = await answer.text(errors="replace")
                return Ack(answer.status, text, time.monotonic() - started)
        except TimeoutError:
            return Ack(None, elapsed_s=time.monotonic() - started, timed_out=True)
        except aiohttp.ClientError:
            return Ack(None, elapsed_s=time.monotonic() - started)

    async def _deliver(self, kind: str, payload: Json, retry_num: int | None = None) -> Ack:
        if self.bot_events_url is None:
            if not self._sockets.count:
                return Ack(None)
            return await self._sockets.deliver(kind, payload, self.ack_timeout_s, retry_num)
        if kind == "events_api":
            body, content_type = json.dumps(payload).encode(), "application/json"
        else:
            fields = payload if kind == "slash_commands" else {"payload": json.dumps(payload)}
            body, content_type = urlencode(fields).encode(), _FORM
        headers = {"Content-Type": content_type, **self._signed(body)}
        if retry_num:
            headers |= {"X-Slack-Retry-Num": str(retry_num), "X-Slack-Retry-Reason": "http_timeout"}
        self.last = (body, headers)
        return await self.post(body, headers)

    def _signed(self, body: bytes) -> dict[str, str]:
        return signed(self._site.signing_secret, body, self._site.clock())

    def _judge(self, what: str, ack: Ack) -> None:
        """A late or failing answer breaks Slack's rules; a bot that is not there does not."""
        if ack.timed_out:
            self._site.ledger.violation(f"{what}: not acknowledged within {self.ack_timeout_s:g} s")
        elif ack.status is not None and ack.status != 200:
            self._site.ledger.violation(f"{what}: acknowledged with HTTP {ack.status}")

    def _command_failed(self, command: str, channel: str, user: str, *, timed_out: bool) -> None:
        error = "operation_timeout" if timed_out else "dispatch_failed"
        words = f"{command} failed with the error “{error}”"
        self._site.workspace.slackbot_says(channel, user, words)

    def _show(self, command: str, body: str, channel: str, user: str) -> None:
        """Shows the text or blocks in the body of an acknowledgement."""
        try:
            answer = json.loads(body)
        except ValueError:
            answer = {"text": body}
        if not isinstance(answer, dict) or not (answer.get("text") or answer.get("blocks")):
            return
        grant = ResponseUrl("", channel, user, None, self._site.clock())
        try:
            respond(self._site, grant, answer)
        except Refused as refused:
            self._site.ledger.violation(f"{command}: answer in the acknowledgement: {refused.error}")
            self._command_failed(command, channel, user, timed_out=False)
