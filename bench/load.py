"""Slack's part of a measurement, in a process of its own: signed slash commands out, answers in.

Reads one job a line (JSON) and writes its result as one. Raw protocols, so that the clock sees the bot and not an HTTP
client. An answer arrives at the response_url `/reply/<number>`, where the number is the command's.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import re
import sys
import time
from dataclasses import asdict, dataclass, field
from typing import Any
from urllib.parse import urlencode

SIGNING_SECRET = "bench-signing-secret"
DRAIN_S = 20.0
"""Seconds after its end in which a job may wait for the last answers."""
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Job:
    """`connections` send `count` commands between them for at most `seconds`. Each sends its next one after the
    acknowledgement, after the answer too if `until_answered`, and not before its turn if `per_second` is set."""

    port: int
    text: str
    count: int
    connections: int = 1
    seconds: float = 10.0
    per_second: float = 0.0
    answers: bool = True
    until_answered: bool = False


@dataclass(slots=True)
class Result:
    """`sample` is the last answer, for the caller to see that it is one."""

    sent: int = 0
    ack_ms: list[float] = field(default_factory=list)
    answer_ms: list[float] = field(default_factory=list)
    sample: str = ""


def end_of_message(data: bytes | bytearray) -> int:
    """Return the end of the first HTTP message in `data`; 0 while it is not all there."""
    head = data.find(b"\r\n\r\n") + 4
    if head == 3:
        return 0
    if found := _LENGTH.search(data, 0, head):
        end = head + int(found[1])
        return end if len(data) >= end else 0
    last = data.find(b"0\r\n\r\n", head)  # chunked
    return last + 5 if last >= 0 else 0


class Connection(asyncio.Protocol):
    """One keep-alive connection to the bot; one request at a time."""

    def __init__(self) -> None:
        self._data = bytearray()
        self._answer: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        self.transport: Any = None

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self._data += data
        if end := end_of_message(self._data):
            at = time.perf_counter()
            if self._data.startswith(b"HTTP/1.1 200"):
                self._answer.set_result(at)
            else:
                self._answer.set_exception(RuntimeError(bytes(self._data[:200]).decode("latin-1")))
            del self._data[:end]

    def connection_lost(self, _: Exception | None) -> None:
        if not self._answer.done():
            self._answer.set_exception(ConnectionError("the bot hung up"))

    async def send(self, request: bytes) -> tuple[float, float]:
        """Return the times at which the request left and its answer was all there."""
        self._answer = asyncio.get_running_loop().create_future()
        began = time.perf_counter()
        self.transport.write(request)
        return began, await self._answer


class Answers:
    """The response_url end: keeps when each answer came."""

    def __init__(self) -> None:
        self.port = 0
        self.sample = b""
        self._waiting: dict[int, asyncio.Future[float]] = {}

    def expect(self, number: int) -> asyncio.Future[float]:
        self._waiting[number] = asyncio.get_running_loop().create_future()
        return self._waiting[number]

    def took(self, message: bytes) -> None:
        number = int(message.partition(b"/reply/")[2].partition(b" ")[0])
        self.sample = message
        if waiting := self._waiting.pop(number, None):
            waiting.set_result(time.perf_counter())


class AnswerConnection(asyncio.Protocol):
    """One connection of the bot's to the response_url."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers
        self._data = bytearray()
        self._transport: Any = None

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._data += data
        while end := end_of_message(self._data):
            self._answers.took(bytes(self._data[:end]))
            del self._data[:end]
            self._transport.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 2\r\n\r\nok")


def command(text: str, number: int, job_port: int, answer_port: int) -> bytes:
    """A signed slash command as Slack posts it, once: one that comes again is not run again."""
    fields = {"token": "x", "team_id": "T1", "team_domain": "bench", "channel_id": "C1", "channel_name": "live-ops"}
    fields |= {"user_id": "U1", "user_name": "ada", "command": "/sessions", "text": text, "api_app_id": "A1"}
    fields |= {"is_enterprise_install": "false", "trigger_id": f"{time.time_ns()}.2.{number}"}
    body = urlencode(fields | {"response_url": f"http://127.0.0.1:{answer_port}/reply/{number}"})
    at = str(int(time.time()))
    signed = hmac.new(SIGNING_SECRET.encode(), f"v0:{at}:{body}".encode(), hashlib.sha256).hexdigest()
    head = f"POST /slack/events HTTP/1.1\r\nHost: 127.0.0.1:{job_port}\r\nContent-Length: {len(body)}\r\n"
    head += "Content-Type: application/x-www-form-urlencoded\r\nAccept: */*\r\nUser-Agent: Slackbot 1.0\r\n"
    return f"{head}X-Slack-Request-Timestamp: {at}\r\nX-Slack-Signature: v0={signed}\r\n\r\n{body}".encode()


async def run(job: Job, answers: Answers) -> Result:
    """Do one job; it ends when every answer has come."""
    loop = asyncio.get_running_loop()
    result = Result()
    requests = [(number, command(job.text, number, job.port, answers.port)) for number in range(job.count)]
    queue = iter(requests)
    pending: list[asyncio.Task[None]] = []
    stop_at = loop.time() + job.seconds
    began_at = loop.time()

    async def note(began: float, answered: asyncio.Future[float]) -> None:
        result.answer_ms.append((await answered - began) * 1_000)

    async def one_connection() -> None:
        _, connection = await loop.create_connection(Connection, "127.0.0.1", job.port)
        for number, request in queue:
            if job.per_second:
                await asyncio.sleep(max(0.0, began_at + number / job.per_second - loop.time()))
            if loop.time() > stop_at:
                break
            answered = answers.expect(number) if job.answers else None
            result.sent += 1
            began, acked = await connection.send(request)
            result.ack_ms.append((acked - began) * 1_000)
            if answered is not None:
                pending.append(asyncio.create_task(note(began, answered)))
                if job.until_answered:
                    await pending[-1]
        connection.transport.close()

    try:
        async with asyncio.timeout(job.seconds + DRAIN_S):
            await asyncio.gather(*(one_connection() for _ in range(job.connections)))
            await asyncio.gather(*pending)
    except TimeoutError:
        pass  # the caller sees how many are missing
    result.sample = answers.sample.decode("utf-8", "replace")
    return result


async def main() -> None:
    answers = Answers()
    server = await asyncio.get_running_loop().create_server(lambda: AnswerConnection(answers), "127.0.0.1", 0)
    answers.port = server.sockets[0].getsockname()[1]
    while line := await asyncio.to_thread(sys.stdin.readline):
        result = await run(Job(**json.loads(line)), answers)
        print(json.dumps(asdict(result)), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
