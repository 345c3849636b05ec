"""Conversations that the bot can't be in: nothing is set up there, and the answer says what to do instead."""

from __future__ import annotations

import pytest

from bot.blockkit import actions as ids
from bot.demo.fake_slack import ApiError, Channel, FakeSlack, HttpError
from bot.slack.places import NO_MESSAGE
from tests.live import act, asked, posts, press, say

TWO, GROUP = "D07QX6TW0PP", "C07QX6MPDM1"
OWN = "D07QX6DM80T"
SET_UP = [
    "subscribe", "digest daily 9:00", "mute 2h", "mute until tomorrow", "quiet 22:00-7:00", "threads off",
    "digest resume 1",
]  # fmt: skip
INSTEAD = "Please use a channel, or your direct message with me."


@pytest.fixture
def slack(slack: FakeSlack) -> FakeSlack:
    """The workspace, with a direct message between two people and one of a group; the bot is in neither."""
    ada, ben, cleo = (slack.workspace.user(name).id for name in ("ada", "ben", "cleo"))
    slack.workspace.channels[TWO] = Channel(TWO, "", {ada, ben}, is_im=True, im_user=ben)
    group = Channel(GROUP, "mpdm-ada--ben--cleo-1", {ada, ben, cleo}, is_private=True, is_mpim=True)
    slack.workspace.channels[GROUP] = group
    return slack


@pytest.mark.parametrize(
    ("channel", "why"), [(TWO, "a direct message between two people"), (GROUP, "a group direct message")]
)
async def test_nothing_is_set_up_where_the_bot_cannot_be(bot: str, slack: FakeSlack, channel: str, why: str) -> None:
    for line in SET_UP:
        refused = await say(slack, line, channel=channel)
        assert why in refused.plain and INSTEAD in refused.plain and "/invite" not in refused.plain, line
    for line, none in (("subscriptions", "no subscriptions"), ("digests", "no digests"), ("mutes", "Nothing is muted")):
        shown = await say(slack, line, channel=channel)
        assert none in shown.plain, line
    assert "Threads are on" in (await say(slack, "threads", channel=channel)).plain
    assert "Active sessions" in (await say(slack, "active", channel=channel)).plain  # what is only shown is shown there
    assert posts(slack, channel) == []


async def test_a_button_sets_nothing_up_there_either(bot: str, slack: FakeSlack) -> None:
    shown = await say(slack, "active", channel=GROUP)
    assert INSTEAD in (await act(slack, shown, ids.RUN, "1|digest daily 9:00 Berlin")).plain


async def test_the_direct_message_with_the_bot_is_a_channel_like_others(bot: str, slack: FakeSlack) -> None:
    assert "✅" in (await say(slack, "subscribe", channel=OWN)).plain
    made = await say(slack, "digest daily 9:00", channel=OWN)
    assert "is set" in made.plain and "Resume" not in made.labels
    assert "has ended" in (await press(slack, made, "Remove")).plain
    assert "Muted until" in (await say(slack, "mute 2h", channel=OWN)).plain
    assert asked(slack, "chat.getPermalink") == 1


@pytest.mark.parametrize("fault", [HttpError(500, ""), ApiError("unknown_method"), ApiError("message_not_found")])
async def test_where_slack_does_not_say_the_first_message_tells(bot: str, slack: FakeSlack, fault: object) -> None:
    slack.fail("chat.getPermalink", fault)  # type: ignore[arg-type]
    reply = await say(slack, "subscribe", channel=TWO)
    assert "/invite" not in reply.plain and "your direct conversation with the bot" in reply.plain


async def test_a_public_channel_is_asked_about_by_posting_alone(bot: str, slack: FakeSlack) -> None:
    await say(slack, "subscribe", channel="random")
    assert not [call for call in slack.calls if call.arguments.get("message_ts") == NO_MESSAGE]
