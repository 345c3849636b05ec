"""Untrusted text, one function at a time; test_messages judges whole messages."""

from __future__ import annotations

import html
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.blockkit.escape import code, mrkdwn, plain
from bot.text import MARKS_KEPT, fold, quote
from tests import strategies
from tests.accounts import HOSTILE

any_text = st.one_of(st.text(), strategies.texts, st.sampled_from(HOSTILE))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Town hall", "Town hall"),
        ("<!channel>", "&lt;!channel&gt;"),
        ("a & b", "a &amp; b"),
        ("*bold* ~no~ `code`", "∗bold∗ ∼no∼ ˋcodeˋ"),
        ("student_10", "student_10"),
        ("_slanted_ words", "ˍslantedˍ words"),
        ("@here and @Channel", "＠here and ＠Channel"),
        ("me@hereford.example", "me@hereford.example"),
        (":tada: at 10:30:15", "∶tada: at 10∶30:15"),
        ("a\nb\tc\u202ed\u200be", "a b cde"),
        ("e\u0301\u0302\u0303\u0304", "e\u0301\u0302"),
        ("שלום", "\u2068שלום\u2069"),
        ("\u0000 ", ""),
    ],
)
def test_mrkdwn(text: str, shown: str) -> None:
    assert mrkdwn(text, 60) == shown


@given(any_text, st.integers(8, 80))
def test_mrkdwn_is_bounded_and_inert(text: str, most_chars: int) -> None:
    shown = mrkdwn(text, most_chars)
    assert len(html.unescape(shown)) <= most_chars and len(shown) <= 2 * most_chars
    assert "\n" not in shown
    assert not re.search(r"[<>*~`]", shown)
    assert re.fullmatch(r"(?:[^&]|&(?:amp|lt|gt);)*", shown, re.DOTALL), "no entity is cut in half"


@given(st.text(st.characters(exclude_categories=["M", "C"]), max_size=12))
def test_what_is_shown_finds_its_owner_again(text: str) -> None:
    shown = html.unescape(mrkdwn(text, 200)) if "&" not in text else text
    assert fold(shown) == fold(text)


@given(any_text, st.integers(1, 80))
def test_plain_is_bounded_and_one_line(text: str, most_chars: int) -> None:
    shown = plain(text, most_chars)
    assert len(shown) <= most_chars and "\n" not in shown
    assert not re.search(rf"[\u0300-\u036f]{{{MARKS_KEPT + 1}}}", shown)


@given(any_text)
def test_nothing_ends_a_code_span(text: str) -> None:
    assert "`" not in code(text)
    assert quote(text).count("`") == 2
    assert "\n" not in quote(text)
