"""Builders of the Block Kit blocks in use, as plain dicts (docs.slack.dev/reference/block-kit)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.blockkit.escape import plain
from bot.blockkit.limits import BUTTON_TEXT_CHARS, CHART_TITLE_CHARS, HEADER_TEXT_CHARS, OPTION_TEXT_CHARS
from bot.blockkit.spoken import spoken

Block = dict[str, Any]
Cell = str | int | tuple[int, str]
"""A text, a number, or a number to sort by with the text to show."""


@dataclass(frozen=True, slots=True)
class Message:
    """A message. `head` is shown in notifications and names the event first; `blocks` are its layout."""

    head: str
    blocks: Sequence[Block]

    @property
    def text(self) -> str:
        """The fallback text: the head, and everything else in the blocks."""
        return spoken(self.head, self.blocks)


def header(text: str) -> Block:
    return {"type": "header", "text": _plain(plain(text, HEADER_TEXT_CHARS))}


def section(text: str, accessory: Block | None = None) -> Block:
    block = {"type": "section", "text": _mrkdwn(text)}
    return block | {"accessory": accessory} if accessory else block


def fields(*texts: str) -> Block:
    return {"type": "section", "fields": [_mrkdwn(text) for text in texts]}


def context(*texts: str) -> Block:
    return {"type": "context", "elements": [_mrkdwn(text) for text in texts]}


def divider() -> Block:
    return {"type": "divider"}


def actions(*elements: Block) -> Block:
    return {"type": "actions", "elements": list(elements)}


def button(label: str, action_id: str, value: str, *, style: str | None = None, spoken: str | None = None) -> Block:
    """Return a button. `spoken`: its accessibility label, where `label` alone is unclear."""
    block = {
        "type": "button",
        "text": _plain(plain(label, BUTTON_TEXT_CHARS)),
        "action_id": action_id,
        "value": value,
    }
    if style:
        block["style"] = style
    if spoken:
        block["accessibility_label"] = plain(spoken, BUTTON_TEXT_CHARS)
    return block


def overflow(action_id: str, options: Sequence[tuple[str, str]]) -> Block:
    """Return an overflow menu of two to five (label, value)."""
    return {
        "type": "overflow",
        "action_id": action_id,
        "options": [{"text": _plain(plain(name, OPTION_TEXT_CHARS)), "value": value} for name, value in options],
    }


def menu(label: str, action_id: str, options: Sequence[tuple[str, str]]) -> Block:
    """Return a static_select of (label, value)."""
    return {
        "type": "static_select",
        "placeholder": _plain(label),
        "action_id": action_id,
        "options": [{"text": _plain(plain(name, OPTION_TEXT_CHARS)), "value": value} for name, value in options],
    }


def bars(title: str, name: str, points: Mapping[str, float], *, x_label: str, y_label: str) -> Block:
    """Return a bar chart of one series, `name`; the keys of `points` are the labels."""
    data = [{"label": label, "value": value} for label, value in points.items()]
    axes = {"categories": list(points), "x_label": x_label, "y_label": y_label}
    return _chart(title, {"type": "bar", "series": [{"name": name, "data": data}], "axis_config": axes})


def pie(title: str, parts: Mapping[str, float]) -> Block:
    """Return a pie chart; every value is above 0."""
    return _chart(title, {"type": "pie", "segments": [{"label": key, "value": parts[key]} for key in parts]})


def data_table(caption: str, head: Sequence[str], rows: Sequence[Sequence[Cell]], *, page_size: int) -> Block:
    """Return a table that each reader can sort and page. The first column is the row's header; cell text is literal."""
    drawn = [[{"type": "raw_text", "text": text} for text in head]]
    drawn += [[_cell(value) for value in row] for row in rows]
    table = {"type": "data_table", "caption": caption, "rows": drawn, "page_size": page_size}
    return table | {"row_header_column_index": 0}


def _chart(title: str, chart: Block) -> Block:
    return {"type": "data_visualization", "title": plain(title, CHART_TITLE_CHARS), "chart": chart}


def _cell(cell: Cell) -> Block:
    if isinstance(cell, str):
        return {"type": "raw_text", "text": cell}
    value, text = cell if isinstance(cell, tuple) else (cell, f"{cell:,}")
    return {"type": "raw_number", "value": value, "text": text}


def _mrkdwn(text: str) -> Block:
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def _plain(text: str) -> Block:
    return {"type": "plain_text", "text": text, "emoji": False}
