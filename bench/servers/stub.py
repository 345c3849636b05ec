"""100ms under `/v2` and Slack's Web API under `/api`, from bytes encoded once. Prints its port.

A page is encoded when it is first asked for, which every measurement does in its warm-up, and kept.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import jwt
from aiohttp import web

from bench.servers import data

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Stub:
    """Answers List sessions as 100ms does: filters, `limit`, `start`; and needs a management token of its secret."""

    def __init__(self) -> None:
        self._sessions = data.sessions()
        self._rooms = {room_id: data.room(number) for number, room_id in enumerate(data.ROOM_IDS)}
        self._room_list = b'{"limit":100,"data":[' + b",".join(self._rooms.values()) + b'],"last":""}'
        self._pages: dict[tuple[str, ...], bytes] = {}
        self._known_tokens: set[str] = set()

    def application(self) -> web.Application:
        app = web.Application()
        app.router.add_get("/v2/sessions", self._behind_token(self.sessions))
        app.router.add_get("/v2/rooms", self._behind_token(self.rooms))
        app.router.add_get("/v2/rooms/{id}", self._behind_token(self.room))
        app.router.add_post("/api/auth.test", self.auth_test)
        return app

    async def sessions(self, request: web.Request) -> web.Response:
        query = request.query
        key = tuple(query.get(name, "") for name in ("room_id", "active", "start", "limit"))
        if key not in self._pages:
            self._pages[key] = self._page(*key)
        return _json(self._pages[key])

    async def rooms(self, request: web.Request) -> web.Response:
        return _json(self._room_list)

    async def room(self, request: web.Request) -> web.Response:
        return _json(self._rooms[request.match_info["id"]])

    async def auth_test(self, request: web.Request) -> web.Response:
        who = {"team_id": "T1", "user_id": "U0BOT", "bot_id": "B1", "team": "bench", "user": "bot"}
        return web.json_response({"ok": True, "url": "https://bench.slack.com/", **who})

    def _page(self, room_id: str, active: str, start: str, limit: str) -> bytes:
        most = int(limit or 10)
        found = [
            session
            for session in self._sessions
            if (not room_id or session.room_id == room_id)
            and (not active or session.active is (active == "true"))
            and (not start or session.id < start)
        ][:most]
        last = found[-1].id if found else ""
        return b'{"limit":%d,"data":[%s],"last":"%s"}' % (most, b",".join(s.json for s in found), last.encode())

    def _behind_token(self, handler: Handler) -> Handler:
        async def checked(request: web.Request) -> web.StreamResponse:
            token = request.headers.get("Authorization", "").removeprefix("Bearer ")
            if token not in self._known_tokens:
                try:
                    claims = jwt.decode(token, data.SECRET, algorithms=["HS256"], options={"require": ["exp", "jti"]})
                except jwt.InvalidTokenError as error:
                    return web.json_response({"code": 401, "message": str(error), "details": []}, status=401)
                assert claims["type"] == "management" and claims["access_key"] == data.ACCESS_KEY
                self._known_tokens.add(token)
            return await handler(request)

        return checked


def _json(body: bytes) -> web.Response:
    return web.Response(body=body, content_type="application/json")


async def serve() -> None:
    """Serve on a free port until killed."""
    runner = web.AppRunner(Stub().application(), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve())
