"""The stand-in's judge of Block Kit: one named row per rule, each with its nearest valid neighbour."""

import json
import re
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


def option(value: str = "v", **more: Json) -> Json:
    return {"text": plain(), "value": value, **more}


def options(count: int) -> list[Json]:
    return [option(str(number)) for number in range(count)]


def select(**more: Json) -> list[Json]:
    return actions({"type": "static_select", "action_id": "s", "options": options(2), **more})


def overflow(count: int) -> list[Json]:
    return actions({"type": "overflow", "action_id": "o", "options": options(count)})


def confirm(**more: Json) -> list[Json]:
    dialog = {"title": plain(), "text": plain(), "confirm": plain(), "deny": plain()}
    return actions(button(confirm={**dialog, **more}))


def image(**more: Json) -> list[Json]:
    return [{"type": "image", "image_url": "https://a.example/x.png", "alt_text": "x", **more}]


def raw(text: str = "x") -> Json:
    return {"type": "raw_text", "text": text}


def rich(text: Json = "x") -> Json:
    inner = {"type": "rich_text_section", "elements": [{"type": "text", "text": text}]}
    return {"type": "rich_text", "elements": [inner]}


def table(rows: int = 2, columns: int = 2, **more: Json) -> list[Json]:
    return [{"type": "table", "rows": [[raw() for _ in range(columns)] for _ in range(rows)], **more}]


def data_table(rows: int = 2, columns: int = 2, **more: Json) -> list[Json]:
    cells = [[raw() for _ in range(columns)] for _ in range(rows)]
    return [{"type": "data_table", "caption": "c", "rows": cells, **more}]


def chart(**more: Json) -> list[Json]:
    return [{"type": "data_visualization", "title": "t", "chart": pie(1), **more}]


def pie(segments: int, **more: Json) -> Json:
    return {
        "type": "pie",
        "segments": [{"label": str(n), "value": 1, **more} for n in range(segments)],
    }


def line(names: list[str], labels: list[str], **axis: Json) -> list[Json]:
    series = [{"name": name, "data": [{"label": label, "value": 0} for label in labels]} for name in names]
    axis_config = {"categories": ["a", "b"], **axis}
    return chart(chart={"type": "line", "series": series, "axis_config": axis_config})


DIVIDER = {"type": "divider"}

