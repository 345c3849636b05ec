"""What is wrong with a session, in words."""

from __future__ import annotations

import pytest

from bot.blockkit.wrong import is_wrong, was_wrong


@pytest.mark.parametrize(
    ("what", "now", "before"),
    [
        ("idle:5m", "nobody is in", "nobody was in"),
        ("alone:15m", "one person is alone", "one person was alone"),
        ("missing:host>2m", "no host is in", "no host was in"),
        ('missing:"lead teacher"', "no lead teacher is in", "no lead teacher was in"),
        ("ending:15m", "it is about to end", "it was about to end"),
        ("longer:4h", "it is open", "it was open"),
        ("idle:5m idle:10m", "nobody is in", "nobody was in"),
        ("alone:5m missing:host", "one person is alone and no host is in", "one person was alone and no host was in"),
        ("missing:<!channel>5m", "no &lt;!channel is in", "no &lt;!channel was in"),
        ("missing:*@here*", "no ∗＠here∗ is in", "no ∗＠here∗ was in"),
    ],
)
def test_what_is_wrong_and_was(what: str, now: str, before: str) -> None:
    """Whatever roles are called: nobody is mentioned by one."""
    assert (is_wrong(what), was_wrong(what)) == (now, before)
