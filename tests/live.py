"""Helpers of end-to-end tests: accounts near the real time that the bot runs in, people who type and press, and
what a channel shows."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest

from bot.demo.fake_hms import Account, FakeHms
from bot.demo.fake_hms.records import Room, Session
from bot.demo.fake_slack import Ack, FakeSlack, Message
from bot.demo.fake_slack.dispatch import signed
from tests.clocks import Wall

PATIENCE_S = 30.0
"""For what comes within a second where nothing else runs."""


def fill(account: Account, count: int, *, room: Room | None = None, ended_every: int = 0) -> list[Session]:
    """`count` sessions a minute apart, newest first; every so-many-th one ended."""
    room = room or account.add_room("Town hall")
    began = time.time() - count * 60 - 600
    made = []
    for number in range(count):
        at = began + number * 60
        session = account.open_session(room, at)
        account.join(
            session, name=f"Person {number}", role="host" if number % 2 else "guest", user_id=f"u{number}", at=at
        )
        if ended_every and number % ended_every == 0:
            account.end(session, at + 30)
        made.append(session)
    return made[::-1]


def shown(message: Message) -> list[str]:
    """The ids of the sessions in a message, in order."""
    values = [
        element["value"]
        for block in message.blocks
        for element in [block.get("accessory") or {}]
        if element.get("action_id") == "sessions.show"
    ]
    for block in message.blocks:
        for element in block.get("elements", ()):
            if element.get("type") == "static_select":
                values += [option["value"] for option in element["options"]]
    return [value.partition("|")[2] for value in values]


async def until(condition: Callable[[], Any], clock: Wall | None = None) -> Any:
    """The first truthy value. With `clock` time flies meanwhile, so that no edit waits for its turn."""
    stop_at = time.monotonic() + PATIENCE_S
    while time.monotonic() < stop_at:
        if found := condition():
            return found
        if clock is not None:
            clock.by_s += 1.0
        await asyncio.sleep(0.02)
    raise AssertionError("it didn't come to that in time")


async def polls(hms: FakeHms, count: int = 2) -> None:
    """Wait until so many polls are over."""
    begun = len(hms.requests)
    await until(lambda: sum("after" in each.query for each in hms.requests[begun:]) >= count)
    await asyncio.sleep(0.1)


def posts(slack: FakeSlack, channel: str = "live-ops") -> list[Message]:
    """The channel's messages that aren't replies, the bot's first one of each subscription included."""
    return [each for each in slack.messages(channel) if each.bot_id and each.thread_ts in (None, each.ts)]


def cards(slack: FakeSlack, channel: str = "live-ops") -> list[Message]:
    return [each for each in posts(slack, channel) if "Details" in each.labels]


def opened(account: Account, room: Room) -> Session:
    """A session that opens now, with its host in."""
    session = account.open_session(room, time.time())
    account.join(session, name="Ann", role="host", user_id="ann", at=time.time())
    return session


def meet(account: Account, room: Room, *people: tuple[str, str]) -> Session:
    """A session since an hour, with these names and roles."""
    at = time.time() - 3_600
    session = account.open_session(room, at)
    for name, role in people:
        account.join(session, name=name, role=role, user_id=name.lower(), at=at)
    return session


def _a_second_later(slack: FakeSlack) -> None:
    """Lets a second pass: a channel takes a message a second."""
    if isinstance(slack.clock, Wall):
        slack.clock.by_s += 1.0


async def subscribe(slack: FakeSlack, line: str = "", **more: Any) -> Message:
    return await say(slack, f"subscribe {line}".strip(), **more)


async def say(slack: FakeSlack, line: str, **more: Any) -> Message:
    _a_second_later(slack)
    await slack.command(line, **more)
    return await slack.reply(where=lambda each: each.ephemeral)


async def said_soon(slack: FakeSlack, line: str, *words: str, **more: str) -> Message:
    """Return the bot's answer to a line as soon as all these words are in it: on a busy machine polls come late, and what was
    posted is noted a moment after."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            message = await say(slack, line, **more)
            if all(word in message.plain for word in words):
                return message
            await asyncio.sleep(0.05)


def runs(message: Message) -> str:
    """The label of the button that runs the line which was probably meant, or ""."""
    return next((label for label in message.labels if label.startswith("Run ")), "")


async def press(slack: FakeSlack, message: Message, label: str, **more: Any) -> Message:
    _a_second_later(slack)
    await slack.press(message, label, **more)
    return await slack.reply(where=lambda each: each.ephemeral)


async def act(slack: FakeSlack, message: Message, action_id: str, value: str, user: str | None = None) -> Message:
    """The answer to a press of any button, as one that isn't there."""
    await slack.act(message, action_id=action_id, value=value, user=user)
    return await slack.reply(where=lambda each: each.ephemeral)


FORM = "application/x-www-form-urlencoded"


async def post(slack: FakeSlack, body: bytes | Mapping[str, Any], kind: str = FORM, secret: str = "") -> Ack:
    """Send the bot any body, signed as by Slack."""
    body = body if isinstance(body, bytes) else urlencode(body).encode()
    headers = signed(secret or slack.signing_secret, body, slack.clock())
    return await slack.post_raw(body, {"Content-Type": kind} | headers)


async def resend(slack: FakeSlack, *, without: str = "", **changes: Any) -> None:
    """Send what Slack has sent last as another request: with other values of these fields."""
    form = dict(parse_qsl(slack.sent[0].decode(), keep_blank_values=True))
    interaction = "payload" in form
    payload = (json.loads(form["payload"]) if interaction else form) | {"trigger_id": f"{time.time_ns()}.1"} | changes
    payload.pop(without, None)
    ack = await post(slack, {"payload": json.dumps(payload)} if interaction else payload)
    assert (ack.status, ack.body) == (200, "")


def asked(slack: FakeSlack, method: str = "response_url") -> int:
    """The number of requests to that method of Slack."""
    return sum(call.method == method for call in slack.calls)


def logged(caplog: pytest.LogCaptureFixture, event: str) -> list[dict[str, Any]]:
    """The fields of the log's lines of that event."""
    return [record.__dict__["fields"] for record in caplog.records if record.getMessage() == event]
