"""The rules that every message must keep to: Slack's limits, and nothing alive in it that a name brought along."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from bot.blockkit.blocks import Message
from bot.blockkit.sizes import oversized, texts
from bot.demo.fake_slack.judge import problems
from tests.blockkit.oracle import judge


def inside_limits(message: Message) -> None:
    assert problems(message.blocks, text=message.text) == []
    assert oversized(message.blocks, message.text) == []
    assert all(text["verbatim"] for text in mrkdwn_objects(message.blocks))
    judge(message.blocks, message.text)
    assert message.text.strip()
    assert len(message.text) <= 4_000
    if len(message.head) + sum(len(text) + 1 for text in texts(message.blocks)) < 4_000:  # all of it fits
        said = re.sub(r"[*`\n]", "", message.text)
        for text in mrkdwn_objects(message.blocks):
            for line in text["text"].split("\n"):
                assert re.sub(r"[*`]|\.$", "", line) in said, line


def proper(message: Message) -> None:
    """Both inside the limits and harmless."""
    inside_limits(message)
    harmless(message)


def mrkdwn_objects(tree: Any) -> Iterator[dict[str, Any]]:
    """Every mrkdwn text object: without `verbatim` Slack makes links and mentions of bare text."""
    if isinstance(tree, dict):
        if tree.get("type") == "mrkdwn":
            yield tree
        tree = list(tree.values())
    if isinstance(tree, list):
        for each in tree:
            yield from mrkdwn_objects(each)


def harmless(message: Message) -> None:
    """Outside our own code spans, dates and marks, nothing in any text can do anything in Slack."""
    for text in [message.text, *texts(message.blocks)]:
        bare = re.sub(r"```.*?```|`[^`\n]*`", "", text, flags=re.DOTALL)
        bare = re.sub(r"<!date\^\d+\^[^<>|^]*\|[^<>|]*>|<(?:@U|!subteam\^S|#C)123ABC\d*>", "", bare)
        assert not re.search(r"[<>`~]", bare), text
        assert not re.search(r"@(here|channel|everyone)\b", bare, re.IGNORECASE), text
        assert not re.search(r":[a-z0-9_+'-]+:", bare), text
        assert not re.search(r"(?<!\w)_\S|\S_(?!\w)", bare), text
        assert not re.search(r"[\u0000-\u0009\u000b-\u001f\u202a-\u202e\u200b]", bare), text
        assert not re.search(r"^\s*&gt;", bare, re.MULTILINE), text
        assert not re.search(r"[\u0300-\u036f]{3}", bare), text


def marks(message: Message) -> list[tuple[int, int, int]]:
    """The numbers of bold marks, code marks and lines in each text."""
    return [(text.count("*"), text.count("`"), text.count("\n")) for text in texts(message.blocks)]
