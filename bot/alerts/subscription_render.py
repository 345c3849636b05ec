"""Draw subscriptions: the answer to who makes or ends one, the channel's notice, and the list."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Literal

from bot.alerts.matching import moves
from bot.alerts.subscription import Subscribed, Subscription, subscription_line
from bot.blockkit import actions as ids
from bot.blockkit.blocks import Block, Message, actions, button, context, menu, section
from bot.blockkit.fit import NOTE_CHARS, Part, fit, fitting, packed, share_chars
from bot.blockkit.help import COMMAND, typed
from bot.blockkit.limits import ALL_TEXT_CHARS, SECTION_TEXT_CHARS, SELECT_OPTIONS
from bot.blockkit.mentions import mention
from bot.blockkit.phrases import SESSIONS, Names, clock, count, length, listed, person, room, sessions
from bot.outbox.message import Channel
from bot.outbox.render import halted, health_words, let_in, old, stopped
from bot.query.kinds import KINDS

CARDS_MOST = 36
LIVE_NAMED = 5
"""Most rooms named of the sessions that match when somebody subscribes to what is wrong."""
WORDS_CHARS = 1_000  # of a filter in words, where it stands alone
_WORDS_LEAST_CHARS = 40


Told = Mapping[int, int]
"""The time of each subscription's last message (ms since 1970) by its number, as far as that is kept."""
KEPT_DAYS = 7


def subscribed(done: Subscribed, invite: str) -> Message:
    """The answer to who subscribed, with the query in words. `invite`: the line that lets the bot in."""
    subscription, number, paused = done.subscription, done.subscription.number, done.channel.paused
    head = {
        "new": f"✅ Subscribed, as number {number}.",
        "same": f"✅ Nothing to change: that is number {number}, made by {mention(subscription.created_by)}.",
        "changed": f"✅ Number {number} already existed; what it tells about has changed.",
    }[done.how]
    words, told, line = sessions(subscription.query, done.names, WORDS_CHARS), _told(subscription), _line(subscription)
    now = _now(subscription, done.live, done.names)
    foot = [f"`{COMMAND} unsubscribe {number}` ends it, `{COMMAND} subscriptions` lists all in this channel."]
    if done.waiting:
        hint = "" if done.channel.last_ms else f" If it doesn't come, {let_in(invite, subscription.channel_id)}."
        foot.append(f"My first message is on its way.{hint}")
    blocks = [
        section(f"{head}\n{words}\n{told} {now}"),
        *([stopped(subscription.channel_id, paused, invite)] if paused else []),
        *([context(f"`{line}`")] if line else []),
        context(*foot),
    ]
    return Message(f"{head} {words}. {told}{' The channel is paused.' if paused else ''}", blocks)


def announced(
    subscription: Subscription, how: Literal["new", "changed"] = "new", *, by: str, live: Sequence[str], names: Names,
    notified: Mapping[str, str],
) -> Message:  # fmt: skip
    """The channel's first message about a new or changed subscription, which shows that the bot can post there. `by`:
    the name of who made or changed it; `live`: the rooms of the sessions that match now; `notified`: the names of those
    it notifies, by their ids."""
    words, told = sessions(subscription.query, names, WORDS_CHARS), _told(subscription, notified)
    only_end = subscription.kinds == {"end"} and not subscription.fires
    about = (
        f"Each session has one message here, {'when it has ended' if only_end else 'kept up to date until it ends'}."
    )
    if subscription.kinds & {"join", "leave"}:
        about += " Joins and leaves are posted in its thread."
    see = f"`{COMMAND} subscriptions` lists this channel's subscriptions, with a button to end each."
    if how == "new":
        head, text = f"{person(by)} subscribed this channel to", f"This channel is subscribed to {words}."
    else:
        head, text = (
            f"{person(by)} changed what this channel is told about",
            f"What this channel is told of {words} has changed.",
        )
    blocks = [section(f"🔔 {head}\n{words}\n{told} {_now(subscription, live, names)}"), context(about, see)]
    return Message(f"🔔 {text} {told}", blocks)


