"""The door: the bot's own application, asked in this thread's loop, so that each request's work is over before the next.

`Signatures` has the check alone, without a socket; `Door` the whole bot between its stand-ins, whose 100ms is empty.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import logging
import re
import tempfile
import time
from collections.abc import Hashable, Iterable
from contextlib import AsyncExitStack
from itertools import count
from typing import Any, Self
from unittest.mock import Mock
from urllib.parse import urlencode

import aiohttp
from aiohttp import web
from aiohttp.streams import StreamReader
from aiohttp.test_utils import TestServer, make_mocked_request
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult

from bot.app import FEATURES, running
from bot.blockkit import actions
from bot.blockkit.blocks import Message
from bot.clock import Clock
from bot.demo.fake_hms import Account, FakeHms
from bot.demo.fake_slack import FakeSlack
from bot.demo.fake_slack.judge import problems
from bot.demo.fake_slack.seed import ADA, TEAM_ID
from bot.slack.registry import Callback, Feature, Payload, Registry
from bot.slack.request import Request
from bot.web.connections import BOUNDS
from bot.web.ready import Health
from bot.web.server import application
from bot.workspace import Workspaces
from tests.work import settings_of

SECRET = "fuzz-signing-secret"
AGE_MOST_S = 300
FORM, JSON = "application/x-www-form-urlencoded", "application/json"
_NOW = re.compile(r"\{now([+-][0-9]{1,6})?\}")
WORK = {"answer", "register.<locals>.hear", "Replies.send"}
"""Coroutines of the bot that go on after an acknowledgement."""
IDLE_S = 10.0
JOBS = {"command", "action", "view", "shortcut"}
DEFECTS = {"invalid_blocks", "blocks_refused", "event_failed", "job_failed"}
MESSAGE = {"type": "message", "user": "U07QX6MRE02", "bot_id": "B1", "ts": "1790000000.000100", "text": "x"}


class _Loop:
    """`with` it to have a check; `_open` of a subclass prepares, its `_ask` is the check."""

    def __enter__(self) -> Self:
        self._runner = asyncio.Runner()
        self._stack = AsyncExitStack()
        self._runner.run(self._open())
        return self

    def __exit__(self, *_: object) -> None:
        self._runner.run(self._stack.aclose())
        self._runner.close()

    def __call__(self, text: str) -> Hashable:
        return self._runner.run(self._ask(text))


class Signatures(_Loop):
    """Inputs are three lines, of the timestamp, the signature and the content type, and a body. `{now}`, `{now-400}` and
    `{good}`, the signature that is right, stand for themselves."""

    async def _open(self) -> None:
        async def authorize(**_: Any) -> AuthorizeResult:  # so that Slack isn't asked
            return AuthorizeResult(enterprise_id=None, team_id="T1", bot_token="xoxb-fuzz")

        silent = logging.Logger("silent", logging.CRITICAL)
        slack = AsyncApp(signing_secret=SECRET, authorize=authorize, process_before_response=True, logger=silent)
        app = application(slack, SECRET, "", Health(Workspaces(0), [], None, Clock()), BOUNDS)
        (self._handler,) = (each.handler for each in app.router.routes() if each.method == "POST")

    async def _ask(self, text: str) -> Hashable:
        now = int(time.time())
        stamp, signature, kind, body = [*text.split("\n", 3), "", "", ""][:4]
        stamp = _header(_NOW.sub(lambda found: str(now + int(found[1] or 0)), stamp))
        sent = body.encode("utf-8", "surrogatepass")
        good = _signed(stamp, sent)
        signature = _header(signature.replace("{good}", good))
        kind = _header(kind.replace("{form}", FORM))
        headers = {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": signature, "Content-Type": kind}
        payload = StreamReader(Mock(_reading_paused=False), 2**16, loop=asyncio.get_running_loop())
        payload.feed_data(sent)
        payload.feed_eof()
        answer = await self._handler(make_mocked_request("POST", "/slack/events", headers=headers, payload=payload))
        assert isinstance(answer, web.Response)
        signed, known = signature == f"v0={good}", kind in (FORM, JSON)
        readable = sent.decode(errors="ignore").encode() == sent
        right = signed and _is_fresh(stamp, now, AGE_MOST_S + 2)  # the bot's second may be a later one
        surely = signed and _is_fresh(stamp, now, AGE_MOST_S - 2) and known and readable
        assert answer.status < 500, "the door fails"
        assert right or answer.status == 401, "a wrong signature is accepted"
        assert not surely or answer.status != 401, "a right one is refused"
        return answer.status, right, known


def _is_fresh(stamp: str, now: int, most_s: int) -> bool:
    try:
        return abs(now - int(stamp)) <= most_s
    except ValueError:
        return False


def _signed(stamp: str, body: bytes) -> str:
    basis = f"v0:{stamp}:".encode("utf-8", "surrogateescape") + body
    return hmac.new(SECRET.encode(), basis, hashlib.sha256).hexdigest()


def _header(text: str) -> str:
    """As a header can be."""
    return "".join(char for char in text if char.isprintable() and ord(char) < 0x100).strip()


IDS = [value for name, value in vars(actions).items() if name.isupper() and isinstance(value, str) and "." in value]
WORDS = (
    "payload", "command", "actions", "event", "type", "user", "channel", "container", "view", "state", "callback_id", "form", "look", *IDS,
)  # fmt: skip


async def _answered(request: Request, payload: Payload) -> None:
    await request.reply(Message(str(payload.get("callback_id")), []))


ENDING = {"app_uninstalled", "tokens_revoked"}
"""Events after which the workspace gets no answer."""
ADDED = Feature(views=(Callback("form", _answered),), shortcuts=(Callback("look", _answered),))
"""A form and a shortcut; the bot has none of its own yet."""


class Door(_Loop):
    """Inputs are the JSON of a slash command's form, an interaction's payload or an event; anything else is the body as
    it stands. All are signed rightly."""

    @staticmethod
    def examples(lines: Iterable[str], values: Iterable[str]) -> list[str]:
        who = {"team_id": TEAM_ID, "channel_id": "C07QX6MRE01", "user_id": ADA}
        forms = [{"command": "/sessions", "text": line, **who} for line in lines]
        at = {"user": {"id": ADA}, "team": {"id": TEAM_ID}, "channel": {"id": "C07QX6MRE01"}, "message": MESSAGE}
        container = {"type": "message", "message_ts": MESSAGE["ts"], "is_ephemeral": True}
        buttons = [
            {"type": "button", "action_id": id_, "block_id": "b", "value": value} for id_ in IDS for value in values
        ]
        presses = [{"type": "block_actions", **at, "container": container, "actions": [button]} for button in buttons]
        view = {"id": "V1", "type": "modal", "callback_id": "form", "state": {"values": {"b": {"a": {"value": "x"}}}}}
        views = [{"type": kind, **at, "view": view} for kind in ("view_submission", "view_closed")]
        shortcuts = [{"type": kind, **at, "callback_id": "look"} for kind in ("shortcut", "message_action")]
        events = [
            {"type": "event_callback", "team_id": TEAM_ID, "event": {"type": kind, "user": "U1", "channel": "C1"}}
            for kind in sorted(Registry(FEATURES).events.keys() - ENDING | {"message", "app_home_opened"})
        ]  # fmt: skip
        return [json.dumps(sent) for sent in (*views, *shortcuts, *events, *forms, *presses)]

    async def _open(self) -> None:
        enter = self._stack.enter_async_context
        self._slack = await enter(FakeSlack(signing_secret=SECRET))
        hms = await enter(FakeHms(Account()))
        folder = self._stack.enter_context(tempfile.TemporaryDirectory())
        self._replies: list[Any] = []
        self._numbers = count()
        app = web.Application()
        app.router.add_post("/", self._take)
        self._answers = str((await enter(TestServer(app))).make_url("/"))
        self._noted = _Defects()
        log = logging.getLogger("bot")
        log.propagate = False
        log.addHandler(self._noted)
        self._stack.callback(log.removeHandler, self._noted)
        self._stack.callback(setattr, log, "propagate", True)
        settings = settings_of(self._slack, hms, f"sqlite:///{folder}/bot.db")
        started = await enter(running(settings, "web", features=(*FEATURES, ADDED)))
        await started.starting
        self._url = f"{started.url}/slack/events"
        self._http = await enter(aiohttp.ClientSession())

    async def _take(self, request: web.Request) -> web.Response:
        self._replies.append(await request.json())
        return web.Response(text="ok")

    async def _ask(self, text: str) -> Hashable:
        self._replies.clear()
        self._noted.said.clear()
        self._slack.violations.clear()
        body, kind = self._body(text)
        stamp = str(int(time.time()))
        signature = f"v0={_signed(stamp, body)}"
        headers = {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": signature, "Content-Type": kind}
        async with self._http.post(self._url, data=body, headers=headers) as answer:
            status = answer.status
            await answer.read()
        await _idle()
        assert status < 500, "the door fails"
        assert not self._noted.said, f"the log says {self._noted.said[0]}"
        assert not self._slack.violations, "Slack's rules are broken"
        for reply in self._replies:
            assert not problems(reply.get("blocks") or [], text=reply["text"]), "Slack would refuse the answer"
        said = [re.sub(r"`[^`]*`|\d+|[0-9a-f]{8,}", "", str(each["text"]))[:60] for each in self._replies]
        return (status, *said)

    def _body(self, text: str) -> tuple[bytes, str]:
        try:
            said = json.loads(text)
        except (ValueError, RecursionError):
            return text.encode("utf-8", "surrogatepass"), FORM
        if isinstance(said, dict):
            said["response_url"] = self._answers  # no other address is ever asked; without one it tries for seconds
            said["trigger_id"] = said["event_id"] = f"{next(self._numbers)}"  # nothing is taken for a repetition
            if isinstance(said.get("channel_id"), str):
                said["channel_id"] = said["channel_id"][:32]  # Slack's own
            if "event" not in said:
                fields = said if "command" in said else {"payload": json.dumps(said)}
                return urlencode(fields, errors="replace").encode(), FORM
        return json.dumps(said).encode(), JSON


class _Defects(logging.Handler):
    """The defects in the log."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        failed = record.getMessage() in JOBS and getattr(record, "fields", {}).get("outcome") == "unexpected"
        if failed or record.getMessage() in DEFECTS:
            self.said.append(record.getMessage())


async def _idle() -> None:
    """Until all that was asked for is done."""
    while work := [task for task in asyncio.all_tasks() if getattr(task.get_coro(), "__qualname__", "") in WORK]:
        _, late = await asyncio.wait(work, timeout=IDLE_S)
        assert not late, "an answer takes long"
