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

# name: (broken blocks, words of the problem, the nearest valid blocks)
ROWS: dict[str, tuple[Json, str, Json]] = {
    "blocks is an object": ({}, "blocks: must be an array, not an object", [DIVIDER]),
    "block is a string": (["divider"], "blocks[0]: must be an object, not a string", [DIVIDER]),
    "block type unknown": ([{"type": "marquee"}], "unknown block type 'marquee'", [DIVIDER]),
    "block type missing": ([{}], "blocks[0].type: unknown block type", [DIVIDER]),
    "input in a message": ([{"type": "input"}], "unknown block type 'input'", [DIVIDER]),
    "property unknown": ([{**DIVIDER, "colour": 1}], "unknown property 'colour'", [DIVIDER]),
    "block_id twice": (
        section(block_id="b") * 2,
        "blocks: block_id 'b' is used more than once",
        section(block_id="b") + section(block_id="c"),
    ),
    "section without text": (
        [{"type": "section"}],
        "blocks[0]: needs text or fields",
        [{"type": "section", "fields": [mrkdwn()]}],
    ),
    "section text empty": (section(text=mrkdwn("")), "blocks[0].text.text: is empty", section()),
    "section text white": (section(text=mrkdwn(" \n")), "is empty", section()),
    "text is a number": (section(text=mrkdwn(5)), "text.text: must be a string, not a number", section()),  # type: ignore[arg-type]
    "text object is a string": (section(text="x"), "text: must be an object, not a string", section()),
    "text type unknown": (section(text={"type": "html", "text": "x"}), "must be one of", section()),
    "emoji on mrkdwn": (
        section(text={**mrkdwn(), "emoji": False}),
        "text.emoji: only for plain_text",
        section(text={**plain(), "emoji": False}),
    ),
    "verbatim on plain_text": (
        section(text={**plain(), "verbatim": True}),
        "text.verbatim: only for mrkdwn",
        section(text={**mrkdwn(), "verbatim": True}),
    ),
    "no fields": (section(fields=[]), "fields: 0 items, at least 1", section(fields=[mrkdwn()])),
    "accessory unknown": (
        section(accessory={"type": "users_select"}),
        "accessory.type: unknown element type 'users_select'",
        section(accessory=button()),
    ),
    "header mrkdwn": (header(mrkdwn()), "blocks[0].text.type: must be one of plain_text", header(plain())),
    "context empty": (context([]), "elements: 0 items", context(image())),
    "context holds a button": (context([button()]), "elements[0].type: must be one of", context([plain()])),
    "actions empty": (actions(), "blocks[0].elements: 0 items, at least 1", actions(button())),
    "actions elements missing": ([{"type": "actions"}], "must be an array, not null", actions(button())),
    "actions hold a text": (actions(mrkdwn()), "unknown element type 'mrkdwn'", actions(button())),
    "action_id twice in actions": (
        actions(button(), button()),
        "blocks[0]: action_id 'a' is used more than once",
        actions(button(), button(action_id="b")) + section(accessory=button()),
    ),
    "button mrkdwn": (actions(button(text=mrkdwn())), "must be one of plain_text", actions(button())),
    "button style": (
        actions(button(style="warning")),
        "style: must be one of primary, danger",
        actions(button(style="primary"), button(style="danger", action_id="b")),
    ),
    "button url scheme": (
        actions(button(url="javascript:alert(1)")),
        "url: must begin with",
        actions(button(url="https://a.example")),
    ),
    "confirm title mrkdwn": (confirm(title=mrkdwn()), "title.type: must be one of plain_text", confirm()),
    "confirm style": (confirm(style="red"), "confirm.style: must be one of", confirm(style="danger", text=mrkdwn())),
    "no options": (select(options=[]), "options: 0 items, at least 1", select(options=options(1))),
    "options and groups": (
        select(option_groups=[]),
        "either options or option_groups",
        actions({"type": "static_select", "option_groups": [{"label": plain(), "options": options(1)}]}),
    ),
    "option mrkdwn": (select(options=[option(text=mrkdwn())]), "must be one of plain_text", select()),
    "option url in a select": (
        select(options=[option(url="https://a.example")]),
        "unknown property 'url'",
        overflow([option(url="https://a.example"), option("w")]),
    ),
    "initial option": (
        select(initial_option=option("no")),
        "is not one of the options",
        select(initial_option=option("1")),
    ),
    "overflow of 1": (overflow(options(1)), "options: 1 items, at least 2", overflow(options(2))),
    "image without alt_text": (image(alt_text=None), "alt_text: must be a string, not null", image()),
    "image without url": ([{"type": "image", "alt_text": "x"}], "needs either image_url or slack_file", image()),
    "rich text leaf empty": ([rich("")], "elements[0].elements[0].text: must be", [rich()]),
    "rich text container": (
        [{"type": "rich_text", "elements": [{"type": "text", "text": "x"}]}],
        "elements[0].type: must be one of rich_text_section",
        [rich()],
    ),
    "table cell kind": (
        table([[mrkdwn()]]),
        "rows[0][0]: must be a raw_text or raw_number cell, or rich_text",
        table([[rich()]]),
    ),
    "table alignment": (
        table(cells(2, 2), column_settings=[{"align": "top"}]),
        "align: must be one of",
        table(cells(2, 2), column_settings=[None, {"align": "right", "is_wrapped": True}]),
    ),
    "data_table without rows": (data_table(cells(1, 2)), "rows: 1 items, at least 2", data_table(cells(2, 2))),
    "data_table ragged": (
        data_table([[raw()], [raw(), raw()]]),
        "rows[1]: 2 cells, but the header has 1",
        data_table(cells(2, 1)),
    ),
    "data_table rich header": (
        data_table([[rich()], [raw()]]),
        "rows[0][0]: must be a raw_text or raw_number cell",
        data_table([[raw()], [rich()]]),
    ),
    "data_table cell empty": (
        data_table([[raw()], [raw("")]]),
        "rows[1][0].text: must be a string that is not empty",
        data_table(cells(2, 1)),
    ),
    "data_table number": (
        data_table([[raw()], [number()]]),
        "rows[1][0].value: must be a finite number",
        data_table([[raw()], [number(value=1)]]),
    ),
    "data_table caption": (data_table(cells(2, 2), caption=""), "caption: is empty", data_table(cells(2, 2))),
    "data_table page": (
        data_table(cells(2, 2), page_size=101),
        "page_size: must be 1 to 100",
        data_table(cells(2, 2), page_size=100),
    ),
    "data_table row header": (
        data_table(cells(2, 2), row_header_column_index=2),
        "row_header_column_index: must be 0 to 1",
        data_table(cells(2, 2), row_header_column_index=1),
    ),
    "chart kind": (chart(chart={"type": "radar"}), "of type pie, bar, area or line", chart()),
    "segment of 0": (chart(chart=pie(1, value=0)), "value: must be more than 0", chart(chart=pie(1, value=0.1))),
    "segment infinite": (
        chart(chart=pie(1, value=float("inf"))),
        "value: must be a finite number",
        chart(chart=pie(1, value=10**400)),
    ),
    "series twice": (line(["n", "n"], AB), "series[1].name: must be unique", line(["n", "m"], AB)),
    "series misses a category": (line(["n"], ["a"]), "data: must hold each category", line(["n"], ["b", "a"])),
    "category twice": (line(["n"], ["a", "a"], categories=["a", "a"]), "categories: must be unique", line(["n"], AB)),
}

