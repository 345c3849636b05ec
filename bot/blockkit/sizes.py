"""Checks a message against Slack's limits of lengths and counts, which long or many user texts could exceed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bot.blockkit import limits

_CHARS: Mapping[tuple[str, str], int] = {
    ("section", "text"): limits.SECTION_TEXT_CHARS,
    ("section", "fields"): limits.FIELD_TEXT_CHARS,
    ("header", "text"): limits.HEADER_TEXT_CHARS,
    ("context", "elements"): limits.TEXT_CHARS,
    ("button", "text"): limits.BUTTON_TEXT_CHARS,
    ("button", "value"): limits.BUTTON_VALUE_CHARS,
    ("button", "url"): limits.BUTTON_URL_CHARS,
    ("button", "accessibility_label"): limits.ACCESSIBILITY_LABEL_CHARS,
    ("static_select", "placeholder"): limits.PLACEHOLDER_CHARS,
    ("options", "text"): limits.OPTION_TEXT_CHARS,
    ("options", "value"): limits.OPTION_VALUE_CHARS,
    ("confirm", "title"): limits.CONFIRM_TITLE_CHARS,
    ("confirm", "text"): limits.CONFIRM_TEXT_CHARS,
    ("confirm", "confirm"): limits.CONFIRM_CONFIRM_CHARS,
    ("confirm", "deny"): limits.CONFIRM_DENY_CHARS,
    ("data_table", "caption"): limits.TEXT_CHARS,
    ("data_visualization", "title"): limits.CHART_TITLE_CHARS,
    ("axis_config", "categories"): limits.CHART_LABEL_CHARS,
    ("data", "label"): limits.CHART_LABEL_CHARS,
    ("segments", "label"): limits.CHART_LABEL_CHARS,
}
"""Maximum characters of a text, by its owner's type (or the key that holds it) and its own key."""

_ITEMS: Mapping[tuple[str, str], int] = {
    ("message", "blocks"): limits.MESSAGE_BLOCKS,
    ("section", "fields"): limits.SECTION_FIELDS,
    ("context", "elements"): limits.CONTEXT_ELEMENTS,
    ("actions", "elements"): limits.ACTIONS_ELEMENTS,
    ("static_select", "options"): limits.SELECT_OPTIONS,
    ("overflow", "options"): limits.OVERFLOW_OPTIONS,
    ("data_table", "rows"): limits.DATA_TABLE_ROWS,
    ("pie", "segments"): limits.CHART_SEGMENTS,
    ("bar", "series"): limits.CHART_SERIES,
    ("axis_config", "categories"): limits.CHART_POINTS,
}


def oversized(blocks: Sequence[Mapping[str, Any]], text: str) -> list[str]:
    """Return a problem for each text or list that is empty or too long, such as `button.value: 2,031 characters, at
    most 2,000`. `text` is the fallback. Tests check shapes, with the stand-in."""
    found = list(_beyond("message.text", text, limits.MESSAGE_TEXT_CHARS))
    pending: list[tuple[str, str, Any]] = [("message", "blocks", list(blocks))] if blocks else []
    while pending:
        owner, key, value = pending.pop()
        if isinstance(value, dict):
            if value.get("type") not in ("plain_text", "mrkdwn"):
                pending += [(value.get("type", key), inner, value[inner]) for inner in value]
                continue
            value = value["text"]
        if isinstance(value, str):
            found += _beyond(f"{owner}.{key}", value, _CHARS.get((owner, key)))
        elif isinstance(value, list):
            if (most := _ITEMS.get((owner, key))) and not 0 < len(value) <= most:
                found.append(f"{owner}.{key}: {len(value):,} items, at least 1 and at most {most:,}")
            pending += [(owner, key, each) for each in value]
    if (chars := text_chars(blocks)) > limits.ALL_TEXT_CHARS:
        found.append(f"blocks: {chars:,} characters of text together, at most {limits.ALL_TEXT_CHARS:,}")
    return found


def text_chars(blocks: Sequence[Mapping[str, Any]]) -> int:
    """Return the total characters of all texts, which Slack limits."""
    return sum(map(len, texts(blocks)))


def texts(value: Any) -> Iterator[str]:
    """Yield every string under a key `text` in the tree."""
    pending = [value]
    while pending:
        node = pending.pop()
        if isinstance(node, dict):
            for key, inner in node.items():
                if key == "text" and isinstance(inner, str):
                    yield inner
                else:
                    pending.append(inner)
        elif isinstance(node, list | tuple):
            pending.extend(node)


def _beyond(path: str, text: str, most: int | None) -> Iterator[str]:
    if most is None:
        return
    if not text.strip():
        yield f"{path}: is empty"
    elif len(text) > most:
        yield f"{path}: {len(text):,} characters, at most {most:,}"