# name: (broken blocks, words of the problem, the nearest valid blocks)
ROWS: dict[str, tuple[Json, str, Json]] = {
    "51 blocks": ([DIVIDER] * 51, "blocks: 51 items, at most 50", [DIVIDER] * 50),
    "blocks is an object": ({}, "blocks: must be an array, not an object", [DIVIDER]),
    "block is a string": (["divider"], "blocks[0]: must be an object, not a string", [DIVIDER]),
    "block type unknown": ([{"type": "marquee"}], "unknown block type 'marquee'", [DIVIDER]),
    "block type missing": ([{}], "blocks[0].type: unknown block type", [DIVIDER]),
    "input in a message": ([{"type": "input"}], "unknown block type 'input'", [DIVIDER]),
    "property unknown": ([{**DIVIDER, "colour": 1}], "unknown property 'colour'", [DIVIDER]),
    "block_id too long": (
        section(block_id="b" * 256),
        "blocks[0].block_id: 256 characters, at most 255",
        section(block_id="b" * 255),
    ),
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
    "section text long": (
        section(text=mrkdwn("x" * 3_001)),
        "blocks[0].text.text: 3,001 characters, at most 3,000",
        section(text=mrkdwn("x" * 3_000)),
    ),
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
    "11 fields": (
        section(fields=[mrkdwn()] * 11),
        "blocks[0].fields: 11 items, at most 10",
        section(fields=[mrkdwn()] * 10),
    ),
    "no fields": (section(fields=[]), "fields: 0 items, at least 1", section(fields=[mrkdwn()])),
    "field long": (
        section(fields=[mrkdwn("x" * 2_001)]),
        "fields[0].text: 2,001 characters, at most 2,000",
        section(fields=[mrkdwn("x" * 2_000)]),
    ),
    "accessory unknown": (
        section(accessory={"type": "users_select"}),
        "accessory.type: unknown element type 'users_select'",
        section(accessory=button()),
    ),
    "header mrkdwn": (
        [{"type": "header", "text": mrkdwn()}],
        "blocks[0].text.type: must be one of plain_text",
        [{"type": "header", "text": plain()}],
    ),
    "header long": (
        [{"type": "header", "text": plain("x" * 151)}],
        "151 characters, at most 150",
        [{"type": "header", "text": plain("x" * 150)}],
    ),
    "context of 11": (
        [{"type": "context", "elements": [mrkdwn()] * 11}],
        "elements: 11 items, at most 10",
        [{"type": "context", "elements": [mrkdwn()] * 10}],
    ),
    "context empty": (
        [{"type": "context", "elements": []}],
        "elements: 0 items",
        [{"type": "context", "elements": image()}],
    ),
    "context holds a button": (
        [{"type": "context", "elements": [button()]}],
        "elements[0].type: must be one of",
        [{"type": "context", "elements": [plain()]}],
    ),
    "actions of 26": (
        actions(*(button(action_id=str(n)) for n in range(26))),
        "elements: 26 items, at most 25",
        actions(*(button(action_id=str(n)) for n in range(25))),
    ),
    "actions empty": (actions(), "blocks[0].elements: 0 items, at least 1", actions(button())),
    "actions elements missing": ([{"type": "actions"}], "must be an array, not null", actions(button())),
    "actions hold a text": (actions(mrkdwn()), "unknown element type 'mrkdwn'", actions(button())),
    "action_id twice in actions": (
        actions(button(), button()),
        "blocks[0]: action_id 'a' is used more than once",
        actions(button(), button(action_id="b")) + section(accessory=button()),
    ),
    "action_id long": (
        actions(button(action_id="a" * 256)),
        "elements[0].action_id: 256 characters",
        actions(button(action_id="a" * 255)),
    ),
    "button text long": (
        actions(button(text=plain("x" * 76))),
        "elements[0].text.text: 76 characters, at most 75",
        actions(button(text=plain("x" * 75))),
    ),
    "button mrkdwn": (actions(button(text=mrkdwn())), "must be one of plain_text", actions(button())),
    "button value long": (
        section(accessory=button(value="v" * 2_031)),
        "blocks[0].accessory.value: 2,031 characters, at most 2,000",
        section(accessory=button(value="v" * 2_000)),
    ),
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
    "button url long": (
        actions(button(url="https://" + "x" * 2_993)),
        "3,001 characters",
        actions(button(url="https://" + "x" * 2_992)),
    ),
    "button label long": (
        actions(button(accessibility_label="x" * 76)),
        "accessibility_label: 76 characters",
        actions(button(accessibility_label="x" * 75)),
    ),
    "confirm title": (
        confirm(title=plain("x" * 101)),
        "title.text: 101 characters",
        confirm(title=plain("x" * 100)),
    ),
    "confirm text": (
        confirm(text=plain("x" * 301)),
        "text.text: 301 characters",
        confirm(text=mrkdwn("x" * 300)),
    ),
    "confirm confirm": (
        confirm(confirm=plain("x" * 31)),
        "confirm.text: 31 char",
        confirm(confirm=plain("x" * 30)),
    ),
    "confirm deny": (
        confirm(deny=plain("x" * 31)),
        "deny.text: 31 characters",
        confirm(deny=plain("x" * 30)),
    ),
    "confirm title mrkdwn": (confirm(title=mrkdwn()), "title.type: must be one of plain_text", confirm()),
    "confirm style": (
        confirm(style="red"),
        "confirm.style: must be one of",
        confirm(style="danger"),
    ),
    "101 options": (
        select(options=options(101)),
        "options: 101 items, at most 100",
        select(options=options(100)),
    ),
    "no options": (
        select(options=[]),
        "options: 0 items, at least 1",
        select(options=options(1)),
    ),
    "options and groups": (
        select(option_groups=[]),
        "either options or option_groups",
        actions(
            {
                "type": "static_select",
                "option_groups": [{"label": plain(), "options": options(1)}],
            }
        ),
    ),
    "option value long": (
        select(options=[option("v" * 151)]),
        "options[0].value: 151 characters, at most 150",
        select(options=[option("v" * 150)]),
    ),
    "option text long": (
        select(options=[option(text=plain("x" * 76))]),
        "options[0].text.text: 76 characters",
        select(options=[option(text=plain("x" * 75))]),
    ),
    "option mrkdwn": (select(options=[option(text=mrkdwn())]), "must be one of plain_text", select()),
    "option description long": (
        select(options=[option(description=plain("x" * 76))]),
        "description.text: 76 characters",
        select(options=[option(description=plain("x" * 75))]),
    ),
    "option url in a select": (
        select(options=[option(url="https://a.example")]),
        "unknown property 'url'",
        actions({"type": "overflow", "options": [option(url="https://a.example"), option("w")]}),
    ),
    "initial option": (
        select(initial_option=option("no")),
        "is not one of the options",
        select(initial_option=option("1")),
    ),
    "placeholder long": (
        select(placeholder=plain("x" * 151)),
        "placeholder.text: 151 characters",
        select(placeholder=plain("x" * 150)),
    ),
    "overflow of 1": (
        overflow(1),
        "options: 1 items, at least 2",
        overflow(2),
    ),
    "overflow of 6": (
        overflow(6),
        "options: 6 items, at most 5",
        overflow(5),
    ),
    "image without alt_text": (image(alt_text=None), "alt_text: must be a string, not null", image()),
    "image url long": (
        image(image_url="https://" + "x" * 2_993),
        "image_url: 3,001",
        image(image_url="https://" + "x" * 2_992),
    ),
    "image title long": (
        image(title=plain("x" * 2_001)),
        "title.text: 2,001 characters",
        image(title=plain("x" * 2_000)),
    ),
    "image without url": (
        [{"type": "image", "alt_text": "x"}],
        "needs either image_url or slack_file",
        image(),
    ),
    "rich text leaf empty": ([rich("")], "elements[0].elements[0].text: must be", [rich()]),
    "rich text container": (
        [{"type": "rich_text", "elements": [{"type": "text", "text": "x"}]}],
        "elements[0].type: must be one of rich_text_section",
        [rich()],
    ),
    "101 table rows": (table(101, 1), "rows: 101 items, at most 100", table(100, 1)),
    "21 table columns": (table(1, 21), "rows[0]: 21 items, at most 20", table(1, 20)),
    "table cell kind": (
        [{"type": "table", "rows": [[mrkdwn()]]}],
        "rows[0][0]: must be a raw_text or raw_number cell, or rich_text",
        [{"type": "table", "rows": [[rich()]]}],
    ),
    "table alignment": (
        table(column_settings=[{"align": "top"}]),
        "align: must be one of",
        table(column_settings=[None, {"align": "right", "is_wrapped": True}]),
    ),
    "data_table of 102 rows": (data_table(102, 1), "rows: 102 items, at most 101", data_table(101, 1)),
    "data_table without rows": (data_table(1), "rows: 1 items, at least 2", data_table(2)),
    "data_table of 21 columns": (data_table(2, 21), "rows[0]: 21 items, at most 20", data_table(2, 20)),
    "data_table ragged": (
        [{"type": "data_table", "caption": "c", "rows": [[raw()], [raw(), raw()]]}],
        "rows[1]: 2 cells, but the header has 1",
        data_table(2, 1),
    ),
    "data_table rich header": (
        [{"type": "data_table", "caption": "c", "rows": [[rich()], [raw()]]}],
        "rows[0][0]: must be a raw_text or raw_number cell",
        [{"type": "data_table", "caption": "c", "rows": [[raw()], [rich()]]}],
    ),
    "data_table cell empty": (
        [{"type": "data_table", "caption": "c", "rows": [[raw()], [raw("")]]}],
        "rows[1][0].text: must be a string that is not empty",
        data_table(2, 1),
    ),
    "data_table number": (
        [
            {
                "type": "data_table",
                "caption": "c",
                "rows": [[raw()], [{"type": "raw_number", "text": "1"}]],
            }
        ],
        "rows[1][0].value: must be a finite number",
        [
            {
                "type": "data_table",
                "caption": "c",
                "rows": [[raw()], [{"type": "raw_number", "text": "1", "value": 1}]],
            }
        ],
    ),
    "data_table caption": (data_table(caption=""), "caption: is empty", data_table()),
    "data_table page": (
        data_table(page_size=101),
        "page_size: must be 1 to 100",
        data_table(page_size=100),
    ),
    "data_table row header": (
        data_table(row_header_column_index=2),
        "row_header_column_index: must be 0 to 1",
        data_table(row_header_column_index=1),
    ),
    "3 charts": (chart() * 3, "blocks: 3 charts, at most 2", chart() * 2),
    "chart title": (chart(title="t" * 51), "title: 51 characters", chart(title="t" * 50)),
    "chart kind": (chart(chart={"type": "radar"}), "of type pie, bar, area or line", chart()),
    "7 segments": (chart(chart=pie(7)), "segments: 7 items, at most 6", chart(chart=pie(6))),
    "segment of 0": (
        chart(chart=pie(1, value=0)),
        "value: must be more than 0",
        chart(chart=pie(1, value=0.1)),
    ),
    "segment infinite": (
        chart(chart=pie(1, value=float("inf"))),
        "value: must be a finite number",
        chart(chart=pie(1, value=10**400)),
    ),
    "7 series": (
        line([str(n) for n in range(7)], ["a", "b"]),
        "series: 7 items, at most 6",
        line([str(n) for n in range(6)], ["a", "b"]),
    ),
    "series name": (line(["n" * 21], ["a", "b"]), "name: 21 characters", line(["n" * 20], ["b", "a"])),
    "series twice": (
        line(["n", "n"], ["a", "b"]),
        "series[1].name: must be unique",
        line(["n", "m"], ["a", "b"]),
    ),
    "series misses a category": (
        line(["n"], ["a"]),
        "data: must hold each category",
        line(["n"], ["a", "b"]),
    ),
    "category twice": (
        line(["n"], ["a", "a"], categories=["a", "a"]),
        "categories: must be unique",
        line(["n"], ["a", "b"]),
    ),
    "21 points": (
        line(["n"], [str(n) for n in range(21)], categories=[str(n) for n in range(21)]),
        "categories: 21 items",
        line(["n"], [str(n) for n in range(20)], categories=[str(n) for n in range(20)]),
    ),
    "axis label": (
        line(["n"], ["a", "b"], x_label="x" * 51),
        "x_label: 51",
        line(["n"], ["a", "b"], x_label="x" * 50),
    ),
    "all text": (
        section(text=mrkdwn("x" * 2_500)) * 4 + actions(button(text=plain("y"))),
        "blocks: 10,001 characters of text together, at most 10,000",
        section(text=mrkdwn("x" * 2_500)) * 3 + section(text=mrkdwn("x" * 2_499)) + actions(button(text=plain("y"))),
    ),
    "all table text": (
        [{"type": "table", "rows": [[raw("x" * 10_001)]]}],
        "blocks: 10,001 characters in tables",
        [{"type": "table", "rows": [[raw("x" * 10_000)]]}],
    ),
}


