"""Hosts and recorders in rooms of a template."""

from __future__ import annotations

import asyncio
import time

import pytest

from bot.demo.fake_hms import Account
from bot.demo.fake_hms.records import Room
from bot.demo.fake_slack import FakeSlack
from tests.live import meet, say, shown


@pytest.fixture
def account() -> Account:
    """One with a template in which a teacher leads and a watcher records, a room of it, and another template."""
    account = Account()
    account.add_template("club", hosts=["student"], others=["mentor"])
    template = account.add_template("school", hosts=["teacher"], others=["student", "ghost"], recorder="watcher")
    account.add_room("algebra-9a", template_id=template.id, template=template.name)
    return account


@pytest.fixture
def room(account: Account) -> Room:
    return next(iter(account.rooms.values()))


async def test_a_recorder_is_shown_apart_and_counts_nowhere(
    bot: str, slack: FakeSlack, account: Account, room: Room
) -> None:
    lonely = meet(account, room, ("beam", "__internal_recorder"))
    busy = meet(account, room, ("Ann", "teacher"), ("beam", "watcher"))
    answer = await say(slack, "active")
    assert "1 in now, 1 in all · recording" in answer.plain and "nobody yet · recording" in answer.plain
    assert shown(await say(slack, "active peers:>=1")) == [busy.id]
    assert shown(await say(slack, "active user:beam")) == []
    details = await say(slack, f"show {busy.id}")
    assert "*Recording*\non" in details.plain and "watcher" not in details.plain
    assert "*Participant-minutes*\n60" in details.plain
    account.end(lonely, time.time())
    assert "nobody came · recorded" in (await say(slack, "ended")).plain


async def test_who_hosts_is_what_the_template_says(bot: str, slack: FakeSlack, account: Account, room: Room) -> None:
    meet(account, room, ("Gus", "ghost"), ("Ann", "teacher"), ("Bob", "student"))
    answer = await say(slack, "active")
    assert "hosted by Ann" in answer.plain and "Gus" not in answer.plain


async def test_a_recorder_is_known_by_its_name_where_its_template_names_none(
    bot: str, slack: FakeSlack, account: Account
) -> None:
    """Recordings of a page of one's own join with any role; most call it so. The template is new, too."""
    await say(slack, "active")
    clinic = account.add_template("clinic", hosts=["doctor"], others=["patient", "recorder"])
    meet(account, account.add_room("ward", template_id=clinic.id), ("Ann", "doctor"), ("Page", "recorder"))
    async with asyncio.timeout(20):
        while "1 in now, 1 in all · recording" not in (await say(slack, "active")).plain:
            await asyncio.sleep(0.1)


async def test_who_hosts_is_told_by_the_rooms_own_template_at_first_sight(
    bot: str, slack: FakeSlack, account: Account, room: Room
) -> None:
    """The room is new, and students lead in another template."""
    new = [account.add_room(f"lesson-{number}", template_id=room.template_id) for number in range(2)]
    sessions = [meet(account, each, ("Bob", "student"), ("Ann", "teacher")) for each in new]
    details = (await say(slack, f"show {sessions[0].id}")).plain
    assert details.index("Ann") < details.index("Bob")
    assert (await say(slack, "active")).plain.count("hosted by Ann\n") == 2
