"""The doctor's check of the address that the bot listens at."""

from __future__ import annotations

import asyncio
import errno
import socket
import sys

from bot.health.check_result import CheckResult

WHAT = "Port"
_ANSWER_S = 2.0
_LOCAL = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - the address to connect to for a wildcard
_CHOOSE = "set HOST and PORT to an address of this machine that is free"


async def look(host: str, port: int) -> CheckResult:
    """Check an address: free, already the bot's own, or not available."""
    where = f"{host}:{port}"
    try:
        places = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        for family, kind, protocol, _, address in places:
            with socket.socket(family, kind, protocol) as one:
                one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, sys.platform != "win32")  # as asyncio does
                if family == socket.AF_INET6:
                    one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, True)
                one.bind(address)
                one.listen(1)
    except OSError as error:
        if error.errno == errno.EADDRINUSE and await _is_the_bot(host, port):
            return CheckResult(WHAT, "ok", f"the bot is running at {where}")
        why = "another program listens there" if error.errno == errno.EADDRINUSE else (error.strerror or "no such host")
        do = "stop that one, or set PORT to another" if error.errno == errno.EADDRINUSE else _CHOOSE
        return CheckResult(WHAT, "fail", f"the bot can't listen at {where}: {why}", do)
    return CheckResult(WHAT, "ok", f"{where} is free" if port else "any that is free")


async def _is_the_bot(host: str, port: int) -> bool:
    """True if /healthz there answers as the bot's does; connects directly, not by a proxy."""
    writer = None
    try:
        async with asyncio.timeout(_ANSWER_S):
            reader, writer = await asyncio.open_connection(_LOCAL.get(host, host), port)
            writer.write(b"GET /healthz HTTP/1.1\r\nHost: bot\r\nConnection: close\r\n\r\n")
            answer = await reader.read(4_096)
    except (OSError, TimeoutError):
        return False
    finally:
        if writer is not None:
            writer.close()
    return answer.startswith(b"HTTP/1.1 200 ") and answer.endswith(b"ok\n")
