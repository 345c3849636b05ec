"""Route changes of sessions to channels: subscriptions and cards in, notifications out. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from bot.alerts.fire import Case, FiringPlace, fire, summarised
from bot.alerts.firing import Firing
from bot.alerts.matching import Matcher, is_news
from bot.alerts.notification import Edit, Notification, OfCard, Post, Reply, RollUp
from bot.alerts.subscription import Subscription
from bot.outbox.card import Card, Status
from bot.query.filter_entry import Facts
from bot.query.kinds import SHOWS
from bot.query.plan import NO_ROOMS
from bot.sessions.diff import SessionChange
from bot.sessions.model import Room, Session
from bot.silence.policy import SilencePolicy

NOTHING: Mapping[str, int] = {}
ROLL_UP_OVER = 10
"""More new messages than this for a channel in one poll become one that lists them."""


class Decision(NamedTuple):
    """The cards and firings that change, and the notifications in order."""

    cards: list[Card]
    notifications: list[Notification]
    firings: list[Firing]


def route(
    changes: Sequence[SessionChange],
    subscriptions: Sequence[Subscription],
    cards: Iterable[Card],
    now: datetime,
    policy: SilencePolicy,
    told: Mapping[str, int] = NOTHING,
    rooms: Mapping[str, Room] = NO_ROOMS,
    firings: Iterable[Firing] = (),
    seq: int = 0,
) -> Decision:
    """Decide what channels hear of these changes. The policy silences new messages; edits make no noise, and go on.
    `told`: the number of ended sessions of the same backlog that each channel has heard of. `seq`: the snapshot that
    the sweep began from."""
    matching, facts = Matcher(subscriptions, now, rooms), Facts(now, rooms)
    by_session: dict[str, dict[str, Card]] = {}
    for card in cards:
        by_session.setdefault(card.session_id, {})[card.channel_id] = card
    firing_at: dict[tuple[str, str], dict[int, Firing]] = {}
    for firing in firings:
        firing_at.setdefault((firing.channel_id, firing.session_id), {})[firing.number] = firing
    kept: dict[tuple[str, str], Card] = {}
    changed: dict[FiringPlace, Firing] = {}
    notifications: list[OfCard] = []
    for change in changes:
        before = by_session.get(change.session.id, {})
        for card, news, asking in _each(change, matching.matching(change.session), before):
            was = before.get(card.channel_id)
            if news or card != was:
                card, news = _heard(card, news, was, change.session, policy)
            case = Case(change.session, was, asking, firing_at.get(card.place, {}))
            card, news, others = fire(case, card, news, facts, policy)
            changed |= {firing.place: firing for firing in others}
            if news or card != was:
                kept[card.place] = card
                notifications += news
    rest = summarised(notifications, kept, changed, seq)
    cards_now, rolled_up = _rolled_up(kept, rest, told)
    return Decision([card for card in cards_now if not _needless(card, by_session)], rolled_up, list(changed.values()))


def _each(
    change: SessionChange, subscriptions: Sequence[Subscription], cards: Mapping[str, Card]
) -> Iterable[tuple[Card, list[OfCard], Sequence[Subscription]]]:
    """The card of each channel that the change concerns, with its notifications but those of firings, and the
    subscriptions that the session matches; those that fire only while it is live."""
    by_channel: dict[str, list[Subscription]] = {}
    for each in subscriptions:
        if change.session.active or not each.fires:
            by_channel.setdefault(each.channel_id, []).append(each)
    for channel_id in dict.fromkeys((*cards, *by_channel)):
        matching = by_channel.get(channel_id, [])
        plain = [each for each in matching if not each.fires]
        before = cards.get(channel_id)
        numbers = frozenset(each.number for each in matching)
        if before is None:
            new = Card(matching[0].team_id, channel_id, change.session.id, "unannounced", matched=numbers)
            card, news = _new(change, new, plain)
        else:
            card = replace(before, matched=before.matched | numbers, stopped=before.matched - numbers)
            card, news = _known(change, card, before, matching, plain)
        yield card, news, matching


def _known(
    change: SessionChange,
    card: Card,
    before: Card,
    matching: Sequence[Subscription],
    plain: Sequence[Subscription],
) -> tuple[Card, list[OfCard]]:
    """A card that was there `before`, with its notifications. `plain`: the subscriptions that don't fire."""
    session = change.session
    if card.withheld_until_ms:
        return _withheld(change, card), []
    if card.gen == 0:
        return _unseen(change, card, [each for each in plain if each.number not in before.matched], _kinds(plain))
    if not change.event:
        return card, []
    if change.ended:
        card = replace(card, status="final")
        return card, [Edit(card, session)]
    if card.status == "final":
        card = replace(card, status="posted", reopened=card.reopened + 1)
        return card, [Edit(card, session, urgent=True)]
    return card, [Edit(card, session), *_reply(card, change, _kinds(matching))]


def _kinds(subscriptions: Iterable[Subscription]) -> frozenset[str]:
    return frozenset[str]().union(*(each.kinds for each in subscriptions))


def _new(change: SessionChange, card: Card, matching: Sequence[Subscription]) -> tuple[Card, list[OfCard]]:
    """The card of a session without one in the channel. A session that was live before is posted only if it is news to
    a subscription."""
    kinds = _kinds(matching)
    if change.ended:
        wanted = "end" in kinds or (change.opened and "start" in kinds)
        return _posted(card, change.session) if wanted else (replace(card, status="final"), [])
    fresh = change.opened or change.reopened or any(is_news(change.session, each) for each in matching)
    return _posted(card, change.session) if fresh and kinds & SHOWS else (card, [])


