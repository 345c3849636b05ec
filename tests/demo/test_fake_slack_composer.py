"""The fake Slack's composer, and the text that is typed into it."""

import pytest

from bot.demo.fake_slack.composer import typed


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("a < b & c", "a &lt; b &amp; c"),
        ("@ada and @nobody", "<@U1|ada> and @nobody"),
        ("in #general #none", "in <#C1|general> #none"),
        ("see https://x.io/?a=1&b=2", "see <https://x.io/?a=1&amp;b=2|https://x.io/?a=1&amp;b=2>"),
        ("x.example now", "<http://x.example|x.example> now"),
        ("@here a@b.com room:x", "<!here> a@b.com room:x"),
        ("<@U1>", "&lt;@U1&gt;"),
    ],
)
def test_the_composer_rewrites_what_is_typed(text: str, written: str) -> None:
    assert typed(text, {"ada": "U1"}, {"general": "C1"}) == written


def test_should_escape_off() -> None:
    assert typed("@ada <x>", {"ada": "U1"}, {}, rewrite=False) == "@ada &lt;x&gt;"
