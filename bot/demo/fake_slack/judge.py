"""Judges a message's Block Kit JSON as Slack does: shapes, sizes and counts.

Slack answers a bad message with `invalid_blocks` and little else; `problems` names every violation with its
JSON path.  Only what this bot's messages may contain is known here: anything else (input, video, a user
select) is reported as unknown.  Numbers and their sources are in `bot.blockkit.limits`.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from bot.blockkit import limits
from bot.blockkit.sizes import text_chars
from bot.demo.fake_slack.judge_data import data_table, data_visualization, rich_text, table
from bot.demo.fake_slack.judge_parts import Report, element, image, kind, text_object


def problems(blocks: Sequence[Mapping[str, Any]], *, text: str | None = None) -> list[str]:
    """Every violation in a message, one line each, such as `blocks[3].accessory.value: 2,031 characters, …`.

    `text` is the message's fallback; None means that it is checked elsewhere.  Pure; never raises, whatever
    JSON value stands for `blocks` or `text`.  Messages hold at most 50 blocks:
    https://docs.slack.dev/reference/block-kit/blocks
    """
    report = Report()
    if text is not None:
        report.string(text, "text", limits.MESSAGE_TEXT_CHARS)
    found = report.items(blocks, "blocks", limits.MESSAGE_BLOCKS, least=0)
    if not found and text is None:
        report.add("message", "has neither text nor blocks")
    for index, block in enumerate(found):
        _block(report, block, f"blocks[{index}]")
    _whole_message(report, found)
    return report.lines


def _block(report: Report, block: Any, path: str) -> None:
    if not isinstance(block, Mapping):
        report.add(path, f"must be an object, not {kind(block)}")
        return
    name = block.get("type")
    if not isinstance(name, str) or name not in _BLOCKS:
        report.add(f"{path}.type", f"unknown block type {str(name)[:40]!r} for a message")
        return
    report.string(block.get("block_id"), f"{path}.block_id", limits.BLOCK_ID_CHARS, required=False)
    _BLOCKS[name](report, block, path)
    for action_id in _repeated(_action_ids(block)):
        report.add(path, f"action_id {action_id[:40]!r} is used more than once")


def _section(report: Report, value: Any, path: str) -> None:
    """https://docs.slack.dev/reference/block-kit/blocks/section-block"""
    block = report.mapping(value, path, "type block_id text fields accessory expand") or {}
    if "text" not in block and "fields" not in block:
        report.add(path, "needs text or fields")
    if "text" in block:
        text_object(report, block["text"], f"{path}.text", limits.SECTION_TEXT_CHARS)
    if "fields" in block:
        for index, field in enumerate(report.items(block["fields"], f"{path}.fields", limits.SECTION_FIELDS)):
            text_object(report, field, f"{path}.fields[{index}]", limits.FIELD_TEXT_CHARS)
    if "accessory" in block:
        element(report, block["accessory"], f"{path}.accessory", accessory=True)
    report.boolean(block.get("expand"), f"{path}.expand")


def _header(report: Report, value: Any, path: str) -> None:
    """https://docs.slack.dev/reference/block-kit/blocks/header-block"""
    block = report.mapping(value, path, "type block_id text") or {}
    text_object(report, block.get("text"), f"{path}.text", limits.HEADER_TEXT_CHARS, plain=True)


def _divider(report: Report, value: Any, path: str) -> None:
    report.mapping(value, path, "type block_id")


def _context(report: Report, value: Any, path: str) -> None:
    """https://docs.slack.dev/reference/block-kit/blocks/context-block"""
    block = report.mapping(value, path, "type block_id elements") or {}
    where = f"{path}.elements"
    for index, each in enumerate(report.items(block.get("elements"), where, limits.CONTEXT_ELEMENTS)):
        if isinstance(each, Mapping) and each.get("type") == "image":
            image(report, each, f"{where}[{index}]")
        else:
            text_object(report, each, f"{where}[{index}]", limits.TEXT_CHARS)


def _actions(report: Report, value: Any, path: str) -> None:
    """https://docs.slack.dev/reference/block-kit/blocks/actions-block"""
    block = report.mapping(value, path, "type block_id elements") or {}
    where = f"{path}.elements"
    for index, each in enumerate(report.items(block.get("elements"), where, limits.ACTIONS_ELEMENTS)):
        element(report, each, f"{where}[{index}]")


def _image(report: Report, value: Any, path: str) -> None:
    image(report, value, path, block=True)


_BLOCKS: Mapping[str, Callable[[Report, Any, str], None]] = {
    "section": _section,
    "header": _header,
    "divider": _divider,
    "context": _context,
    "actions": _actions,
    "image": _image,
    "rich_text": rich_text,
    "table": table,
    "data_table": data_table,
    "data_visualization": data_visualization,
}


def _whole_message(report: Report, blocks: Sequence[Any]) -> None:
    """The rules that no single block can break: unique ids, charts, and all text together."""
    objects = [block for block in blocks if isinstance(block, Mapping)]
    for block_id in _repeated(block.get("block_id") for block in objects):
        report.add("blocks", f"block_id {block_id[:40]!r} is used more than once")
    charts = sum(block.get("type") == "data_visualization" for block in objects)
    if charts > limits.CHARTS_PER_MESSAGE:
        report.add("blocks", f"{charts} charts, at most {limits.CHARTS_PER_MESSAGE}")
    tables = [block for block in objects if block.get("type") in ("table", "data_table")]
    if (chars := text_chars(tables)) > limits.TABLE_CELLS_TEXT_CHARS:
        report.add("blocks", f"{chars:,} characters in tables, at most {limits.TABLE_CELLS_TEXT_CHARS:,}")
    if (chars := text_chars(objects)) > limits.ALL_TEXT_CHARS:
        report.add("blocks", f"{chars:,} characters of text together, at most {limits.ALL_TEXT_CHARS:,}")


def _action_ids(block: Mapping[str, Any]) -> Iterator[Any]:
    elements = block.get("elements") if block.get("type") == "actions" else None
    for each in [block.get("accessory"), *(elements if isinstance(elements, list | tuple) else ())]:
        if isinstance(each, Mapping):
            yield each.get("action_id")


def _repeated(names: Iterator[Any]) -> list[str]:
    return [name for name, uses in Counter(name for name in names if isinstance(name, str)).items() if uses > 1]
