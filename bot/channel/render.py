"""Draw a channel's settings on one card, and the log of their changes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from bot.alerts.subscription import Subscription, subscription_line
from bot.alerts.subscription_render import beside, told_when
from bot.blockkit import actions as ids
from bot.blockkit.blocks import Block, Message, actions, button, context, section
from bot.blockkit.escape import code
from bot.blockkit.fit import NOTE_CHARS, Part, fair, fit, packed, share_chars
from bot.blockkit.help import COMMAND, typed
from bot.blockkit.limits import MESSAGE_BLOCKS
from bot.blockkit.mentions import mention
from bot.blockkit.phrases import Names, clock, count, date, room, sessions
from bot.db.setting_change import SettingChange
from bot.digests import list_render
from bot.digests.lines import digest_line
from bot.digests.model import Digest
from bot.outbox.message import Channel
from bot.outbox.render import halted, health_words, old
from bot.silence import mute_render, quiet_render
from bot.silence.lines import mute_line, quiet_line
from bot.silence.mute import Mute

VIEW = "settings"
CHANGES_MOST = 20
_LINE_CHARS = 300
_WORDS_CHARS, _WORDS_LEAST_CHARS = 120, 40
_TOLD_CHARS = 120
"""Least characters for what a subscription tells, beside its filters in words."""
_GROWN_CHARS = 10
"""Most characters by which shortened words exceed their share."""
_HEADS = 3
_NOTE_BLOCKS = 1
_ROOM = re.compile(r"\broom:([0-9a-f]{24})\b")


@dataclass(frozen=True, slots=True)
class ChannelSettings:
    """A channel's settings. `threads`: True if it gets replies; `stale`: a warning about old data, or ""."""

    channel_id: str
    channel: Channel
    subscriptions: Sequence[Subscription] = ()
    digests: Sequence[Digest] = ()
    mutes: Sequence[Mute] = ()
    quiets: quiet_render.Quiets = field(default_factory=list)
    threads: bool = True
    stale: str = ""

    @property
    def named_ids(self) -> list[str]:
        queries = [item.query for items in (self.subscriptions, self.digests, self.mutes) for item in items]
        return [id for query in queries for id in query.named_ids]


def settings_card(settings: ChannelSettings, *, names: Names, zone: str, as_of: datetime, invite: str = "") -> Message:
    """The card of a channel's settings; times are on the clock of `zone`, those of digests on their own."""
    return _Card(settings, names, zone, as_of, invite).message()


def changes_list(changes: Sequence[SettingChange], *, names: Names, as_of: datetime) -> Message:
    """The log of changes with their authors, newest first."""
    if not changes:
        text = "Nobody has changed this channel's settings yet."
        return Message(text, [section(text)])
    head = f"The last {count(len(changes), 'change', 'changes')} of this channel's settings"
    lines = [_change(each, names) for each in changes]
    foot = context(f"The newest first. As of {clock(as_of, as_of)}.")
    return Message(f"{head}.", [section(f"*{head}*"), *map(section, packed(lines)), foot])


def room_ids_of(changes: Iterable[SettingChange]) -> list[str]:
    """The ids of the rooms in the changes' command lines."""
    return [room_id for each in changes for room_id in _ROOM.findall(each.line)]


@dataclass(slots=True)
class _Entry:
    """One setting. `line`: the command line that makes it, shown `with_line`; `below`: buttons in a block of their
    own."""

    text: str
    line: str
    press: Block | None = None
    below: Block | None = None
    with_line: bool = False

    def blocks(self) -> list[Block]:
        told = section(f"{self.text}\n`{self.line}`" if self.with_line else self.text, self.press)
        return [told, self.below] if self.below else [told]


_Group = tuple[Block, list[_Entry]]


