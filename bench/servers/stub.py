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
        self._rooms = {each: data.room(each, name) for each, name in zip(data.ROOM_IDS, data.ROOM_NAMES, strict=True)}
        self._room_list = page(list(self._rooms.values()), 100, "")
        self._pages: dict[tuple[str, ...], bytes] = {}

    def application(self) -> web.Application:
        app = web.Application()
        app.router.add_get("/v2/sessions", behind_token(self.sessions))
        app.router.add_get("/v2/rooms", behind_token(self.rooms))
        app.router.add_get("/v2/rooms/{id}", behind_token(self.room))
        app.router.add_post("/api/auth.test", self.auth_test)
        app.router.add_get("/api/users.info", self.users_info)
        return app

    async def sessions(self, request: web.Request) -> web.Response:
        query = request.query
        key = tuple(query.get(name, "") for name in ("room_id", "active", "start", "limit"))
        if key not in self._pages:
            self._pages[key] = self._page(*key)
        return as_json(self._pages[key])

    async def rooms(self, request: web.Request) -> web.Response:
        return as_json(self._room_list)

    async def room(self, request: web.Request) -> web.Response:
        return as_json(self._rooms[request.match_info["id"]])

    async def auth_test(self, request: web.Request) -> web.Response:
        who = {"team_id": "T1", "user_id": "U0BOT", "bot_id": "B1", "team": "bench", "user": "bot"}
        return web.json_response({"ok": True, "url": "https://bench.slack.com/", **who})

    async def users_info(self, request: web.Request) -> web.Response:
        who = {"id": request.query["user"], "team_id": "T1", "tz": "Europe/Berlin"}
        return web.json_response({"ok": True, "user": who})

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
        return page([session.json for session in found], most, last)


def behind_token(handler: Handler) -> Handler:
    """Only for who has a management token; each is checked once."""
    known: set[str] = set()

    async def checked(request: web.Request) -> web.StreamResponse:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if token not in known:
            try:
                claims = jwt.decode(token, data.SECRET, algorithms=["HS256"], options={"require": ["exp", "jti"]})
            except jwt.InvalidTokenError as error:
                return web.json_response({"code": 401, "message": str(error), "details": []}, status=401)
            assert claims["type"] == "management" and claims["access_key"] == data.ACCESS_KEY
            known.add(token)
        return await handler(request)

    return checked


def page(found: list[bytes], limit: int, last: str) -> bytes:
    return b'{"limit":%d,"data":[%s],"last":"%s"}' % (limit, b",".join(found), last.encode())


def as_json(body: bytes) -> web.Response:
    return web.Response(body=body, content_type="application/json")


async def serve(application: web.Application) -> None:
    """Serve on a free port until killed."""
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(Stub().application()))