@pytest.mark.parametrize("name", ROWS)
def test_each_rule_is_caught_and_its_neighbour_accepted(name: str) -> None:
    broken, words, valid = ROWS[name]
    assert any(words in line for line in problems(broken)), problems(broken)
    assert problems(valid) == []


NOT_OF_DATA = {
    *("block_id too long", "action_id long", "option description long", "overflow of 1"),
    "options and groups",
    *("image url long", "image title long", "101 table rows", "21 table columns", "data_table without rows"),
    *("data_table of 21 columns", "7 series", "series name", "axis label"),
}
"""Sizes that the bot's messages have whatever the data are, or parts that no message of the bot has."""
SIZE = re.compile(r": is empty$|[\d,]+ (characters|items)\b")


@pytest.mark.parametrize("name", sorted(ROWS.keys() - NOT_OF_DATA))
def test_what_data_makes_too_large_is_seen_before_it_leaves(name: str) -> None:
    broken, _, valid = ROWS[name]
    assert bool(oversized(broken, "x")) is any(map(SIZE.search, problems(broken)))
    assert oversized(valid, "x") == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", ["text: is empty"]),
        ("x" * 40_001, ["text: 40,001 characters, at most 40,000"]),
        ("x" * 40_000, []),
        (5, ["text: must be a string, not a number"]),
    ],
)
def test_fallback_text(text: Any, found: list[str]) -> None:
    assert problems([DIVIDER], text=text) == found
    if isinstance(text, str):
        assert bool(oversized([DIVIDER], text)) is bool(found)


def test_a_message_needs_text_or_blocks() -> None:
    assert problems([]) == ["message: has neither text nor blocks"]
    assert problems([], text="x") == []


_leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
_words = st.sampled_from(
    [
        *(
            "type",
            "text",
            "fields",
            "elements",
            "options",
            "rows",
            "chart",
            "series",
            "segments",
            "accessory",
        ),
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