@dataclass(frozen=True, slots=True)
class _Card:
    settings: ChannelSettings
    names: Names
    zone: str
    as_of: datetime
    invite: str

    def message(self) -> Message:
        have = self.settings
        top = [
            section(f"*Settings of this channel* · {health_words(have.channel, have.stale)}"),
            *halted(have.channel_id, have.channel, self.invite),
            *old(have.stale),
        ]
        bottom = [
            *self._quiets(),
            self._threads(),
            actions(button(f"Last {CHANGES_MOST} changes", ids.RUN, ids.write("settings changes"))),
            context(
                f"Times in {self.zone}. `{COMMAND} help` lists all commands. As of {clock(self.as_of, self.as_of)}."
            ),
        ]
        most = MESSAGE_BLOCKS - len(top) - len(bottom) - _HEADS - _NOTE_BLOCKS
        blocks = fair([len(have.subscriptions), 2 * len(have.digests), len(have.mutes)], most)
        groups = self._groups(blocks, _WORDS_LEAST_CHARS)
        number = max(1, sum(len(some) for _, some in groups))
        spare = share_chars([*top, *_drawn(groups), *bottom], number, NOTE_CHARS) - _GROWN_CHARS
        if spare > _WORDS_LEAST_CHARS:
            groups = self._groups(blocks, min(_WORDS_CHARS, spare))
        left = share_chars([*top, *_drawn(groups), *bottom], 1, NOTE_CHARS)
        entries = [entry for _, some in groups for entry in some]
        for entry in sorted(entries, key=lambda entry: len(entry.line)):
            left -= len(entry.line) + len("\n``")
            entry.with_line = bool(entry.line) and left >= 0
        return Message(self._says(), [*top, *_drawn(groups), *bottom])

    def _groups(self, most: Sequence[int], words_chars: int) -> list[_Group]:
        """The numbered settings; `most`: how many blocks those of each kind may take."""
        subscriptions, digests, mutes = self.settings.subscriptions, self.settings.digests, self.settings.mutes
        verbs = "digest preview|pause|resume|remove"
        return [
            (
                self._head("🔔 *Subscriptions*", subscriptions, most[0], "subscribe", "subscriptions", "unsubscribe"),
                [self._subscription(subscription, words_chars) for subscription in subscriptions[: most[0]]],
            ),
            (
                self._head("📊 *Digests*", digests, most[1] // 2, "digest weekdays 9:00", "digests", verbs),
                [self._digest(digest, words_chars) for digest in digests[: most[1] // 2]],
            ),
            (
                self._head("🔕 *Mutes*", mutes, most[2], "mute 2h", "mutes", "unmute"),
                [self._mute(mute, words_chars) for mute in mutes[: most[2]]],
            ),
        ]

    def _subscription(self, subscription: Subscription, words_chars: int) -> _Entry:
        number, words = subscription.number, sessions(subscription.query, self.names, words_chars)
        told = [Part(f"told {told_when(subscription)}"), *(Part(text, 1) for text in beside(subscription))]
        by = Part(f"by {mention(subscription.created_by)}")
        text = fit([[Part(f"*{number}*"), Part(words)], [*told, by]], words_chars + _TOLD_CHARS)
        remove = self._press("Remove", f"unsubscribe {number}", f"Remove subscription {number}")
        return _Entry(text, _typed(subscription_line(subscription)), remove)

    def _digest(self, digest: Digest, words_chars: int) -> _Entry:
        text = list_render.row(digest, self.names, self.as_of, words_chars + 160)
        return _Entry(text, _typed(digest_line(digest)), below=list_render.buttons(digest, VIEW))

    def _mute(self, mute: Mute, words_chars: int) -> _Entry:
        text = mute_render.row(mute, self.names, self.zone, words_chars + 100)
        return _Entry(text, _typed(mute_line(mute, self.zone)), mute_render.unmute(mute, VIEW))

    def _quiets(self) -> Iterable[Block]:
        some = self.settings.quiets
        if not some:
            yield section(f"🌙 *Quiet hours*: none. `{COMMAND} quiet 22:00-7:00 weekdays` sets some.")
            return
        head = f"🌙 *Quiet hours*: {len(some)} · `{COMMAND} quiet off`"
        yield section(f"{head}\n{quiet_render.now_words(some, self.zone, self.as_of)}".rstrip())
        for quiet, by in some:
            text = f"{quiet_render.row(quiet, by)}\n`{typed(quiet_line(quiet))}`"
            yield section(text, quiet_render.turn_off(quiet, self.settings.channel_id, VIEW))

    def _threads(self) -> Block:
        on = self.settings.threads
        state = "joins and leaves are posted in the threads of cards" if on else "no replies"
        line, label = ("threads off", "Turn off") if on else ("threads on", "Turn on")
        text = f"🧵 *Threads* are {'on' if on else 'off'}: {state}.\n`{COMMAND} {line}`"
        return section(text, self._press(label, line, f"{label} replies in threads"))

    def _head(self, title: str, some: Sequence[object], most: int, make: str, lists: str, buttons: str) -> Block:
        if not some:
            return section(f"{title}: none. `{COMMAND} {make}` makes one.")
        more = f", {len(some) - most} more than here: `{COMMAND} {lists}`" if len(some) > most else ""
        return section(f"{title}: {len(some)}{more} · `{COMMAND} {buttons} &lt;number&gt;`")

    def _press(self, label: str, line: str, spoken: str) -> Block:
        return button(label, ids.SET, ids.write(self.settings.channel_id, VIEW, line), spoken=spoken)

    def _says(self) -> str:
        have = self.settings
        counted = [
            count(len(have.subscriptions), "subscription", "subscriptions"),
            count(len(have.digests), "digest", "digests"),
            count(len(have.mutes), "mute", "mutes"),
            "quiet hours" if have.quiets else "no quiet hours",
            f"threads {'on' if have.threads else 'off'}",
        ]
        return f"Settings of this channel: {', '.join(counted)}."


def _drawn(groups: Sequence[_Group]) -> list[Block]:
    return [block for head, some in groups for block in (head, *(each for entry in some for each in entry.blocks()))]


def _typed(line: str) -> str:
    """A command line to be shown with its entry; "" if it is too long."""
    return typed(line) if len(line) <= _LINE_CHARS else ""


def _change(change: SettingChange, names: Names) -> str:
    rooms = dict.fromkeys(room_id for room_id in _ROOM.findall(change.line) if room_id in names)
    where = f" ({', '.join(room(room_id, names, 30) for room_id in list(rooms)[:3])})" if rooms else ""
    when = date(datetime.fromtimestamp(change.at_ms / 1000, UTC))
    return f"{when} · {_who(change.by)} · `{COMMAND} {_cut(change.line, 220)}`{where}"


def _who(person: str) -> str:
    """A mention of the person, or `the bot`, which changes settings itself where Slack refuses it something."""
    return mention(person) if person else "the bot"


def _cut(line: str, most_chars: int) -> str:
    return code(line if len(line) <= most_chars else f"{line[: most_chars - 1]}…")