def _unseen(
    change: SessionChange, card: Card, started: Sequence[Subscription], kinds: frozenset[str]
) -> tuple[Card, list[OfCard]]:
    """A card without a message; `started`: the subscriptions that the session matches for the first time."""
    if change.ended:
        return _posted(card, change.session) if "end" in kinds else (replace(card, status="final"), [])
    if change.reopened:
        return _posted(card, change.session) if kinds & SHOWS else (replace(card, status="unannounced"), [])
    if any(each.kinds & SHOWS and is_news(change.session, each) for each in started):
        return _posted(card, change.session)
    if card.status == "unannounced" and _told(change, kinds):
        posted, post = _posted(card, change.session)
        return posted, [*post, *_reply(posted, change, kinds)]
    return card, []


def _withheld(change: SessionChange, card: Card) -> Card:
    """A card whose announcement waits for `catch_up.release`."""
    if change.ended:
        return replace(card, status="final")
    if change.reopened and card.status == "summarised":  # the channel never heard of its end
        return replace(card, withheld_until_ms=0)
    return replace(card, status="unannounced") if change.reopened else card


def _heard(
    card: Card, notifications: list[OfCard], before: Card | None, session: Session, policy: SilencePolicy
) -> tuple[Card, list[OfCard]]:
    """The card and its notifications under the silence policy. If a list had announced the session, its end is kept
    for the catch-up."""
    if not policy.threads(card.channel_id):
        notifications = [notification for notification in notifications if not isinstance(notification, Reply)]
    until_ms = policy.until_ms(card.channel_id, session)
    if until_ms is None:
        return card, notifications
    edits: list[OfCard] = [replace(edit, silenced=True) for edit in notifications if isinstance(edit, Edit)]
    posts = any(isinstance(notification, Post) for notification in notifications)
    listed = before is not None and before.status == "summarised"
    if not session.active and policy.alone(card.channel_id, session):  # muted until then: told to who saw it open
        if not posts:
            return replace(card, withheld_until_ms=0), edits
        return (card, notifications) if listed else (replace(card, status="final", gen=card.gen - 1), [])
    if posts:
        ended: Status = "summarised" if listed else "final"
        card = replace(
            card, status="unannounced" if session.active else ended, gen=card.gen - 1, withheld_until_ms=until_ms
        )
    return card, edits


def _reply(card: Card, change: SessionChange, kinds: frozenset[str]) -> list[OfCard]:
    told = _told(change, kinds)
    return [Reply(card, told)] if told else []


def _told(change: SessionChange, kinds: frozenset[str]) -> SessionChange | None:
    """The change with only the joins and leaves that `kinds` include; None if none is left."""
    told = replace(change, joined=change.joined * ("join" in kinds), left=change.left * ("leave" in kinds))
    return told if told.joined or told.left else None


def _posted(card: Card, session: Session) -> tuple[Card, list[OfCard]]:
    card = replace(card, status="posted" if session.active else "final", gen=card.gen + 1)
    return card, [Post(card, session)]


def _needless(card: Card, before: Mapping[str, Mapping[str, Card]]) -> bool:
    """True for a new card without a message, of an ended session that isn't withheld."""
    new = card.channel_id not in before.get(card.session_id, {})
    return new and card.status == "final" and card.gen == 0 and not card.withheld_until_ms


def _storm(posts: list[Post], told: int) -> list[Post]:
    """A channel's posts that are too many to stand alone. Live sessions don't wait for those that ended in a
    downtime."""
    ended = [post for post in posts if not post.session.active]
    if told and len(posts) - len(ended) <= ROLL_UP_OVER:
        return ended if told + len(ended) > ROLL_UP_OVER else []
    return posts if len(posts) > ROLL_UP_OVER else []


def _rolled_up(
    cards: Mapping[tuple[str, str], Card], notifications: Sequence[Notification], told: Mapping[str, int]
) -> tuple[list[Card], list[Notification]]:
    posts: dict[str, list[Post]] = {}
    for notification in notifications:
        if isinstance(notification, Post) and not notification.begun:
            posts.setdefault(notification.card.channel_id, []).append(notification)
    storms = {channel_id: storm for channel_id, new in posts.items() if (storm := _storm(new, told.get(channel_id, 0)))}
    kept = dict(cards)
    rolled: list[Notification] = []
    for channel_id, storm in storms.items():
        sessions = [post.session for post in storm]
        opened = tuple(session for session in sessions if session.active)
        ended = tuple(session for session in sessions if not session.active)
        notify = tuple(dict.fromkeys(who for post in storm for who in post.notify))
        rolled.append(RollUp(storm[0].card.team_id, channel_id, opened, ended, notify))
        for post in storm:
            status: Status = "summarised" if post.session.active else "final"
            kept[channel_id, post.session.id] = replace(post.card, status=status, gen=post.card.gen - 1)
    listed = {post.card.key for storm in storms.values() for post in storm}
    others = [each for each in notifications if not isinstance(each, OfCard) or each.card.key not in listed]
    return list(kept.values()), [*others, *rolled]