def unsubscribed(gone: Sequence[Subscription], names: Names) -> Message:
    """The answer to who ended subscriptions, with the lines that make them again, as far as a message has room."""
    lines = [line for line in map(_line, gone) if line]
    if len(gone) == 1:
        head = f"🔕 Subscription {gone[0].number} has ended."
        words = sessions(gone[0].query, names, WORDS_CHARS)
        again = [section(f"To have it again:\n```{line}```") for line in lines]
        text = f"{head} {words}." + "".join(f" To have it again: `{line}`" for line in lines)
        return Message(text, [section(f"{head}\n{words}"), *again])
    head = f"🔕 Subscriptions {listed([str(each.number) for each in gone])} have ended."
    shown = fitting(lines, ALL_TEXT_CHARS - NOTE_CHARS)
    again = [section(f"```{text}```") for text in packed(shown, SECTION_TEXT_CHARS - 6)]
    left = len(gone) - len(shown)
    more = [context(f"… and {left} more, whose lines have no room here.")] if left else []
    return Message(head, [section(head), *again, *more])


def subscriptions_list(
    channel_id: str,
    items: Sequence[Subscription],
    channel: Channel,
    *,
    told: Told,
    names: Names,
    as_of: datetime,
    stale: str = "",
    invite: str = "",
) -> Message:
    """The list of a channel's subscriptions. Up to `CARDS_MOST` have a section each with a Remove button; more of them
    a line each, and a menu. `stale`: a warning about old data, or ""."""
    if not items:
        text = "This channel has no subscriptions."
        how = f"Make one:\n```{COMMAND} subscribe role:host on:start,end```"
        about = context(f"`on:` takes {', '.join(KINDS)}; `{COMMAND} help` lists all filters.")
        return Message(text, [section(text), *halted(channel_id, channel, invite), section(how), about, *old(stale)])
    total = count(len(items), "subscription", "subscriptions")
    head = [
        section(f"*{total}* of this channel · {health_words(channel, stale)}"),
        *halted(channel_id, channel, invite),
        *old(stale),
    ]
    make = f"`{COMMAND} subscribe` makes one, or changes what the one with the same filters tells about."
    foot = [context(f"{make} As of {clock(as_of, as_of)}.")]
    room_chars = share_chars([*head, *foot], 1, NOTE_CHARS)
    many = len(items) > CARDS_MOST
    drawn = _lines(items, names, room_chars) if many else _cards(items, told, names, as_of, room_chars)
    says = f"{total} of this channel{', paused' if channel.paused else ''}."
    return Message(says, [*head, *drawn, *foot])


