"""The rules of `ACCESS`: read as they are written, or one line that says what to mend."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.errors import ConfigError
from bot.slack.access_rules import OTHERS, Rule, read_access
from tests.strategies import texts

WORDS = {"list": "list", "subscribe": "subscribe", "sub": "subscribe", "digest": "digest", "help": "help", "?": "help"}
FREE = ("help",)
NAMES = ("list", "subscribe", "digest")

ids = st.builds(str.__add__, st.sampled_from("UWSCGD"), st.text("ABCDEFGHJKMNP0123456789", min_size=2, max_size=10))
rules = st.dictionaries(st.sampled_from([*NAMES, OTHERS]), st.sets(ids, min_size=1, max_size=4))


def test_an_example() -> None:
    access = read_access("sub: S0OPS U0ADA; digest: S0OPS C0LIVE; *: C0LIVE, G0X;", WORDS, FREE)
    assert access == {
        "subscribe": Rule(frozenset({"U0ADA"}), frozenset({"S0OPS"})),
        "digest": Rule(groups=frozenset({"S0OPS"}), channels=frozenset({"C0LIVE"})),
        "list": Rule(channels=frozenset({"C0LIVE", "G0X"})),
    }
    assert read_access(" ; ", WORDS, FREE) == {}


@given(rules, st.sampled_from([" ", ", ", ","]), st.sampled_from([";", " ; ", ";\n"]), ids, ids)
def test_whatever_is_written_is_what_holds(
    written: dict[str, set[str]], comma: str, end: str, who: str, where: str
) -> None:
    text = end.join(f"{name}: {comma.join(sorted(some))}" for name, some in written.items())
    access = read_access(text, WORDS, FREE)
    assert "help" not in access
    for name in NAMES:
        some = written.get(name) or written.get(OTHERS)
        if some is None:
            assert name not in access
            continue
        rule = access[name]
        people, groups = {each for each in some if each[0] in "UW"}, {each for each in some if each[0] == "S"}
        places = some - people - groups
        assert rule.admits(who) == (who in people or not people | groups)
        assert rule.admits(who, {who}) == (who in people | groups or not people | groups)
        assert rule.asks(who) == (set() if who in people else groups)
        assert rule.holds_in(where) == (where in places or not places)


@given(texts)
@example(",")
@example("\xa0; ,")
def test_any_text_is_read_or_explained_in_one_line(text: str) -> None:
    for written in (text, f"list: {text}", f"{text}: U0ADA"):
        try:
            read_access(written, WORDS, FREE)
        except ConfigError as error:
            assert error.text.startswith("ACCESS, in `") and error.text.isprintable()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("sub U0ADA", "in `sub U0ADA`: a colon is missing: write `sub: U0ADA`."),
        ("digest", "in `digest`: a colon is missing: write `digest: U0123ABCD`."),
        (": U0ADA", "in `: U0ADA`: no command stands before the colon"),
        ("digest: ", "in `digest:`: no ids stand behind the colon: leave the rule out, or write `digest: U0123ABCD`."),
        ("list: U0ADA; subscirbe: U0ADA", "in `subscirbe: U0ADA`: `subscirbe` is no command: did you mean `subscribe`?"),
        ("zz: U0ADA", "`zz` is no command: there are list, subscribe, digest and *."),
        ("digest: #live-ops", "`#live-ops` is no id of Slack: those of users start with U or W, of user groups with S"),
        ("digest: u0ada", "`u0ada` is no id of Slack: did you mean `U0ADA`?"),
        ("sub: U0ADA; digest, subscribe: C0OPS", "`subscribe` has a rule already: write all its ids in one."),
        ("*: U0ADA; *: U0BEN", "`*` has a rule already"),
        ("?: U0ADA", "`?` is always for everybody: leave it out."),
    ],
)  # fmt: skip
def test_a_wrong_rule(text: str, says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read_access(text, WORDS, FREE)
    assert says in caught.value.text
    assert caught.value.text.startswith("ACCESS, in ") and "docs/" not in caught.value.text
