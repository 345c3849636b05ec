"""The things of a workspace: people, channels, messages; and the records that tests read.

All values are immutable: a changed message is a new `Message` with the same `ts`, so a reference that a test
holds keeps showing what a person saw then.
"""

import html
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Ack:
    """The bot's acknowledgement of one delivery.

    `status` is the HTTP status (200 for a Socket Mode ack) or None when nothing arrived: late (`timed_out`), no
    connection, or not sent at all.  `body` is what it said, `elapsed_s` real seconds, `attempts` deliveries.
    """

    status: int | None
    body: str = ""
    elapsed_s: float = 0.0
    timed_out: bool = False
    attempts: int = 1


@dataclass(frozen=True, slots=True)
class Call:
    """One request of the bot: `method` is a Web API method or `response_url`; `at` is in epoch seconds.

    `status` is the HTTP status, 0 when the connection was dropped; `response` the JSON or `{"body": text}`.
    """

    method: str
    arguments: Json
    at: float
    status: int
    response: Json


@dataclass(frozen=True, slots=True)
class User:
    id: str
    name: str
    real_name: str
    tz: str | None = None
    tz_offset_s: int = 0
    is_bot: bool = False
    is_guest: bool = False
    is_deactivated: bool = False
    home: str | None = None  # another workspace, with which channels are shared (Slack Connect)
    workspaces: tuple[str, ...] = ()  # those of an organisation that the person is in (Enterprise Grid)

    def as_api(self, team_id: str) -> Json:
        """As users.info gives it: https://docs.slack.dev/reference/objects/user-object"""
        found: Json = {
            "id": self.id,
            "team_id": self.home or team_id,
            "name": self.name,
            "deleted": self.is_deactivated,
            "real_name": self.real_name,
            "is_admin": False,
            "is_bot": self.is_bot,
            "is_restricted": self.is_guest,
            "is_ultra_restricted": False,
            "is_app_user": False,
            "profile": {"real_name": self.real_name, "display_name": self.real_name},
        }
        if self.workspaces:
            found["enterprise_user"] = {"id": self.id, "teams": list(self.workspaces)}
        if self.tz is not None and not self.is_deactivated:
            found |= {"tz": self.tz, "tz_label": self.tz, "tz_offset": self.tz_offset_s}
        return found


@dataclass(slots=True)
class UserGroup:
    """People who are mentioned together, as `@handle`.  Mutable: people join, and it is switched off."""

    id: str
    handle: str
    name: str
    members: set[str]
    is_disabled: bool = False

    def as_api(self, team_id: str) -> Json:
        """As usergroups.list gives it: https://docs.slack.dev/reference/objects/usergroup-object"""
        return {
            "id": self.id,
            "team_id": team_id,
            "is_usergroup": True,
            "is_external": False,
            "name": self.name,
            "description": "",
            "handle": self.handle,
            "date_create": 1_600_000_000,
            "date_delete": 1_700_000_000 if self.is_disabled else 0,
            "user_count": str(len(self.members)),
        }


@dataclass(slots=True)
class Channel:
    """A conversation.  Mutable: people and the bot join.  A group direct message is also `is_private`.
    `is_ext_shared`: with another workspace (Slack Connect)."""

    id: str
    name: str
    members: set[str]
    is_private: bool = False
    is_im: bool = False
    is_mpim: bool = False
    is_archived: bool = False
    is_ext_shared: bool = False
    topic: str = ""
    im_user: str | None = None

    @property
    def payload_name(self) -> str:
        """The name that slash commands and interactions carry: that of a group direct message is its own, such as
        `mpdm-ada--ben--cleo-1`."""
        if self.is_mpim:
            return self.name
        return "directmessage" if self.is_im else "privategroup" if self.is_private else self.name

    def as_api(self, bot_user: str) -> Json:
        """As conversations.info gives it: https://docs.slack.dev/reference/objects/conversation-object"""
        found: Json = {
            "id": self.id,
            "is_channel": not self.is_im and not self.is_private,
            "is_group": self.is_private,
            "is_im": self.is_im,
            "is_mpim": self.is_mpim,
            "is_private": self.is_private or self.is_im,
            "is_archived": self.is_archived,
            "is_shared": self.is_ext_shared,
            "is_ext_shared": self.is_ext_shared,
            "num_members": len(self.members),
        }
        if self.is_im:
            return found | {"user": self.im_user}
        topic = {"value": self.topic, "creator": "", "last_set": 0}
        return found | {"name": self.name, "is_member": bot_user in self.members, "topic": topic}


@dataclass(frozen=True, slots=True)
class Message:
    """A message as a person sees it.  `ephemeral_to` is a user id; `edited` is `{"user", "ts"}` or None.

    `is_tombstone`: it was deleted and has replies, whose thread goes on.  `broadcast`: a reply that is also shown in
    the channel.
    """

    ts: str
    channel: str
    user: str
    text: str = ""
    blocks: Sequence[Json] = field(default_factory=list)
    ephemeral: bool = False
    ephemeral_to: str | None = None
    thread_ts: str | None = None
    edited: Json | None = None
    metadata: Json | None = None
    bot_id: str | None = None
    is_tombstone: bool = False
    broadcast: bool = False

    @property
    def labels(self) -> list[str]:
        """The visible texts of all buttons, in order."""
        return [str(each["text"]["text"]) for _, each in self.elements() if each.get("type") == "button"]

    @property
    def plain(self) -> str:
        """All visible text, one piece a line; a message with blocks shows those, not its `text`."""
        pieces = [piece for block in self.blocks for piece in _visible(block)]
        return "\n".join(pieces) if self.blocks else html.unescape(self.text)

    def elements(self) -> Iterator[tuple[Json, Json]]:
        """Every interactive element with its block, in reading order."""
        for block in self.blocks:
            inner = block.get("elements", []) if block["type"] == "actions" else [block.get("accessory")]
            for each in inner:
                if isinstance(each, dict) and "action_id" in each:
                    yield block, each

    def as_api(self, team_id: str, app_id: str, *, metadata: bool = True) -> Json:
        """As conversations.history gives it."""
        found: Json = {"type": "message", "user": self.user, "ts": self.ts, "text": self.text, "team": team_id}
        if self.is_tombstone:
            found |= {"subtype": "tombstone", "hidden": True}
        if self.broadcast:  # https://docs.slack.dev/reference/events/message/thread_broadcast
            found["subtype"] = "thread_broadcast"
        if self.bot_id is not None:
            found |= {"bot_id": self.bot_id, "app_id": app_id}
        optional = {"blocks": list(self.blocks), "thread_ts": self.thread_ts, "edited": self.edited}
        if metadata:
            optional["metadata"] = self.metadata
        return found | {key: value for key, value in optional.items() if value}


_HIDDEN = {"options", "option_groups", "confirm", "metadata"}
_TEXT_KEYS = {"text", "title", "caption", "label", "name", "alt_text", "fallback"}


def _visible(node: Any) -> Iterator[str]:
    if isinstance(node, Mapping):
        for key, inner in node.items():
            if isinstance(inner, str):
                if key in _TEXT_KEYS and inner:
                    # In mrkdwn alone `&lt;` is shown as `<`.
                    yield html.unescape(inner) if node.get("type") == "mrkdwn" else inner
            elif key not in _HIDDEN:
                yield from _visible(inner)
    elif isinstance(node, list | tuple):
        for inner in node:
            yield from _visible(inner)


def options_of(element: Mapping[str, Any]) -> list[Json]:
    """The options of a select or overflow menu, groups flattened."""
    found = list(element.get("options", []))
    for group in element.get("option_groups", []):
        found += group["options"]
    return found
