"""`ReplyTo`: where the answer to something that a person did goes. Each way in has its own target.

docs.slack.dev/reference/interaction-payloads: commands, presses on messages and shortcuts of messages have a
response_url; presses in views, forms and global shortcuts have none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class ResponseUrl:
    """The conversation that a command or a press was in: for one person, or for all who are in it."""

    url: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Modal:
    """A modal that a person has open. What replaces takes its place; anything else goes to them directly."""

    view_id: str
    user_id: str


@dataclass(frozen=True, slots=True)
class Home:
    """A person's Home tab. What replaces takes its place; anything else goes to them directly."""

    user_id: str


@dataclass(frozen=True, slots=True)
class DirectMessage:
    """The person, where there is nothing else."""

    user_id: str


@dataclass(frozen=True, slots=True)
class Nobody:
    """There is no one whom the bot can answer; `cause` is for the log."""

    cause: str


ReplyTo = ResponseUrl | Modal | Home | DirectMessage | Nobody


def reply_to(body: Mapping[str, Any], user_id: str, *, ours: bool) -> ReplyTo:
    """The target that a command's form or an interaction's payload asks for. `ours`: it is of the bot's own workspace;
    people of another one can't be reached with its token."""
    if url := body.get("response_url"):
        return ResponseUrl(str(url))
    if not user_id:
        return Nobody("nobody")
    if not ours:
        return Nobody("another workspace")
    view = body.get("view")
    if body.get("type") == "block_actions" and isinstance(view, Mapping):
        if view.get("type") == "home":
            return Home(user_id)
        if view.get("type") == "modal" and view.get("id"):
            return Modal(str(view["id"]), user_id)
    return DirectMessage(user_id)
