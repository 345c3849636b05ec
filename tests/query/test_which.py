"""A filter without its value is asked about with what there is to choose from."""

from __future__ import annotations

import pytest

from bot.demo.fake_hms import Account
from bot.demo.fake_slack import FakeSlack
from tests.live import fill, press, say, shown


@pytest.fixture
def taught(account: Account) -> None:
    account.add_template("teaching", hosts=["teacher"], others=["student"])


async def test_rooms_are_offered_the_newest_first(bot: str, slack: FakeSlack, account: Account) -> None:
    rooms = [account.add_room(name) for name in ("algebra-9a", "physics-101", "town-hall")]
    session = fill(account, 1, room=rooms[1])[0]
    for line in ("room:", "room", "ended room:", "-room:"):
        asked = await say(slack, line)
        assert asked.plain.startswith("Which room?"), line
        assert asked.labels == ["town-hall", "physics-101", "algebra-9a"], line
    asked = await say(slack, "active room: role:guest")
    assert shown(await press(slack, asked, "physics-101")) == [session.id]
    assert shown(await press(slack, await say(slack, "-room:"), "physics-101")) == []


async def test_a_room_completes_what_changes_something(bot: str, slack: FakeSlack, account: Account) -> None:
    account.add_room("town-hall")
    for line, done in (
        ("subscribe room: on:end", "in *town-hall*"),
        ("mute 2h room:", "in *town-hall*"),
        ("digest daily 9:00 room: role:host", "in *town-hall*"),
    ):
        asked = await say(slack, line)
        assert asked.plain.startswith("Which room?") and asked.labels == ["town-hall"], line
        assert done in (await press(slack, asked, "town-hall")).plain, line


async def test_templates_and_roles_are_those_of_the_account(taught: None, bot: str, slack: FakeSlack) -> None:
    asked = await say(slack, "template:")
    assert asked.plain.startswith("Which template?") and "teaching" in asked.labels
    asked = await say(slack, "ended role:")
    assert "Which role? There are `student` and `teacher`" in asked.plain
    assert "For example `/sessions ended role:student`." in asked.plain


async def test_nothing_is_offered_of_an_account_that_has_none(bot: str, slack: FakeSlack) -> None:
    assert (await say(slack, "room:")).plain == "⚠️ Which room?"