def _cards(
    items: Sequence[Subscription], told: Told, names: Names, as_of: datetime, room_chars: int
) -> Iterable[Block]:
    most_chars = min(SECTION_TEXT_CHARS, room_chars // len(items) - len("Remove"))
    for subscription in items:
        number = subscription.number
        when, more = f"told {told_when(subscription)}", beside(subscription)
        about = [when, *more, f"by {mention(subscription.created_by)}", _last(subscription, told, as_of)]
        left_chars = most_chars - len(f"*{number}* ·  · ") - sum(len(text) + 3 for text in about)
        words = sessions(subscription.query, names, max(_WORDS_LEAST_CHARS, left_chars))
        lines = [
            [Part(f"*{number}*"), Part(words)],
            [Part(when), *(Part(text, 1) for text in more)],
            [Part(about[-2]), Part(about[-1], 2)],
        ]
        remove = button("Remove", ids.SET, _removing(subscription), spoken=f"Remove subscription {number}")
        yield section(fit(lines, most_chars), remove)


def _lines(items: Sequence[Subscription], names: Names, room_chars: int) -> Iterable[Block]:
    shown = items[:SELECT_OPTIONS]
    more = [f"… and {len(items) - len(shown):,} more"] if len(items) > len(shown) else []
    placeholder = "Remove number …"
    fixed = sum(map(len, [placeholder, *more]))
    lines, options = [], []
    for subscription in shown:
        number = str(subscription.number)
        most_chars = (room_chars - fixed) // len(shown) - len(number) - 1
        others = [mention(subscription.created_by), ", ".join(subscription.kinds_in_order)]
        left_chars = most_chars - sum(len(text) + 3 for text in others) - len(f"{number}  · ") + len(SESSIONS)
        words = sessions(subscription.query, names, max(_WORDS_LEAST_CHARS, left_chars)).removeprefix(SESSIONS)
        parts = [Part(f"{number} {words}"), Part(others[0], 2), Part(others[1], 1)]
        lines.append(fit([[*parts, *(Part(text, 3) for text in beside(subscription))]], most_chars))
        options.append((number, _removing(subscription)))
    for text in packed([*lines, *more]):
        yield section(text)
    yield actions(menu(placeholder, ids.SET, options))


def _removing(subscription: Subscription) -> str:
    """The value of the button or option that removes it from the list."""
    return ids.write(subscription.channel_id, "subscriptions", f"unsubscribe {subscription.number}")


def _last(subscription: Subscription, told: Told, as_of: datetime) -> str:
    if (last_ms := told.get(subscription.number, -1)) >= subscription.created_ms:
        return f"last message {clock(_moment(last_ms), as_of)}"
    young = as_of - _moment(subscription.created_ms) < timedelta(days=KEPT_DAYS)
    return "no message yet" if young else f"no message in the last {KEPT_DAYS} days"


def _moment(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1_000, UTC)


def told_when(subscription: Subscription) -> str:
    """`when one opens or ends, and when someone joins`; `comes to match` for queries that may match later."""
    verbs: dict[str, list[str]] = {"one": ["starts", "stops matching"]} if subscription.fires else {}
    for kind in subscription.kinds_in_order:
        if not (subscription.fires and KINDS[kind].who == "one"):
            verbs.setdefault(KINDS[kind].who, []).append(KINDS[kind].does)
    told = ", and ".join(f"when {who} {' or '.join(does)}" for who, does in verbs.items())
    return told.replace("opens", "comes to match") if moves(subscription.query) else told


def beside(subscription: Subscription, names: Names | None = None) -> list[str]:
    """`mentions Ada and @oncall`, `reminds every 30 min`, as far as it does. Without `names`, by id, it has real
    mentions, for a message that one person sees."""
    who = [mention(each) if names is None else person(names[each]) for each in subscription.notify]
    return [
        *([f"mentions {listed(who)}"] if who else []),
        *([f"reminds every {length(subscription.every_s)}"] if subscription.every_s else []),
    ]


def _told(subscription: Subscription, names: Names | None = None) -> str:
    more = ", ".join(beside(subscription, names))
    return f"This channel is told {told_when(subscription)}.{f' {more[0].upper()}{more[1:]}.' if more else ''}"


def _now(subscription: Subscription, live: Sequence[str], names: Names) -> str:
    one, many = ("matches", "match") if moves(subscription.query) else ("is live", "are live")
    if not live:
        return f"None {one} now."
    if subscription.fires:
        rooms = list(dict.fromkeys(live))
        more = [f"{len(rooms) - LIVE_NAMED} more"] if len(rooms) > LIVE_NAMED else []
        said = listed([*(room(each, names) for each in rooms[:LIVE_NAMED]), *more])
        return f"{said} {one if len(rooms) == 1 else many} already, without an alert."
    return f"{len(live):,} {one if len(live) == 1 else many} now: only changes from now on are posted."


def _line(subscription: Subscription) -> str:
    """The line to type that makes the subscription; "" if it is too long."""
    return typed(subscription_line(subscription))
