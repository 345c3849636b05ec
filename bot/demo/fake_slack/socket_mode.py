"""Socket Mode: websockets that the bot opens, and envelopes that travel over one of them.

https://docs.slack.dev/apis/events-api/using-socket-mode
"""

import asyncio
import json
import time
import uuid
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from aiohttp import WSCloseCode, WSMsgType, web

from bot.demo.fake_slack.model import Ack, Json
from bot.demo.fake_slack.site import Site

MAX_SOCKETS = 10  # same page: "up to 10 open WebSocket connections"
# After `disconnect` a client has this long to close by itself; envelopes still come meanwhile.
REFRESH_GRACE_S = 1.0
PING_EVERY_S = 5.0
_DEBUG_INFO = {"host": "applink-demo", "started": "", "build_number": 1, "approximate_connection_time": 18_060}


@dataclass(eq=False, slots=True)
class _Socket:
    """`silent`: Slack sends nothing more, and hears nothing.  It `answers` pings all the same, or not even that."""

    web: web.WebSocketResponse
    silent: bool = False
    answers: bool = True
    ended: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(slots=True)
class _Sent:
    """One envelope, and what came back for it from the sockets that it went to."""

    sockets: list[_Socket] = field(default_factory=list)
    acked: list[_Socket] = field(default_factory=list)
    body: str = ""
    changed: asyncio.Event = field(default_factory=asyncio.Event)