# name: (blocks of a size, the most, what that is, where)
SIZES: dict[str, tuple[Callable[[int], list[Json]], int, str, str]] = {
    "blocks": (lambda n: [DIVIDER] * n, 50, "items", "blocks"),
    "block_id": (lambda n: section(block_id="b" * n), 255, "characters", "blocks[0].block_id"),
    "section text": (lambda n: section(text=mrkdwn("x" * n)), 3_000, "characters", "blocks[0].text.text"),
    "fields": (lambda n: section(fields=[mrkdwn()] * n), 10, "items", "blocks[0].fields"),
    "field": (lambda n: section(fields=[mrkdwn("x" * n)]), 2_000, "characters", "blocks[0].fields[0].text"),
    "header": (lambda n: header(plain("x" * n)), 150, "characters", "blocks[0].text.text"),
    "context": (lambda n: context([mrkdwn()] * n), 10, "items", "blocks[0].elements"),
    "actions": (lambda n: actions(*(button(action_id=id) for id in names(n))), 25, "items", "blocks[0].elements"),
    "action_id": (lambda n: actions(button(action_id="a" * n)), 255, "characters", "elements[0].action_id"),
    "button text": (lambda n: actions(button(text=plain("x" * n))), 75, "characters", "elements[0].text.text"),
    "button value": (lambda n: section(accessory=button(value="v" * n)), 2_000, "characters", "accessory.value"),
    "button url": (lambda n: actions(button(url=link(n))), 3_000, "characters", "elements[0].url"),
    "button label": (
        lambda n: actions(button(accessibility_label="x" * n)),
        *(75, "characters", "elements[0].accessibility_label"),
    ),
    "confirm title": (lambda n: confirm(title=plain("x" * n)), 100, "characters", "confirm.title.text"),
    "confirm text": (lambda n: confirm(text=plain("x" * n)), 300, "characters", "confirm.text.text"),
    "confirm confirm": (lambda n: confirm(confirm=plain("x" * n)), 30, "characters", "confirm.confirm.text"),
    "confirm deny": (lambda n: confirm(deny=plain("x" * n)), 30, "characters", "confirm.deny.text"),
    "options": (lambda n: select(options=options(n)), 100, "items", "elements[0].options"),
    "option value": (lambda n: select(options=[option("v" * n)]), 150, "characters", "options[0].value"),
    "option text": (lambda n: select(options=[option(text=plain("x" * n))]), 75, "characters", "options[0].text.text"),
    "option description": (
        lambda n: select(options=[option(description=plain("x" * n))]),
        *(75, "characters", "options[0].description.text"),
    ),
    "placeholder": (lambda n: select(placeholder=plain("x" * n)), 150, "characters", "placeholder.text"),
    "overflow": (lambda n: overflow(options(n)), 5, "items", "elements[0].options"),
    "image url": (lambda n: image(image_url=link(n)), 3_000, "characters", "blocks[0].image_url"),
    "image title": (lambda n: image(title=plain("x" * n)), 2_000, "characters", "blocks[0].title.text"),
    "table rows": (lambda n: table(cells(n, 1)), 100, "items", "blocks[0].rows"),
    "table columns": (lambda n: table(cells(1, n)), 20, "items", "blocks[0].rows[0]"),
    "data_table rows": (lambda n: data_table(cells(n, 1)), 101, "items", "blocks[0].rows"),
    "data_table columns": (lambda n: data_table(cells(2, n)), 20, "items", "blocks[0].rows[0]"),
    "charts": (lambda n: chart() * n, 2, "charts", "blocks"),
    "chart title": (lambda n: chart(title="t" * n), 50, "characters", "blocks[0].title"),
    "segments": (lambda n: chart(chart=pie(n)), 6, "items", "chart.segments"),
    "series": (lambda n: line(names(n), AB), 6, "items", "chart.series"),
    "series name": (lambda n: line(["n" * n], AB), 20, "characters", "series[0].name"),
    "points": (lambda n: line(["n"], names(n), categories=names(n)), 20, "items", "axis_config.categories"),
    "axis label": (lambda n: line(["n"], AB, x_label="x" * n), 50, "characters", "axis_config.x_label"),
    "all text": (
        lambda n: (
            section(text=mrkdwn("x" * 2_500)) * 3
            + section(text=mrkdwn("x" * (n - 7_501)))
            + actions(button(text=plain("y")))
        ),
        *(10_000, "characters of text together", "blocks"),
    ),
    "all table text": (lambda n: table([[raw("x" * n)]]), 10_000, "characters in tables", "blocks"),
}
ROWS |= {
    f"{name} of {most + 1:,}": (make(most + 1), f"{path}: {most + 1:,} {unit}, at most {most:,}", make(most))
    for name, (make, most, unit, path) in SIZES.items()
}


