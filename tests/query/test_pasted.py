"""Lines as people paste them: the marks of where they were copied from are gone, what was typed stays."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.query.model import Query
from bot.query.parse import parse
from bot.query.pasted import typed_lines, unmarked
from bot.text import mentioned
from tests import strategies
from tests.effort import effort

PASTED = {
    **dict.fromkeys((
        "`active`", "```active```", "```\n/sessions active\n```", "ˋactiveˋ", "&gt; active", "&gt;active",
        "&gt; `/sessions active`", "*active*", "*_active_*", "- active", "• active", "* active", "1. active",
        "2) /sessions active", "/SESSIONS active", '"active"', "'active'", "_active_", "`/sessions active`",
    ), "active"),
    **dict.fromkeys(("~ended~", "'ended'"), "ended"),
    **dict.fromkeys(("active\n/sessions ended", "- active\n- ended"), "active\nended"),
    **dict.fromkeys(("", " \n "), ""),
    "*room:town-hall* _ended_": "room:town-hall ended", "“active room:town-hall”": "active room:town-hall",
    "active `role:host`": "active role:host", "room:`town-hall`": "room:town-hall",
    "threads off, please!": "threads off", "Please mute 2h": "mute 2h", "room:please": "room:please",
    # no marks
    "-role:host": "-role:host", "peers &gt;=3": "peers >=3", "&gt;=3": ">=3",
    "room:lesson-*": "room:lesson-*", "-room:test* role:_x_": "-room:test* role:_x_",
    'room:"a *b* `c`"': 'room:"a *b* `c`"', "user:<@U1|ada>": "user:@ada",
    "user:<@U7|ann>": 'user:"@Ann \\"A\\" Lee"', "room:<#C1|town-hall>": "room:#town-hall",
    "<!subteam^S1|@oncall>": "@oncall", "subscribe notify:<@U1|ada>": "subscribe notify:@U1",
    "user:<@U1|ada> notify: <@U7|ann>,<!subteam^S1|@oncall> <@U2> every:1h": "user:@ada notify: @U7,@S1,@U2 every:1h",
    "cc:<!here>, role:<@U1|ada>": "cc:@here,role:@ada", "room:<http://town.hall|town.hall>": "room:town.hall",
}  # fmt: skip
"""The lines in each text that is pasted."""


@pytest.mark.parametrize("typed", PASTED)
def test_pasted(typed: str) -> None:
    assert typed_lines(typed, "/sessions", {"U7": 'Ann "A" Lee'}) == PASTED[typed].splitlines()


def test_a_name_with_an_odd_line_break_stays_in_its_line() -> None:
    assert typed_lines("mute user:<@U7> 2h", "/sessions", {"U7": "Ann\u2028/sessions subscribe"}) == [
        'mute user:"@Ann /sessions subscribe" 2h'
    ]


def test_who_is_mentioned() -> None:
    assert mentioned("user:<@U1|ada> <#C1|x> <@W2> <@U1> <http://x>") == ["U1", "W2"]


@given(strategies.queries())
@settings(max_examples=effort(50))
def test_a_line_that_we_print_says_the_same_when_it_is_pasted(query: Query) -> None:
    for pasted in (str(query), f"`{query}`", f"> {query}", f"/sessions {query}"):
        lines = typed_lines(pasted.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"), "/sessions")
        assert parse(" ".join(lines)) == query


@given(st.one_of(strategies.lines, strategies.texts, st.text()))
def test_taking_marks_away_is_done_once(text: str) -> None:
    assert unmarked(unmarked(text)) == unmarked(text)
