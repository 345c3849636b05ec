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
    assert kind == "divider", kind
    return sb.DividerBlock()


def _element(element: Json) -> sb.Element:
    if element["type"] == "button":
        return sb.Button(
            text=_text(element["text"]),
            action_id=element["action_id"],
            value=element["value"],
            style=element.get("style"),
            accessibility_label=element.get("accessibility_label"),
        )
    assert element["type"] == "static_select", element["type"]
    return sb.StaticSelectMenu(
        action_id=element["action_id"],
        placeholder=_text(element["placeholder"]),
        options=[sb.Option(text=_text(option["text"]), value=option["value"]) for option in element["options"]],
    )


def _text(text: Json) -> sb.Text:
    assert text.get("emoji") is not True
    return sb.Text(text["text"], type_=sb.TextType(text["type"]), verbatim=text.get("verbatim", False))
