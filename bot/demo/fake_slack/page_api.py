"""The JSON API of the Slack-looking web page, and its files.  One person, `me`, sits before the page."""

import asyncio
import json
from collections import deque
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web

from bot.demo.fake_slack import own_commands
from bot.demo.fake_slack.ledger import Change
from bot.demo.fake_slack.model import Channel, Json, Message, options_of
from bot.demo.fake_slack.payloads import action_of
from bot.demo.fake_slack.people import People
from bot.demo.fake_slack.seed import ADA, BOT_USER, TEAM_DOMAIN, TEAM_NAME
from bot.demo.fake_slack.site import Site

DIST = Path(__file__).parent / "page" / "dist"
BACKLOG = 500
KEEP_ALIVE_S = 15.0
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@web.middleware
async def only_from_here(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuses the page's paths to other hosts and origins: no web page elsewhere may drive this one.

    The Host header stops DNS rebinding, the Origin header cross-site requests.
    """
    if request.path == "/" or request.path.startswith(("/page/", "/assets/")):
        origin = request.headers.get("Origin")
        origins = [f"//{request.host}", *([] if origin is None else [origin])]
        if any(_hostname(each) not in _LOOPBACK for each in origins):
            raise web.HTTPForbidden(text="This page answers only to 127.0.0.1.")
    return await handler(request)


def _hostname(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None


class PageApi:
    """Handlers of `/`, `/assets/…` and `/page/…`."""

    def __init__(self, site: Site, person: People) -> None:
        self._site = site
        self._person = person
        self._last_id = 0
        self._backlog: deque[tuple[int, Json]] = deque(maxlen=BACKLOG)
        self._streams: set[asyncio.Queue[tuple[int, Json] | None]] = set()
        self._tasks: set[asyncio.Task[Any]] = set()
        site.ledger.listeners.append(self._on_change)

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/", self._index),
            web.get("/assets/{name}", self._asset),
            web.get("/page/state", self._state),
            web.get("/page/events", self._events),
            web.post("/page/send", self._send),
            web.post("/page/action", self._action),
            web.post("/page/unarchive", self._unarchive),
        ]

    async def close(self) -> None:
        """Ends the event streams and drops what is still being dispatched."""
        for queue in self._streams:
            queue.put_nowait(None)
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # Files

    async def _index(self, request: web.Request) -> web.StreamResponse:
        return _file(DIST / "index.html")

    async def _asset(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        if Path(name).name != name:
            raise web.HTTPNotFound
        return _file(DIST / name)

    # State and events

    async def _state(self, request: web.Request) -> web.Response:
        workspace = self._site.workspace
        users = [
            {"id": user.id, "name": user.name, "real_name": user.real_name, "tz": user.tz, "is_bot": user.is_bot}
            for user in workspace.users.values()
        ]
        channels = [
            {
                "id": channel.id,
                "name": channel.name,
                "is_private": channel.is_private,
                "is_im": channel.is_im,
                "is_archived": channel.is_archived,
                "topic": channel.topic,
            }
            for channel in workspace.channels.values()
            if ADA in channel.members
        ]
        commands = [
            {
                "command": command["command"],
                "description": command.get("description", ""),
                "usage_hint": command.get("usage_hint", ""),
            }
            for command in (*workspace.commands, *own_commands.COMMANDS)
        ]
        me, bot = workspace.users[ADA], workspace.users[BOT_USER]
        visible = [*workspace.messages(), *workspace.ephemerals(ADA)]
        mine = sorted((each for each in visible if self._for_me(each.channel)), key=lambda each: each.ts)
        state = {
            "team": {"id": workspace.team_id, "name": TEAM_NAME, "domain": TEAM_DOMAIN},
            "me": {"id": me.id, "name": me.name, "real_name": me.real_name, "tz": me.tz},
            "bot": {"id": bot.id, "name": bot.name},
            "users": users,
            "groups": [{"id": group.id, "handle": group.handle} for group in workspace.groups.values()],
            "channels": channels,
            "commands": commands,
            "messages": [self._shown(each) for each in mine],
            "last_event_id": self._last_id,
        }
        return web.json_response(state)

    async def _events(self, request: web.Request) -> web.StreamResponse:
        after = request.headers.get("Last-Event-ID") or request.query.get("last_event_id", "")
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
        queue: asyncio.Queue[tuple[int, Json] | None] = asyncio.Queue()
        if after.isascii() and after.isdigit():
            for entry in self._backlog:
                if entry[0] > int(after):
                    queue.put_nowait(entry)
        self._streams.add(queue)
        try:
            await response.prepare(request)
            await response.write(b": connected\n\n")
            while True:
                try:
                    entry_or_end = await asyncio.wait_for(queue.get(), KEEP_ALIVE_S)
                except TimeoutError:
                    await response.write(b": still here\n\n")
                    continue
                if entry_or_end is None:
                    return response
                number, data = entry_or_end
                await response.write(f"id: {number}\ndata: {json.dumps(data)}\n\n".encode())
        except ConnectionError:
            return response
        finally:
            self._streams.discard(queue)

    def _on_change(self, change: Change) -> None:
        hidden = change.channel is not None and not self._for_me(change.channel)
        if change.user not in (None, ADA) or hidden:
            return
        data = {
            "type": change.kind,
            "message": None if change.message is None else self._shown(change.message),
            "channel": change.channel,
            "ts": change.ts,
            "text": change.text,
        }
        self._last_id += 1
        self._backlog.append((self._last_id, data))
        for queue in self._streams:
            queue.put_nowait((self._last_id, data))

    def _for_me(self, channel_id: str) -> bool:
        channel = self._site.workspace.channels.get(channel_id)
        return channel is not None and ADA in channel.members

    def _shown(self, message: Message) -> Json:
        return {
            "ts": message.ts,
            "channel": message.channel,
            "user": message.user,
            "text": message.text,
            "blocks": list(message.blocks),
            "ephemeral": message.ephemeral,
            "thread_ts": message.thread_ts,
            "broadcast": message.broadcast,
            "edited": message.edited,
            "reply_count": self._site.workspace.reply_count(message),
        }

    # What the person does

    async def _send(self, request: web.Request) -> web.Response:
        body = await _body(request)
        text, thread_ts = str(body.get("text") or "").strip(), body.get("thread_ts")
        channel = self._channel(body)
        if channel is None:
            return _refused("There is no such channel.")
        if channel.is_archived:
            return _refused("This channel is archived.")
        if not text:
            return _refused("Write something first.")
        if not text.startswith("/"):
            self._person.say(text, user=ADA, channel=channel.id, thread_ts=thread_ts)
            return web.json_response({"ok": True})
        name, _, rest = text.partition(" ")
        if name not in {*own_commands.NAMES, *(each["command"] for each in self._site.workspace.commands)}:
            return _refused(f"{name} is not a valid command.")
        self._later(self._person.command(rest.strip(), command=name, user=ADA, channel=channel.id, thread_ts=thread_ts))
        return web.json_response({"ok": True})

    async def _unarchive(self, request: web.Request) -> web.Response:
        channel = self._channel(await _body(request))
        if channel is None or not channel.is_archived:
            return _refused("There is no such archived channel.")
        self._later(self._person.unarchive(channel.id, user=ADA))
        return web.json_response({"ok": True})

    async def _action(self, request: web.Request) -> web.Response:
        body = await _body(request)
        message = self._site.workspace.find(str(body.get("channel")), str(body.get("ts")))
        if message is None or not self._for_me(message.channel) or message.ephemeral_to not in (None, ADA):
            return _refused("This message is no longer there.")
        for block, element in message.elements():
            if (block["block_id"], element["action_id"]) != (body.get("block_id"), body.get("action_id")):
                continue
            option = body.get("selected_option")
            if element["type"] == "button":
                good = body.get("value") == element.get("value") and option is None
            else:
                good = option in options_of(element)
            if good:
                action = action_of(block, element, option)
                self._later(self._person.dispatch_action(message, action, ADA))
                return web.json_response({"ok": True})
        return _refused("This element is no longer part of the message.")

    def _channel(self, body: Json) -> Channel | None:
        """The channel that a request names, if the person sees it."""
        channel_id = str(body.get("channel"))
        return self._site.workspace.channels.get(channel_id) if self._for_me(channel_id) else None

    def _later(self, work: Awaitable[object]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def _body(request: web.Request) -> Json:
    try:
        body = json.loads(await request.text())
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise web.HTTPBadRequest(text="The body must be a JSON object.")
    return body


def _refused(sentence: str) -> web.Response:
    return web.json_response({"ok": False, "error": sentence})


def _file(path: Path) -> web.StreamResponse:
    if not DIST.is_dir():
        return web.Response(status=503, text="The page is not built: page/dist is missing.")
    if not path.is_file():
        raise web.HTTPNotFound
    return web.FileResponse(path, headers={"Cache-Control": "no-cache"})
