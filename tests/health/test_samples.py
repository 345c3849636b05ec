"""The made-up messages that Slack's validator is asked about: sound, and of every kind of block that the bot sends."""

from __future__ import annotations

from bot.demo.fake_slack.judge import problems
from bot.health.samples import samples


def test_each_is_a_message_that_slack_would_take() -> None:
    for kind, message in samples().items():
        assert problems(message.blocks, text=message.text) == [], kind


def test_every_kind_of_block_is_among_them() -> None:
    kinds = {block["type"] for message in samples().values() for block in message.blocks}
    assert kinds == {"header", "section", "context", "divider", "actions", "data_table", "data_visualization"}
