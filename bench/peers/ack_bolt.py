"""Bolt for Python that only acknowledges. Arguments: port, `before` for process_before_response."""

from __future__ import annotations

import os
import sys
from typing import Any

from aiohttp import web
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

app = AsyncApp(
    client=AsyncWebClient(token=os.environ["SLACK_BOT_TOKEN"], base_url=os.environ["SLACK_API_URL"] + "/"),
    signing_secret=os.environ["SLACK_SIGNING_SECRET"],
    process_before_response=sys.argv[2:] == ["before"],
)


@app.command("/sessions")
async def sessions(ack: Any) -> None:
    await ack()


async def readyz(_: web.Request) -> web.Response:
    return web.Response(text="ready\n")


server = app.server(port=int(sys.argv[1]), path="/slack/events", host="127.0.0.1")
server.web_app.router.add_get("/readyz", readyz)
server.start()
