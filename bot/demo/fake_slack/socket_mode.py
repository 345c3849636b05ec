"""Socket Mode: websockets that the bot opens, and envelopes that travel over one of them.

https://docs.slack.dev/apis/events-api/using-socket-mode
"""

import asyncio
import json
import time
import uuid
from contextlib import suppress

from aiohttp import WSCloseCode, WSMsgType, web

from bot.demo.fake_slack.model import Ack, Json
from bot.demo.fake_slack.site import Site

MAX_SOCKETS = 10  # same page: "up to 10 open WebSocket connections"
# After `disconnect` a client has this long to close by itself; envelopes go elsewhere meanwhile.
REFRESH_GRACE_S = 1.0
_DEBUG_INFO = {"host": "applink-demo", "started": "", "build_number": 1, "approximate_connection_time": 18_060}


class SocketHub:
    """The open sockets.  Each envelope goes to one of them, in turn."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._sockets: list[web.WebSocketResponse] = []
        self._pending: dict[str, tuple[web.WebSocketResponse, asyncio.Future[str]]] = {}
        self._late: set[str] = set()

    @property
    def count(self) -> int:
        return len(self._sockets)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """`GET /link/?ticket=…`; a ticket of apps.connections.open opens one socket."""
        ticket = request.query.get("ticket", "")
        if ticket not in self._site.tickets:
            return web.Response(status=401, text="invalid ticket")
        self._site.tickets.discard(ticket)
        socket = web.WebSocketResponse(timeout=1.0)
        await socket.prepare(request)
        if len(self._sockets) >= MAX_SOCKETS:
            self._site.ledger.violation(f"Socket Mode: more than {MAX_SOCKETS} sockets")
            await self._ask_to_leave(socket, "too_many_websockets")
            await socket.close()
            return socket
        self._sockets.append(socket)
        self._site.ledger.notify()
        try:
            hello = {
                "type": "hello",
                "num_connections": len(self._sockets),
                "debug_info": _DEBUG_INFO,
                "connection_info": {"app_id": self._site.workspace.app_id},
            }
            await socket.send_json(hello)
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    self._receive(socket, message.data)
        finally:
            if socket in self._sockets:
                self._sockets.remove(socket)
            self._site.ledger.notify()
        return socket

    async def deliver(self, kind: str, payload: Json, timeout_s: float, retry_num: int | None) -> Ack:
        """Sends one envelope over the next socket; Ack with `timed_out` if none came back in time."""
        socket = self._sockets.pop(0)
        self._sockets.append(socket)
        envelope_id = str(uuid.uuid4())
        envelope: Json = {
            "envelope_id": envelope_id,
            "type": kind,
            "accepts_response_payload": kind != "events_api",
            "payload": payload,
        }
        if kind == "events_api":
            reason = "timeout" if retry_num else ""
            envelope |= {"retry_attempt": retry_num or 0, "retry_reason": reason}
        future: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._pending[envelope_id] = (socket, future)
        started = time.monotonic()
        try:
            async with asyncio.timeout(timeout_s):
                await socket.send_json(envelope)
                body = await future
        except TimeoutError:
            self._late.add(envelope_id)
            return Ack(None, elapsed_s=time.monotonic() - started, timed_out=True)
        except ConnectionError:
            return Ack(None, elapsed_s=time.monotonic() - started)
        finally:
            del self._pending[envelope_id]
        return Ack(200, body, time.monotonic() - started)

    def _receive(self, socket: web.WebSocketResponse, data: str) -> None:
        try:
            answer = json.loads(data)
            envelope_id = answer["envelope_id"]
        except (ValueError, KeyError, TypeError):
            self._site.ledger.violation(f"Socket Mode: not an acknowledgement: {data[:80]}")
            return
        owner, future = self._pending.get(envelope_id, (None, None))
        if future is None or owner is not socket:
            if envelope_id not in self._late:
                self._site.ledger.violation("Socket Mode: acknowledgement of an unknown envelope")
            return
        if not future.done():
            payload = answer.get("payload")
            future.set_result(json.dumps(payload) if payload else "")

    async def refresh(self) -> None:
        """Asks every socket to reconnect, then closes it, as Slack does every few hours.

        Returns when all are closed, by the client or (after REFRESH_GRACE_S) from here.
        """
        sockets, self._sockets = self._sockets, []
        for socket in sockets:
            await self._ask_to_leave(socket, "refresh_requested")
        with suppress(TimeoutError):
            await self._site.ledger.until(lambda: all(each.closed for each in sockets), REFRESH_GRACE_S)
        for socket in sockets:
            await socket.close()

    async def close(self) -> None:
        """Closes all sockets at shutdown."""
        for socket in list(self._sockets):
            await socket.close(code=WSCloseCode.GOING_AWAY)

    async def _ask_to_leave(self, socket: web.WebSocketResponse, reason: str) -> None:
        with suppress(ConnectionError):
            await socket.send_json({"type": "disconnect", "reason": reason, "debug_info": _DEBUG_INFO})
