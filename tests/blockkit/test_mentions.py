"""Mentions: of ids alone, and written in one place."""

from __future__ import annotations

import ast
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.blockkit.escape import code, mrkdwn
from bot.blockkit.mentions import mention
from tests.conftest import ROOT

_MENTION = re.compile(r"<(?:@|!subteam|!here|!channel|!everyone)")


def test_people_and_groups_are_mentioned() -> None:
    assert [mention(each) for each in ("U07QX5AAD4A", "W1", "S07QX6OPS4T")] == [
        "<@U07QX5AAD4A>", "<@W1>", "<!subteam^S07QX6OPS4T>",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "text", ["", "here", "!here", "channel", "u1", "C0LIVE", "U1|ada", "U1> <!here", "U1\n", "U１"]
)
def test_nothing_else_is(text: str) -> None:
    with pytest.raises(ValueError, match="not the id"):
        mention(text)


@given(st.text() | st.from_regex(r"<[@!](here|channel|everyone|subteam\^S1|U1)[|>]?.{0,9}>?"))
def test_no_text_of_peoples_can_mention(text: str) -> None:
    assert not any(_MENTION.search(escaped) for escaped in (mrkdwn(text, 60), code(text)))


def test_no_other_module_writes_one() -> None:
    writers = set()
    for path in (ROOT / "bot").rglob("*.py"):
        tree = list(ast.walk(ast.parse(path.read_text())))
        docstrings = {each.value for each in tree if isinstance(each, ast.Expr)}
        said = [each.value for each in tree if isinstance(each, ast.Constant) and each not in docstrings]
        if "demo" not in path.parts and any(isinstance(text, str) and _MENTION.search(text) for text in said):
            writers.add(path.name)
    assert writers == {"mentions.py"}
