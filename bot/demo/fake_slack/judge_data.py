"""Checks of the blocks that carry data: rich_text, table, data_table and data_visualization.

Every function adds lines to a `Report` and returns nothing; none raises, whatever JSON it is given.  Caller:
`judge` only.
"""

import math
from collections.abc import Mapping
from typing import Any

from bot.blockkit import limits
from bot.demo.fake_slack.judge_parts import Report, kind

_RICH_CONTAINERS = ("rich_text_section", "rich_text_list", "rich_text_preformatted", "rich_text_quote")


def rich_text(report: Report, value: Any, path: str) -> None:
    """A rich_text block or cell: its outer structure, and that text elements hold non-empty strings.

    https://docs.slack.dev/reference/block-kit/blocks/rich-text-block
    """
    block = report.mapping(value, path, "type block_id elements")
    if block is None:
        return
    for index, each in enumerate(report.items(block.get("elements"), f"{path}.elements", most=1_000)):
        where = f"{path}.elements[{index}]"
        if not isinstance(each, Mapping):
            report.add(where, f"must be an object, not {kind(each)}")
            continue
        report.one_of(each.get("type"), f"{where}.type", _RICH_CONTAINERS, required=True)
        for place, leaf in enumerate(report.items(each.get("elements"), f"{where}.elements", 1_000, least=0)):
            inner = f"{where}.elements[{place}]"
            if not isinstance(leaf, Mapping) or not isinstance(leaf.get("type"), str):
                report.add(inner, "must be an object with a type")
            elif leaf["type"] == "text" and (not isinstance(leaf.get("text"), str) or not leaf["text"]):
                report.add(f"{inner}.text", "must be a string that is not empty")


def _cell(report: Report, value: Any, path: str, *, header: bool = False) -> None:
    name = value.get("type") if isinstance(value, Mapping) else None
    if name == "rich_text" and not header:
        rich_text(report, value, path)
    elif name in ("raw_text", "raw_number"):
        cell = report.mapping(value, path, "type text" if name == "raw_text" else "type text value") or {}
        if not isinstance(cell.get("text"), str) or not cell["text"]:
            report.add(f"{path}.text", "must be a string that is not empty")
        if name == "raw_number":
            _number(report, cell.get("value"), f"{path}.value")
    else:
        report.add(path, "must be a raw_text or raw_number cell" + ("" if header else ", or rich_text"))


def _number(report: Report, value: Any, path: str) -> bool:
    """True if `value` is a finite JSON number; else a violation is added."""
    good = isinstance(value, int | float) and not isinstance(value, bool)
    if not good or (isinstance(value, float) and not math.isfinite(value)):
        report.add(path, "must be a finite number")
        return False
    return True


def table(report: Report, value: Any, path: str) -> None:
    """https://docs.slack.dev/reference/block-kit/blocks/table-block"""
    block = report.mapping(value, path, "type block_id rows column_settings")
    if block is None:
        return
    for index, row in enumerate(report.items(block.get("rows"), f"{path}.rows", limits.TABLE_ROWS)):
        where = f"{path}.rows[{index}]"
        for column, cell in enumerate(report.items(row, where, limits.TABLE_COLUMNS)):
            _cell(report, cell, f"{where}[{column}]")
    if "column_settings" in block:
        settings = report.items(block["column_settings"], f"{path}.column_settings", limits.TABLE_COLUMN_SETTINGS)
        for index, each in enumerate(settings):
            where = f"{path}.column_settings[{index}]"
            # Slack lets a null stand for "as usual" in this array.
            setting = {} if each is None else report.mapping(each, where, "align is_wrapped") or {}
            report.one_of(setting.get("align"), f"{where}.align", ("left", "center", "right"))
            report.boolean(setting.get("is_wrapped"), f"{where}.is_wrapped")