@pytest.mark.parametrize("name", ROWS)
def test_each_rule_is_caught_and_its_neighbour_accepted(name: str) -> None:
    broken, words, valid = ROWS[name]
    assert any(words in line for line in problems(broken)), problems(broken)
    assert problems(valid) == []


NOT_OF_DATA = {
    *("block_id of 256", "action_id of 256", "option description of 76", "overflow of 1", "options and groups"),
    *("image url of 3,001", "image title of 2,001", "table rows of 101", "table columns of 21"),
    *("data_table without rows", "data_table columns of 21", "series of 7", "series name of 21", "axis label of 51"),
}
"""Sizes that the bot's messages have whatever the data are, or parts that no message of the bot has."""
SIZE = re.compile(r": is empty$|[\d,]+ (characters|items)\b")


@pytest.mark.parametrize("name", sorted(ROWS.keys() - NOT_OF_DATA))
def test_what_data_makes_too_large_is_seen_before_it_leaves(name: str) -> None:
    broken, _, valid = ROWS[name]
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
_words = st.sampled_from(
    [
        *("type", "text", "fields", "elements", "options", "rows", "chart", "series", "segments", "accessory"),
        *("confirm", "action_id", "block_id", "value", "axis_config", "categories", "data", "label", "style"),
        *("initial_option", "option_groups", "image_url", "title", "caption", "name", "column_settings"),
    ]
)
_types = st.sampled_from(
    [
        *("section", "header", "context", "actions", "image", "rich_text", "table", "data_table"),
        *("data_visualization", "button", "static_select", "overflow", "plain_text", "mrkdwn", "raw_number"),
        *("pie", "line", "rich_text_section", "raw_text"),
    ]
)
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
