"""The stand-in's webhooks: what it sends, where to, and again until it is taken."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.demo.fake_hms import Account, FakeHms
from bot.demo.fake_hms.webhooks import RETRIES_S
from tests.live import until

AT = 1_790_000_000.0


class Receiver:
    """A URL that takes webhooks, or answers the next ones with these statuses."""

    def __init__(self) -> None:
        self.came: list[tuple[str, str, dict[str, Any]]] = []
        self.statuses: list[int] = []

    async def take(self, request: web.Request) -> web.Response:
        self.came.append((request.path, request.headers.get("X-Sessions-Secret", ""), await request.json()))
        return web.Response(status=self.statuses.pop(0) if self.statuses else 200)

    @property
    def types(self) -> list[str]:
        return [event["type"] for _, _, event in self.came]


@pytest.fixture
async def receiver(hms: FakeHms) -> AsyncIterator[Receiver]:
    made, app = Receiver(), web.Application()
    app.router.add_post("/{name}", made.take)
    async with TestServer(app) as server:
        hms.webhooks.haste = 100.0
        hms.webhooks.send_to(str(server.make_url("/workspace")), {"X-Sessions-Secret": "x"})
        yield made
        await hms.webhooks.stop()


async def test_what_happens_is_sent_with_the_documented_fields(
    receiver: Receiver, hms: FakeHms, account: Account
) -> None:
    room = account.add_room("Town hall")
    session = account.open_session(room, AT)
    peer = account.join(session, name="Ada", role="host", user_id="ada", at=AT)
    account.change_role(session, peer, "guest", AT)
    account.join(session, name="beam", role="__internal_recorder", at=AT)
    account.leave(session, peer, AT + 60)
    account.end(session, AT + 90)
    await until(lambda: len(receiver.came) == 5)
    by_type = {event["type"]: event for _, _, event in receiver.came}
    assert set(by_type) == {
        "session.open.success", "peer.join.success", "role.change.success", "peer.leave.success", "session.close.success",
    }  # fmt: skip
    left = by_type["peer.leave.success"]
    assert left["version"] == "2.0"
    assert left["data"]["peer_id"] == peer.id
    assert (left["data"]["duration"], left["data"]["session_id"]) == (60, session.id)
    assert by_type["session.close.success"]["data"]["session_duration"] == 90
    assert {(path, secret) for path, secret, _ in receiver.came} == {("/workspace", "x")}


async def test_it_tries_again_until_the_answer_is_200(receiver: Receiver, hms: FakeHms, account: Account) -> None:
    receiver.statuses = [500, 201, 404]
    account.open_session(account.add_room("Town hall"), AT)
    await until(lambda: len(hms.webhooks.sent) == 1 + len(RETRIES_S))
    assert [each.status for each in hms.webhooks.sent] == [500, 201, 404, 200]
    assert len({event["id"] for _, _, event in receiver.came}) == 1
    receiver.statuses = [500] * 10
    account.open_session(account.add_room("Other"), AT)
    await until(lambda: len(hms.webhooks.sent) == 2 * (1 + len(RETRIES_S)))
    assert len(receiver.statuses) == 10 - 1 - len(RETRIES_S)


async def test_a_room_with_a_webhook_of_its_own_silences_the_workspaces(
    receiver: Receiver, hms: FakeHms, account: Account
) -> None:
    own = hms.webhooks._url.replace("workspace", "room")
    account.open_session(account.add_room("Own", webhook=(own, {"X-Sessions-Secret": "y"})), AT)
    account.open_session(account.add_room("Town hall"), AT)
    await until(lambda: len(receiver.came) == 2)
    assert {(path, secret) for path, secret, _ in receiver.came} == {("/room", "y"), ("/workspace", "x")}


async def test_events_can_be_lost_doubled_and_reordered(receiver: Receiver, hms: FakeHms, account: Account) -> None:
    after = {"session.open.success": (0.3,), "peer.join.success": (), "peer.leave.success": (0.0, 0.0)}
    hms.webhooks.plan = lambda event: after[event["type"]]
    session = account.open_session(account.add_room("Town hall"), AT)
    account.leave(session, account.join(session, name="Ada", role="host", at=AT), AT)
    await until(lambda: len(receiver.came) == 3)
    assert receiver.types == ["peer.leave.success", "peer.leave.success", "session.open.success"]
