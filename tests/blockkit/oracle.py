"""slackblocks, an independent reading of Block Kit, as a judge of the JSON that we send."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import slackblocks as sb

Json = Mapping[str, Any]


def judge(blocks: Sequence[Json], text: str) -> None:
    """Rebuilds a message from its JSON; slackblocks raises where Slack would refuse it."""
    sb.Message(channel="C1", text=text, blocks=[_block(block) for block in blocks])


def _block(block: Json) -> sb.Block:
    kind = block["type"]
    if kind == "section":
        accessory = _element(block["accessory"]) if "accessory" in block else None
        text = _text(block["text"]) if "text" in block else None
        fields = [_text(field) for field in block["fields"]] if "fields" in block else None
        return sb.SectionBlock(text=text, fields=fields, accessory=accessory)
    if kind == "context":
        return sb.ContextBlock(elements=[_text(element) for element in block["elements"]])
    if kind == "actions":
        return sb.ActionsBlock(elements=[_element(element) for element in block["elements"]])
    if kind == "header":
        return sb.HeaderBlock(text=_text(block["text"]))
    if kind == "data_visualization":
        return sb.DataVisualizationBlock(title=block["title"], chart=_chart(block["chart"]))
    if kind == "data_table":
        rows = [[_cell(cell) for cell in row] for row in block["rows"]]
        return sb.DataTableBlock(rows, block["caption"], block["page_size"], block["row_header_column_index"])
    assert kind == "divider", kind
    return sb.DividerBlock()


def _chart(chart: Json) -> sb.Chart:
    if chart["type"] == "pie":
        return sb.PieChart([sb.ChartSegment(each["label"], each["value"]) for each in chart["segments"]])
    assert chart["type"] == "bar", chart["type"]
    series = [
        sb.DataSeries(each["name"], [sb.DataPoint(point["label"], point["value"]) for point in each["data"]])
        for each in chart["series"]
    ]
    return sb.BarChart(series, sb.AxisConfig(**chart["axis_config"]))


def _cell(cell: Json) -> sb.RawText | sb.RawNumber:
    if cell["type"] == "raw_number":
        return sb.RawNumber(cell["value"], cell["text"])
    assert cell["type"] == "raw_text", cell["type"]
    return sb.RawText(cell["text"])


def _element(element: Json) -> sb.Element:
    if element["type"] == "button":
        return sb.Button(
            text=_text(element["text"]),
            action_id=element["action_id"],
            value=element["value"],
            style=element.get("style"),
            accessibility_label=element.get("accessibility_label"),
        )
    options = [sb.Option(text=_text(option["text"]), value=option["value"]) for option in element["options"]]
    if element["type"] == "overflow":
        return sb.OverflowMenu(element["action_id"], options)
    assert element["type"] == "static_select", element["type"]
    return sb.StaticSelectMenu(
        action_id=element["action_id"], placeholder=_text(element["placeholder"]), options=options
    )


def _text(text: Json) -> sb.Text:
    assert text.get("emoji") is not True
    return sb.Text(text["text"], type_=sb.TextType(text["type"]), verbatim=text.get("verbatim", False))