class SocketHub:
    """The open sockets.  Each envelope goes to one of them, in turn; where that one closes before it has acknowledged,
    the same envelope goes to the next.

    `twice` sends every envelope over two sockets, as when an acknowledgement was lost.  `coming` is what becomes of the
    next sockets: a reason of `disconnect` in place of hello, or `no_hello`.
    """

    def __init__(self, site: Site) -> None:
        self._site = site
        self._sockets: list[_Socket] = []
        self._sent: dict[str, _Sent] = {}
        self._late: set[str] = set()
        self.twice = False
        self.coming: deque[str] = deque()
        self.ping_every_s = PING_EVERY_S
        self.grace_s = REFRESH_GRACE_S
        self.redelivered = 0
        self.opened = 0
        self.close_codes: list[int | None] = []

    @property
    def count(self) -> int:
        return len(self._sockets)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """`GET /link/?ticket=…`; a ticket of apps.connections.open opens one socket."""
        ticket = request.query.get("ticket", "")
        if ticket not in self._site.tickets:
            return web.Response(status=401, text="invalid ticket")
        self._site.tickets.discard(ticket)
        socket = _Socket(web.WebSocketResponse(timeout=1.0, autoping=False))
        await socket.web.prepare(request)
        refusal = self.coming.popleft() if self.coming else ""
        if len(self._sockets) >= MAX_SOCKETS:
            self._site.ledger.violation(f"Socket Mode: more than {MAX_SOCKETS} sockets")
            refusal = "too_many_websockets"
        if refusal == "no_hello":
            async for _ in socket.web:
                pass
            return socket.web
        if refusal:
            await self._ask_to_leave(socket, refusal)
            await socket.web.close()
            return socket.web
        self._sockets.append(socket)
        self.opened += 1
        self._changed()
        pings = asyncio.create_task(self._ping(socket))
        try:
            hello = {
                "type": "hello",
                "num_connections": len(self._sockets),
                "debug_info": _DEBUG_INFO,
                "connection_info": {"app_id": self._site.workspace.app_id},
            }
            await socket.web.send_json(hello)
            async for message in socket.web:
                if message.type is WSMsgType.PING and socket.answers:
                    await socket.web.pong(message.data)
                elif message.type is WSMsgType.TEXT and not socket.silent:
                    self._receive(socket, message.data)
        finally:
            pings.cancel()
            self.close_codes.append(socket.web.close_code)
            self._gone(socket)
        return socket.web

    async def deliver(self, kind: str, payload: Json, timeout_s: float, retry_num: int | None) -> Ack:
        """Sends one envelope over the next socket; Ack with `timed_out` if none came back in time."""
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
        sent = self._sent[envelope_id] = _Sent()
        started = time.monotonic()
        try:
            async with asyncio.timeout(timeout_s):
                await self._until_acked(envelope, sent)
        except TimeoutError:
            self._late.add(envelope_id)
            return Ack(None, elapsed_s=time.monotonic() - started, timed_out=True)
        finally:
            del self._sent[envelope_id]
        return Ack(200, sent.body, time.monotonic() - started)

    async def _until_acked(self, envelope: Json, sent: _Sent) -> None:
        wanted = min(2, len(self._sockets)) if self.twice else 1
        while len(sent.acked) < wanted:
            waiting = [each for each in sent.sockets if each not in sent.acked and not each.ended.is_set()]
            for socket in self._next(wanted - len(sent.acked) - len(waiting), but=sent.sockets):
                self.redelivered += bool(sent.sockets) and not self.twice
                sent.sockets.append(socket)
                with suppress(ConnectionError):
                    if not socket.silent:
                        await socket.web.send_json(envelope)
            sent.changed.clear()
            await sent.changed.wait()

    def _next(self, count: int, but: list[_Socket]) -> list[_Socket]:
        """The sockets whose turn it is, each of which then goes to the end of the row."""
        found = [each for each in self._sockets if each not in but][: max(count, 0)]
        self._sockets = [each for each in self._sockets if each not in found] + found
        return found

    def _receive(self, socket: _Socket, data: str) -> None:
        try:
            answer = json.loads(data)
            envelope_id = answer["envelope_id"]
        except (ValueError, KeyError, TypeError):
            self._site.ledger.violation(f"Socket Mode: not an acknowledgement: {data[:80]}")
            return
        sent = self._sent.get(envelope_id)
        if sent is None or socket not in sent.sockets:
            if envelope_id not in self._late:
                self._site.ledger.violation("Socket Mode: acknowledgement of an unknown envelope")
            return
        payload = answer.get("payload")
        sent.acked.append(socket)
        sent.body = json.dumps(payload) if payload else ""
        sent.changed.set()

    async def refresh(self, *, reason: str = "refresh_requested", only: int | None = None) -> None:
        """Asks every socket to reconnect (or the `only` one, by its place in the row), then closes it, as Slack does.

        Returns when all are closed, by the client or (after `grace_s`) from here.
        """
        sockets: Sequence[_Socket] = self._sockets[:] if only is None else self._sockets[only : only + 1]
        for socket in sockets:
            await self._ask_to_leave(socket, reason)
        with suppress(TimeoutError):
            await self._site.ledger.until(lambda: all(each.ended.is_set() for each in sockets), self.grace_s)
        for socket in sockets:
            await socket.web.close()
            self._gone(socket)

    def silence(self, *, answers: bool) -> None:
        """The socket whose turn it is says nothing more and hears nothing; `answers`: it still answers pings."""
        self._sockets[0].silent, self._sockets[0].answers = True, answers

    async def write(self, text: str) -> None:
        """Sends exactly this over every socket."""
        for socket in self._sockets:
            await socket.web.send_str(text)

    async def close(self) -> None:
        """Closes all sockets at shutdown."""
        for socket in list(self._sockets):
            self._gone(socket)
            await socket.web.close(code=WSCloseCode.GOING_AWAY)

    def _gone(self, socket: _Socket) -> None:
        if socket in self._sockets:
            self._sockets.remove(socket)
        socket.ended.set()
        self._changed()

    def _changed(self) -> None:
        for sent in self._sent.values():
            sent.changed.set()
        self._site.ledger.notify()

    async def _ping(self, socket: _Socket) -> None:
        while not socket.silent:
            await asyncio.sleep(self.ping_every_s)
            with suppress(ConnectionError):
                await socket.web.ping(b"Ping from applink-demo")

    async def _ask_to_leave(self, socket: _Socket, reason: str) -> None:
        with suppress(ConnectionError):
            await socket.web.send_json({"type": "disconnect", "reason": reason, "debug_info": _DEBUG_INFO})
