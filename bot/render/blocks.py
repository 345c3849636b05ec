"""The few Block Kit shapes that the bot uses, as plain dicts (docs.slack.dev/reference/block-kit)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bot.render.escape import plain
from bot.render.limits import BUTTON_TEXT_CHARS, OPTION_TEXT_CHARS

Block = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Message:
    """What Slack gets: `text` for notifications and screen readers, `blocks` for the eye."""

    text: str
    blocks: Sequence[Block]


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
    """`spoken` is what a screen reader says where the label alone is not enough."""
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


def menu(label: str, action_id: str, options: Sequence[tuple[str, str]]) -> Block:
    """A static_select of (label, value)."""
    return {
        "type": "static_select",
        "placeholder": _plain(label),
        "action_id": action_id,
        "options": [{"text": _plain(plain(name, OPTION_TEXT_CHARS)), "value": value} for name, value in options],
    }


def _mrkdwn(text: str) -> Block:
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def _plain(text: str) -> Block:
    return {"type": "plain_text", "text": text, "emoji": False}
