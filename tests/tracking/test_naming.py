"""Polls before and after MASK_NAMES, or the secret behind it, has changed: the same people under other names."""

from __future__ import annotations

import pytest

from bot.demo.fake_hms import Status
from bot.hms.client import LIFE_MOST
from bot.outbox.message import Claimed
from bot.query.kinds import KINDS
from bot.sessions.mask import Mask
from tests.tracking.parts import World

NAMINGS = {"open": None, "masked": Mask("one"), "another secret": Mask("two")}


async def poll(world: World, naming: str) -> list[Claimed]:
    """The messages that come of a new process's poll."""
    world.restart(NAMINGS[naming])
    assert await world.polls.run()
    return await world.rows()


async def kept(world: World) -> str:
    return str((await world.snapshot()).sessions)


@pytest.mark.parametrize("before", NAMINGS)
@pytest.mark.parametrize("after", NAMINGS)
async def test_the_same_people_neither_come_nor_go(world: World, before: str, after: str) -> None:
    await world.resubscribe("", KINDS)
    await poll(world, before)
    session = world.open()
    for name, user_id in (("Zyxwada", "zyxwada@example.com"), ("Quorble", None)):
        world.account.join(session, name=name, role="host", user_id=user_id, at=world.time)
    assert [row.kind for row in await poll(world, before)] == ["post"]
    assert ("Zyxwada" in await kept(world)) == (before == "open")

    sent = await poll(world, after)
    assert [row.kind for row in sent] == ([] if before == after else ["edit"])  # the card has their new names
    if after != "open":
        known = str([(row.text, row.blocks) for row in sent]) + await kept(world)
        assert "Zyxwada" not in known and "zyxwada@" not in known and "Quorble" not in known
    assert await poll(world, after) == []

    for peer in list(session.present()):
        world.account.leave(session, peer, world.time)
    (left,) = [row for row in await poll(world, after) if row.kind == "reply"]
    assert ("Zyxwada" in left.text) == (after == "open") and "left" in left.text


async def test_a_session_without_a_record_keeps_no_name_either(world: World) -> None:
    session = world.account.open_session(world.room, world.time - 600)
    world.account.join(session, name="Zyxwada", role="host", user_id="zyxwada", at=world.time)
    await poll(world, "open")
    world.end(session)  # by then it is in no list
    world.fake.fail_always(f"/sessions/{session.id}", Status(400))
    await poll(world, "masked")
    assert "yxwada" not in await kept(world)
    world.ahead = LIFE_MOST
    (ended,) = await poll(world, "masked")
    assert ended.kind == "edit" and "Ended" in ended.text
    assert "yxwada" not in str((ended.text, ended.blocks))
