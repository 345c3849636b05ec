"""The state of one workspace, and the rules of who sees and may change what.  No network, no waiting."""

import copy
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from bot.demo.fake_slack import seed
from bot.demo.fake_slack.ledger import Change, Ledger
from bot.demo.fake_slack.model import Channel, Json, Message, User

_BASE32 = "0123456789ABCDEFGHJKLMNPQRSTVWXY"


class Workspace:
    """Team, people, channels and messages.  `clock` gives epoch seconds; every change goes to the ledger."""

    app_id, bot_id, bot_user = seed.APP_ID, seed.BOT_ID, seed.BOT_USER

    def __init__(
        self, manifest: Mapping[str, Any] | None, clock: Callable[[], float], ledger: Ledger, team_id: str
    ) -> None:
        self.team_id = team_id
        self._clock = clock
        self.data_blocks = True  # this workspace has charts and tables, which were rolled out in phases
        self.org_wide = False  # the app is installed for the organisation: docs.slack.dev/enterprise
        self._ledger = ledger
        self._last_us = 0
        features = (manifest or {}).get("features", {})
        bot_name = features.get("bot_user", {}).get("display_name", "sessions-bot")
        self.commands: list[Json] = list(
            features.get("slash_commands", []) if manifest else [{"command": "/sessions", "should_escape": True}]
        )
        # Off unless the manifest says so; without a manifest the app is one that was set up well.
        self.messages_tab = manifest is None or bool(features.get("app_home", {}).get("messages_tab_enabled"))
        self.users = {user.id: user for user in seed.users(bot_name)}
        self.channels = {channel.id: channel for channel in seed.channels()}
        self.groups = {group.id: group for group in seed.groups()}
        self._messages: dict[tuple[str, str], Message] = {}

    # Looking up

    def user(self, name_or_id: str | None) -> User:
        """The person with this id or name; None is the main person.  LookupError if there is none."""
        wanted = (name_or_id or seed.ADA).removeprefix("@")
        for user in self.users.values():
            if wanted in (user.id, user.name):
                return user
        raise LookupError(f"no user {wanted!r}")

    def channel(self, name_or_id: str | None) -> Channel:
        """The channel with this id or name (`dm` is the bot's); None is the default one.  LookupError if none."""
        wanted = (name_or_id or seed.DEFAULT_CHANNEL).removeprefix("#")
        for channel in self.channels.values():
            if wanted in (channel.id, channel.name) or (wanted == "dm" and channel.is_im):
                return channel
        raise LookupError(f"no channel {wanted!r}")

    def direct(self, user_id: str) -> Channel:
        """The bot's direct conversation with a person, opened if need be."""
        for channel in self.channels.values():
            if channel.is_im and channel.im_user == user_id:
                return channel
        channel = Channel(_short_id("D07", user_id), "", {user_id, self.bot_user}, is_im=True, im_user=user_id)
        self.channels[channel.id] = channel
        self._ledger.change(Change("channels.changed"))
        return channel

    def join(self, channel: Channel, user_id: str) -> None:
        channel.members.add(user_id)
        self._ledger.change(Change("channels.changed"))

    def leave(self, channel: Channel, user_id: str) -> None:
        channel.members.discard(user_id)
        self._ledger.change(Change("channels.changed"))

    def set_archived(self, channel: Channel, is_archived: bool) -> None:
        channel.is_archived = is_archived
        self._ledger.change(Change("channels.changed"))

    def change_id(self, channel: Channel, new_id: str) -> None:
        """Gives a channel another id for good, as when a private one is shared; its messages stay.  The old id is gone:
        https://docs.slack.dev/reference/events/channel_id_changed
        """
        moved = {key: self._messages.pop(key) for key in list(self._messages) if key[0] == channel.id}
        del self.channels[channel.id]
        for (_, ts), message in moved.items():
            self._messages[new_id, ts] = replace(message, channel=new_id)
        channel.id = new_id
        self.channels[new_id] = channel
        self._ledger.change(Change("channels.changed"))

    def messages(self, channel_id: str | None = None) -> list[Message]:
        """Messages that all members see, oldest first, without tombstones."""
        return [each for each in self._all(channel_id) if not each.ephemeral and not each.is_tombstone]

    def history(self, channel_id: str) -> list[Message]:
        """The same with tombstones, as conversations.history and .replies have them."""
        return [each for each in self._all(channel_id) if not each.ephemeral]

    def ephemerals(self, user_id: str | None = None, channel_id: str | None = None) -> list[Message]:
        """Messages that one person sees (all such, without `user_id`), oldest first, as they are now."""
        found = (each for each in self._all(channel_id) if each.ephemeral)
        return [each for each in found if user_id is None or each.ephemeral_to == user_id]

    def find(self, channel_id: str, ts: str) -> Message | None:
        return self._messages.get((channel_id, ts))

    def reply_count(self, message: Message) -> int:
        replies = (each for each in self.messages(message.channel) if each.thread_ts == message.ts)
        return sum(each.ts != message.ts for each in replies)

    def _all(self, channel_id: str | None) -> list[Message]:
        found = [each for each in self._messages.values() if channel_id in (None, each.channel)]
        return sorted(found, key=lambda each: each.ts)

    # Changing

    def post(self, channel_id: str, user_id: str, text: str, blocks: list[Json], **more: Any) -> Message:
        """Stores and announces a new message; `more` are further fields of `Message`.

        A bot id is added when the bot is the author; blocks and elements without an id get one, as in Slack.
        """
        ts = self.next_ts()
        bot_id = self.bot_id if user_id == self.bot_user else None
        named = with_ids(blocks, ts)
        message = Message(ts, channel_id, user_id, text, named, bot_id=bot_id, **more)
        self._messages[channel_id, ts] = message
        self._announce("message.posted", message)
        return message

    def change(self, message: Message, **fields: Any) -> Message:
        """Replaces fields of a stored message and announces it."""
        if "blocks" in fields:
            fields["blocks"] = with_ids(fields["blocks"], self.next_ts())
        changed = replace(message, **fields)
        self._messages[message.channel, message.ts] = changed
        self._announce("message.changed", changed)
        return changed

    def delete(self, message: Message) -> None:
        """One with replies leaves a tombstone."""
        if self.reply_count(message):
            gone = Message(
                message.ts, message.channel, seed.SLACKBOT, "This message was deleted.",
                thread_ts=message.ts, is_tombstone=True,
            )  # fmt: skip
            self._messages[message.channel, message.ts] = gone
        else:
            del self._messages[message.channel, message.ts]
        self._announce("message.deleted", message)

    def slackbot_says(self, channel_id: str, user_id: str, text: str) -> Message:
        """Slack's own word to one person, such as the failure of a command."""
        return self.post(channel_id, seed.SLACKBOT, text, [], ephemeral=True, ephemeral_to=user_id)

    def notice(self, channel_id: str, user_id: str, ts: str, text: str) -> None:
        """A small notice on one person's page, such as the failure of a button."""
        self._ledger.change(Change("notice", channel=channel_id, ts=ts, text=text, user=user_id))

    def next_ts(self) -> str:
        """A message id: the clock in seconds with six decimals, and always more than the one before."""
        self._last_us = max(self._last_us + 1, int(self._clock() * 1_000_000))
        return f"{self._last_us // 1_000_000}.{self._last_us % 1_000_000:06d}"

    def _announce(self, kind: str, message: Message) -> None:
        self._ledger.change(Change(kind, message, message.channel, message.ts, user=message.ephemeral_to))


def _short_id(prefix: str, seed_text: str, length: int = 8) -> str:
    digest = hashlib.sha256(seed_text.encode()).digest()
    return prefix + "".join(_BASE32[byte % 32] for byte in digest[:length])


def with_ids(blocks: list[Json], ts: str) -> list[Json]:
    """A deep copy in which every block has a block_id and every interactive element an action_id."""
    named = copy.deepcopy(blocks)
    for index, block in enumerate(named):
        block.setdefault("block_id", _short_id("", f"{ts}/{index}", 5))
        elements = block.get("elements", []) if block["type"] == "actions" else [block.get("accessory")]
        for place, element in enumerate(elements):
            if isinstance(element, dict) and element.get("type") != "image":
                element.setdefault("action_id", _short_id("", f"{ts}/{index}/{place}", 5))
    return named
