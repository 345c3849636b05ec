"""The stand-in's judge of Block Kit: one named row per rule, each with its nearest valid neighbour."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.blockkit.sizes import oversized
from bot.demo.fake_slack.judge import problems

Json = Any


def plain(text: str = "x") -> Json:
    return {"type": "plain_text", "text": text}


def mrkdwn(text: str = "x") -> Json:
    return {"type": "mrkdwn", "text": text}


def section(**more: Json) -> list[Json]:
    return [{"type": "section", "text": mrkdwn(), **more}]


def button(**more: Json) -> Json:
    return {"type": "button", "text": plain("More"), "action_id": "a", **more}


def actions(*elements: Json) -> list[Json]:
    return [{"type": "actions", "elements": list(elements)}]


def context(elements: Json) -> list[Json]:
    return [{"type": "context", "elements": elements}]


def header(text: Json) -> list[Json]:
    return [{"type": "header", "text": text}]


def option(value: str = "v", **more: Json) -> Json:
    return {"text": plain(), "value": value, **more}


def options(count: int) -> list[Json]:
    return [option(value) for value in names(count)]


def names(count: int) -> list[str]:
    return [str(number) for number in range(count)]


def select(**more: Json) -> list[Json]:
    return actions({"type": "static_select", "action_id": "s", "options": options(2), **more})


def overflow(choices: list[Json]) -> list[Json]:
    return actions({"type": "overflow", "action_id": "o", "options": choices})


def confirm(**more: Json) -> list[Json]:
    dialog = {"title": plain(), "text": plain(), "confirm": plain(), "deny": plain()}
    return actions(button(confirm={**dialog, **more}))


def image(**more: Json) -> list[Json]:
    return [{"type": "image", "image_url": "https://a.example/x.png", "alt_text": "x", **more}]


def link(chars: int) -> str:
    return "https://".ljust(chars, "x")


def raw(text: str = "x") -> Json:
    return {"type": "raw_text", "text": text}


def number(**more: Json) -> Json:
    return {"type": "raw_number", "text": "1", **more}


def rich(text: Json = "x") -> Json:
    inner = {"type": "rich_text_section", "elements": [{"type": "text", "text": text}]}
    return {"type": "rich_text", "elements": [inner]}


def cells(rows: int, columns: int) -> Json:
    return [[raw() for _ in range(columns)] for _ in range(rows)]


def table(rows: Json, **more: Json) -> list[Json]:
    return [{"type": "table", "rows": rows, **more}]


def data_table(rows: Json, **more: Json) -> list[Json]:
    return [{"type": "data_table", "caption": "c", "rows": rows, **more}]


def chart(**more: Json) -> list[Json]:
    return [{"type": "data_visualization", "title": "t", "chart": pie(1), **more}]


def pie(segments: int, **more: Json) -> Json:
    return {"type": "pie", "segments": [{"label": label, "value": 1, **more} for label in names(segments)]}


def line(of: list[str], labels: list[str], **axis: Json) -> list[Json]:
    series = [{"name": name, "data": [{"label": label, "value": 0} for label in labels]} for name in of]
    axis_config = {"categories": ["a", "b"], **axis}
    return chart(chart={"type": "line", "series": series, "axis_config": axis_config})


DIVIDER = {"type": "divider"}
AB = ["a", "b"]

# (words of the problem, broken blocks, the nearest valid blocks)
ROWS: list[tuple[str, Json, Json]] = [
    ("blocks: must be an array, not an object", {}, [DIVIDER]),
    ("blocks[0]: must be an object, not a string", ["divider"], [DIVIDER]),
    ("unknown block type 'marquee'", [{"type": "marquee"}], [DIVIDER]),
    ("blocks[0].type: unknown block type", [{}], [DIVIDER]),
    ("unknown block type 'input'", [{"type": "input"}], [DIVIDER]),
    ("unknown property 'colour'", [{**DIVIDER, "colour": 1}], [DIVIDER]),
    (
        "blocks: block_id 'b' is used more than once",
        section(block_id="b") * 2,
        section(block_id="b") + section(block_id="c"),
    ),
    ("blocks[0]: needs text or fields", [{"type": "section"}], [{"type": "section", "fields": [mrkdwn()]}]),
    ("blocks[0].text.text: is empty", section(text=mrkdwn("")), section()),
    ("is empty", section(text=mrkdwn(" \n")), section()),
    ("text.text: must be a string, not a number", section(text=mrkdwn(5)), section()),  # type: ignore[arg-type]
    ("text: must be an object, not a string", section(text="x"), section()),
    ("must be one of", section(text={"type": "html", "text": "x"}), section()),
    (
        "text.emoji: only for plain_text",
        section(text={**mrkdwn(), "emoji": False}),
        section(text={**plain(), "emoji": False}),
    ),
    (
        "text.verbatim: only for mrkdwn",
        section(text={**plain(), "verbatim": True}),
        section(text={**mrkdwn(), "verbatim": True}),
    ),
    ("fields: 0 items, at least 1", section(fields=[]), section(fields=[mrkdwn()])),
    (
        "accessory.type: unknown element type 'users_select'",
        section(accessory={"type": "users_select"}),
        section(accessory=button()),
    ),
    ("blocks[0].text.type: must be one of plain_text", header(mrkdwn()), header(plain())),
    ("elements: 0 items", context([]), context(image())),
    ("elements[0].type: must be one of", context([button()]), context([plain()])),
    ("blocks[0].elements: 0 items, at least 1", actions(), actions(button())),
    ("must be an array, not null", [{"type": "actions"}], actions(button())),
    ("unknown element type 'mrkdwn'", actions(mrkdwn()), actions(button())),
    (
        "blocks[0]: action_id 'a' is used more than once",
        actions(button(), button()),
        actions(button(), button(action_id="b")) + section(accessory=button()),
    ),
    ("must be one of plain_text", actions(button(text=mrkdwn())), actions(button())),
    (
        "style: must be one of primary, danger",
        actions(button(style="warning")),
        actions(button(style="primary"), button(style="danger", action_id="b")),
    ),
    ("url: must begin with", actions(button(url="javascript:alert(1)")), actions(button(url="https://a.example"))),
    ("title.type: must be one of plain_text", confirm(title=mrkdwn()), confirm()),
    ("confirm.style: must be one of", confirm(style="red"), confirm(style="danger", text=mrkdwn())),
    ("options: 0 items, at least 1", select(options=[]), select(options=options(1))),
    (
        "either options or option_groups",
        select(option_groups=[]),
        actions({"type": "static_select", "option_groups": [{"label": plain(), "options": options(1)}]}),
    ),
    ("must be one of plain_text", select(options=[option(text=mrkdwn())]), select()),
    (
        "unknown property 'url'",
        select(options=[option(url="https://a.example")]),
        overflow([option(url="https://a.example"), option("w")]),
    ),
    ("is not one of the options", select(initial_option=option("no")), select(initial_option=option("1"))),
    ("options: 1 items, at least 2", overflow(options(1)), overflow(options(2))),
    ("alt_text: must be a string, not null", image(alt_text=None), image()),
    ("needs either image_url or slack_file", [{"type": "image", "alt_text": "x"}], image()),
    ("elements[0].elements[0].text: must be", [rich("")], [rich()]),
    (
        "elements[0].type: must be one of rich_text_section",
        [{"type": "rich_text", "elements": [{"type": "text", "text": "x"}]}],
        [rich()],
    ),
    ("rows[0][0]: must be a raw_text or raw_number cell, or rich_text", table([[mrkdwn()]]), table([[rich()]])),
    (
        "align: must be one of",
        table(cells(2, 2), column_settings=[{"align": "top"}]),
        table(cells(2, 2), column_settings=[None, {"align": "right", "is_wrapped": True}]),
    ),
    ("rows: 1 items, at least 2", data_table(cells(1, 2)), data_table(cells(2, 2))),
    ("rows[1]: 2 cells, but the header has 1", data_table([[raw()], [raw(), raw()]]), data_table(cells(2, 1))),
    (
        "rows[0][0]: must be a raw_text or raw_number cell",
        data_table([[rich()], [raw()]]),
        data_table([[raw()], [rich()]]),
    ),
    ("rows[1][0].text: must be a string that is not empty", data_table([[raw()], [raw("")]]), data_table(cells(2, 1))),
    (
        "rows[1][0].value: must be a finite number",
        data_table([[raw()], [number()]]),
        data_table([[raw()], [number(value=1)]]),
    ),
    ("caption: is empty", data_table(cells(2, 2), caption=""), data_table(cells(2, 2))),
    ("page_size: must be 1 to 100", data_table(cells(2, 2), page_size=101), data_table(cells(2, 2), page_size=100)),
    (
        "row_header_column_index: must be 0 to 1",
        data_table(cells(2, 2), row_header_column_index=2),
        data_table(cells(2, 2), row_header_column_index=1),
    ),
    ("of type pie, bar, area or line", chart(chart={"type": "radar"}), chart()),
    ("value: must be more than 0", chart(chart=pie(1, value=0)), chart(chart=pie(1, value=0.1))),
    ("value: must be a finite number", chart(chart=pie(1, value=float("inf"))), chart(chart=pie(1, value=10**400))),
    ("series[1].name: must be unique", line(["n", "n"], AB), line(["n", "m"], AB)),
    ("data: must hold each category", line(["n"], ["a"]), line(["n"], ["b", "a"])),
    ("categories: must be unique", line(["n"], ["a", "a"], categories=["a", "a"]), line(["n"], AB)),
]

# (blocks of a size, the most, what that is, where)
SIZES: list[tuple[Callable[[int], list[Json]], int, str, str]] = [
    (lambda n: [DIVIDER] * n, 50, "items", "blocks"),
    (lambda n: section(block_id="b" * n), 255, "characters", "blocks[0].block_id"),
    (lambda n: section(text=mrkdwn("x" * n)), 3_000, "characters", "blocks[0].text.text"),
    (lambda n: section(fields=[mrkdwn()] * n), 10, "items", "blocks[0].fields"),
    (lambda n: section(fields=[mrkdwn("x" * n)]), 2_000, "characters", "blocks[0].fields[0].text"),
    (lambda n: header(plain("x" * n)), 150, "characters", "blocks[0].text.text"),
    (lambda n: context([mrkdwn()] * n), 10, "items", "blocks[0].elements"),
    (lambda n: actions(*(button(action_id=id) for id in names(n))), 25, "items", "blocks[0].elements"),
    (lambda n: actions(button(action_id="a" * n)), 255, "characters", "elements[0].action_id"),
    (lambda n: actions(button(text=plain("x" * n))), 75, "characters", "elements[0].text.text"),
    (lambda n: section(accessory=button(value="v" * n)), 2_000, "characters", "accessory.value"),
    (lambda n: actions(button(url=link(n))), 3_000, "characters", "elements[0].url"),
    (lambda n: actions(button(accessibility_label="x" * n)), 75, "characters", "elements[0].accessibility_label"),
    (lambda n: confirm(title=plain("x" * n)), 100, "characters", "confirm.title.text"),
    (lambda n: confirm(text=plain("x" * n)), 300, "characters", "confirm.text.text"),
    (lambda n: confirm(confirm=plain("x" * n)), 30, "characters", "confirm.confirm.text"),
    (lambda n: confirm(deny=plain("x" * n)), 30, "characters", "confirm.deny.text"),
    (lambda n: select(options=options(n)), 100, "items", "elements[0].options"),
    (lambda n: select(options=[option("v" * n)]), 150, "characters", "options[0].value"),
    (lambda n: select(options=[option(text=plain("x" * n))]), 75, "characters", "options[0].text.text"),
    (lambda n: select(options=[option(description=plain("x" * n))]), 75, "characters", "options[0].description.text"),
    (lambda n: select(placeholder=plain("x" * n)), 150, "characters", "placeholder.text"),
    (lambda n: overflow(options(n)), 5, "items", "elements[0].options"),
    (lambda n: image(image_url=link(n)), 3_000, "characters", "blocks[0].image_url"),
    (lambda n: image(title=plain("x" * n)), 2_000, "characters", "blocks[0].title.text"),
    (lambda n: table(cells(n, 1)), 100, "items", "blocks[0].rows"),
    (lambda n: table(cells(1, n)), 20, "items", "blocks[0].rows[0]"),
    (lambda n: data_table(cells(n, 1)), 101, "items", "blocks[0].rows"),
    (lambda n: data_table(cells(2, n)), 20, "items", "blocks[0].rows[0]"),
    (lambda n: chart() * n, 2, "charts", "blocks"),
    (lambda n: chart(title="t" * n), 50, "characters", "blocks[0].title"),
    (lambda n: chart(chart=pie(n)), 6, "items", "chart.segments"),
    (lambda n: line(names(n), AB), 6, "items", "chart.series"),
    (lambda n: line(["n" * n], AB), 20, "characters", "series[0].name"),
    (lambda n: line(["n"], names(n), categories=names(n)), 20, "items", "axis_config.categories"),
    (lambda n: line(["n"], AB, x_label="x" * n), 50, "characters", "axis_config.x_label"),
    (
        lambda n: (
            section(text=mrkdwn("x" * 2_500)) * 3
            + section(text=mrkdwn("x" * (n - 7_501)))
            + actions(button(text=plain("y")))
        ),
        10_000,
        "characters of text together",
        "blocks",
    ),
    (lambda n: table([[raw("x" * n)]]), 10_000, "characters in tables", "blocks"),
]
ROWS += [
    (f"{path}: {most + 1:,} {unit}, at most {most:,}", make(most + 1), make(most)) for make, most, unit, path in SIZES
]


@pytest.mark.parametrize(("words", "broken", "valid"), ROWS, ids=[row[0] for row in ROWS])
def test_each_rule_is_caught_and_its_neighbour_accepted(words: str, broken: Json, valid: Json) -> None:
    assert any(words in line for line in problems(broken)), problems(broken)
    assert problems(valid) == []


NOT_OF_DATA = (
    *("blocks[0].block_id", "elements[0].action_id", "options[0].description", "options: 1 ", "either options"),
    *("blocks[0].image_url", "blocks[0].title.text", "rows: 1 ", "blocks[0].rows: 101 ", "blocks[0].rows[0]"),
    *("chart.series", "series[0].name", "axis_config.x_label"),
)
"""Sizes that the bot's messages have whatever the data are, or parts that no message of the bot has."""
SIZE = re.compile(r": is empty$|[\d,]+ (characters|items)\b")


