"""A message's text says what its blocks say: screen readers read nothing else."""

from __future__ import annotations

import random

import pytest

from bot.blockkit.blocks import Message, actions, button, context, divider, fields, header, section
from bot.browse.render import listing
from tests.accounts import BENIGN
from tests.browse.test_render import page


def test_it_says_line_by_line_what_the_head_does_not() -> None:
    blocks = [
        header("Rooms <now>"), divider(), section("*Town hall* started.\nby Ann"), fields("*Room*\nHall"),
        context("as of now"), actions(button("Show", "a", "1")),
    ]  # fmt: skip
    said = Message("Town hall started", blocks).text
    assert said == "Town hall started\nRooms &lt;now&gt;\nby Ann\n*Room*\nHall\nas of now"


def test_it_is_no_longer_than_an_edit_may_be() -> None:
    lines = [f"{number} room {number} · {'x' * 20} · {'y' * 20}" for number in range(120)]
    said = Message("Rooms", [section("\n".join(some)) for some in (lines[:40], lines[40:80], lines[80:])]).text
    assert 3_900 < len(said) <= 4_000
    assert [line.split(" · ")[0] for line in said.split("\n")[1:]] == [
        f"{number} room {number}" for number in range(120)
    ]
    said = Message("Rooms", [section("z" * 300)] * 20).text
    assert len(said) <= 4_000 and said.endswith("\n…") and said.count("\n") == 14


def test_code_is_not_cut_in_two() -> None:
    blocks = [section(f"{'a' * 2_000} · `b · c`"), section(f"`d · e` · {'f' * 2_500}")]
    assert Message("Rooms", blocks).text == f"Rooms\n{'a' * 2_000} · `b · c`\n`d · e`"


@pytest.mark.parametrize("count", [1, 25, 26, 100])
def test_every_session_of_a_list_is_in_it(count: int) -> None:
    drawn = page(random.Random(count), count, 4, BENIGN)
    said = listing(drawn).text
    assert len(said) <= 4_000
    assert said.count("🟢 Live") + said.count("⚪ Ended") == count
