"""Page through every session with plain httpx and `response.json()`. Arguments: base URL, timed passes."""

from __future__ import annotations

import asyncio
import json
import os
import resource
import sys
import time
import uuid

import httpx
import jwt


def management_token() -> str:
    now = int(time.time())
    claims = {"access_key": os.environ["HMS_ACCESS_KEY"], "type": "management", "version": 2, "iat": now, "nbf": now}
    claims |= {"exp": now + 86_400, "jti": str(uuid.uuid4())}
    return jwt.encode(claims, os.environ["HMS_SECRET"], algorithm="HS256")


async def one_pass(client: httpx.AsyncClient) -> tuple[int, int]:
    sessions = peers = 0
    params = {"limit": "100"}
    while True:
        response = await client.get("/sessions", params=params)
        response.raise_for_status()
        answer = response.json()
        for session in answer["data"] or []:
            sessions += 1
            peers += len(session["peers"])
        if not answer.get("last"):
            return sessions, peers
        params["start"] = answer["last"]


async def main(url: str, passes: int) -> None:
    headers = {"Authorization": f"Bearer {management_token()}"}
    async with httpx.AsyncClient(base_url=url, headers=headers) as client:
        seen = await one_pass(client)
        times_ms = []
        for _ in range(passes):
            began = time.perf_counter()
            assert await one_pass(client) == seen
            times_ms.append((time.perf_counter() - began) * 1_000)
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seen": seen, "times_ms": times_ms, "peak_mb": peak_mb}))


asyncio.run(main(sys.argv[1], int(sys.argv[2])))