OF_DATA = [row for row in ROWS if not row[0].startswith(NOT_OF_DATA)]


@pytest.mark.parametrize(("words", "broken", "valid"), OF_DATA, ids=[row[0] for row in OF_DATA])
def test_what_data_makes_too_large_is_seen_before_it_leaves(words: str, broken: Json, valid: Json) -> None:
    assert bool(oversized(broken, "x")) is any(map(SIZE.search, problems(broken)))
    assert oversized(valid, "x") == []


@pytest.mark.parametrize(
    ("text", "violations"),
    [
        ("", ["text: is empty"]),
        ("x" * 40_001, ["text: 40,001 characters, at most 40,000"]),
        ("x" * 40_000, []),
        (5, ["text: must be a string, not a number"]),
    ],
)
def test_fallback_text(text: Any, violations: list[str]) -> None:
    assert problems([DIVIDER], text=text) == violations
    if isinstance(text, str):
        assert bool(oversized([DIVIDER], text)) is bool(violations)


def test_a_message_needs_text_or_blocks() -> None:
    assert problems([]) == ["message: has neither text nor blocks"]
    assert problems([], text="x") == []


_leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
_words = st.sampled_from(sorted({name for row in ROWS for name in re.findall(r'"(\w+)": ', json.dumps(row))}))
_types = st.sampled_from(sorted({kind for row in ROWS for kind in re.findall(r'"type": "(\w+)"', json.dumps(row))}))
_json = st.recursive(
    _leaves | _types,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(_words | st.text(max_size=3), inner, max_size=5)
        | st.builds(lambda name, rest: {**rest, "type": name}, _types, st.dictionaries(_words, inner))
    ),
    max_leaves=25,
)


@given(_json, _json)
def test_arbitrary_json_never_raises(blocks: Json, text: Json) -> None:
    assert all(isinstance(line, str) for line in problems(blocks, text=text))


def test_deep_json_never_raises() -> None:
    deep = json.loads('{"text":' * 400 + "1" + "}" * 400)
    assert problems([{"type": "section", "text": deep}])