def data_table(report: Report, value: Any, path: str) -> None:
    """https://docs.slack.dev/reference/block-kit/blocks/data-table-block; the first row is the header."""
    block = report.mapping(value, path, "type block_id rows caption page_size row_header_column_index")
    if block is None:
        return
    report.string(block.get("caption"), f"{path}.caption", limits.TEXT_CHARS)
    report.integer(block.get("page_size"), f"{path}.page_size", 1, limits.DATA_TABLE_PAGE_SIZE)
    least, most = limits.DATA_TABLE_ROWS_MIN, limits.DATA_TABLE_ROWS
    rows = report.items(block.get("rows"), f"{path}.rows", most, least)
    width = len(rows[0]) if rows and isinstance(rows[0], list | tuple) else 0
    last = max(width - 1, 0)
    report.integer(block.get("row_header_column_index"), f"{path}.row_header_column_index", 0, last)
    for index, row in enumerate(rows):
        where = f"{path}.rows[{index}]"
        cells = report.items(row, where, limits.DATA_TABLE_COLUMNS)
        if len(cells) != width:
            report.add(where, f"{len(cells)} cells, but the header has {width}")
        for column, cell in enumerate(cells):
            _cell(report, cell, f"{where}[{column}]", header=index == 0)


def data_visualization(report: Report, value: Any, path: str) -> None:
    """https://docs.slack.dev/reference/block-kit/blocks/data-visualization-block"""
    block = report.mapping(value, path, "type block_id title chart")
    if block is None:
        return
    report.string(block.get("title"), f"{path}.title", limits.CHART_TITLE_CHARS)
    chart = block.get("chart")
    name = chart.get("type") if isinstance(chart, Mapping) else None
    if name == "pie":
        _pie(report, chart, f"{path}.chart")
    elif isinstance(name, str) and name in ("bar", "area", "line"):
        _axis_chart(report, chart, f"{path}.chart")
    else:
        report.add(f"{path}.chart", "must be an object of type pie, bar, area or line")


def _pie(report: Report, value: Any, path: str) -> None:
    chart = report.mapping(value, path, "type segments") or {}
    segments = report.items(chart.get("segments"), f"{path}.segments", limits.CHART_SEGMENTS)
    for index, each in enumerate(segments):
        where = f"{path}.segments[{index}]"
        if (segment := report.mapping(each, where, "label value")) is None:
            continue
        report.string(segment.get("label"), f"{where}.label", limits.CHART_LABEL_CHARS)
        if _number(report, segment.get("value"), f"{where}.value") and segment["value"] <= 0:
            report.add(f"{where}.value", "must be more than 0")


def _axis_chart(report: Report, value: Any, path: str) -> None:
    chart = report.mapping(value, path, "type series axis_config") or {}
    axis = report.mapping(chart.get("axis_config"), f"{path}.axis_config", "categories x_label y_label") or {}
    for label in ("x_label", "y_label"):
        where = f"{path}.axis_config.{label}"
        report.string(axis.get(label), where, limits.CHART_AXIS_LABEL_CHARS, required=False, blank=True)
    where = f"{path}.axis_config.categories"
    categories = report.items(axis.get("categories"), where, limits.CHART_POINTS)
    for index, category in enumerate(categories):
        report.string(category, f"{where}[{index}]", limits.CHART_LABEL_CHARS)
    wanted = sorted(each for each in categories if isinstance(each, str))
    if len(set(wanted)) != len(wanted):
        report.add(where, "must be unique")
    names = []
    for index, each in enumerate(report.items(chart.get("series"), f"{path}.series", limits.CHART_SERIES)):
        where = f"{path}.series[{index}]"
        if (series := report.mapping(each, where, "name data")) is None:
            continue
        report.string(series.get("name"), f"{where}.name", limits.CHART_LABEL_CHARS)
        if series.get("name") in names:
            report.add(f"{where}.name", "must be unique")
        names.append(series.get("name"))
        if _labels(report, series.get("data"), f"{where}.data") != wanted:
            report.add(f"{where}.data", "must hold each category exactly once")


def _labels(report: Report, data: Any, path: str) -> list[str]:
    """Checks a series' points; their labels, sorted."""
    labels = []
    for index, each in enumerate(report.items(data, path, limits.CHART_POINTS)):
        where = f"{path}[{index}]"
        if (point := report.mapping(each, where, "label value")) is None:
            continue
        report.string(point.get("label"), f"{where}.label", limits.CHART_LABEL_CHARS)
        _number(report, point.get("value"), f"{where}.value")
        if isinstance(point.get("label"), str):
            labels.append(point["label"])
    return sorted(labels)
