"""Who is told what of a change: subscriptions and cards in, tasks out. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from bot.alerts.matching import Matcher, is_news
from bot.alerts.notification import CaughtUp, Edit, Notification, Post, Recap, Reply, RollUp
from bot.alerts.subscription import Subscription
from bot.outbox.card import Card, Status
from bot.query.kinds import SHOWS
from bot.query.plan import NO_ROOMS
from bot.sessions.diff import SessionChange
from bot.sessions.model import Room, Session
from bot.silence.policy import SilencePolicy

NOTHING: Mapping[str, int] = {}
ROLL_UP_OVER = 10
"""More new messages than this for a channel in one poll become one that lists them."""


def route(
    changes: Sequence[SessionChange],
    subscriptions: Sequence[Subscription],
    cards: Iterable[Card],
    now: datetime,
    hush: SilencePolicy,
    told: Mapping[str, int] = NOTHING,
    rooms: Mapping[str, Room] = NO_ROOMS,
) -> tuple[list[Card], list[Notification]]:
    """The cards as they are from now on (those that changed), and what is to be sent, in order. Nothing new is sent
    where a channel doesn't want to hear of the session; edits make no noise, and go on. `told`: of how many
    sessions that have ended a channel was told already, of the many that these belong to."""
    matching = Matcher(subscriptions, now, rooms)
    known: dict[str, dict[str, Card]] = {}
    for card in cards:
        known.setdefault(card.session_id, {})[card.channel_id] = card
    kept: dict[tuple[str, str], Card] = {}
    tasks: list[Notification] = []
    for change in changes:
        before = known.get(change.session.id, {})
        for card, task in _each(change, matching.matching(change.session), before):
            was = before.get(card.channel_id)
            if task or card != was:
                card, task = _heard(card, task, was, change.session, hush)
                kept[card.place] = card
                tasks += task
    cards_now, tasks = _rolled_up(kept, tasks, told)
    return [card for card in cards_now if not _needless(card, known)], tasks


def _each(
    change: SessionChange, subscriptions: Sequence[Subscription], cards: Mapping[str, Card]
) -> Iterable[tuple[Card, list[Notification]]]:
    """The card of each channel that the change concerns, and what is sent."""
    session = change.session
    by_channel: dict[str, list[Subscription]] = {}
    for each in subscriptions:
        by_channel.setdefault(each.channel_id, []).append(each)
    for channel_id in dict.fromkeys((*cards, *by_channel)):
        some = by_channel.get(channel_id, [])
        kinds = frozenset[str]().union(*(each.kinds for each in some))
        before = cards.get(channel_id)
        if before is None:
            yield _new(change, channel_id, some, kinds)
            continue
        matched = frozenset(each.number for each in some)
        card = replace(before, known=before.known | matched, stopped=before.known - matched)
        if card.hushed_ms:
            yield _withheld(change, card), []
        elif card.gen == 0:
            yield _unseen(change, card, [each for each in some if each.number not in before.known], kinds)
        elif not change.event:
            yield card, []
        elif change.ended:
            card = replace(card, status="closed")
            yield card, [Edit(card, session)]
        elif card.status == "closed":
            card = replace(card, status="live", reopened=card.reopened + 1)
            yield card, [Edit(card, session)]
        else:
            yield card, [Edit(card, session), *_reply(card, change, kinds)]


def _new(
    change: SessionChange, channel_id: str, some: Sequence[Subscription], kinds: frozenset[str]
) -> tuple[Card, list[Notification]]:
    """A session that the channel had no card for. One that was there before is news only where it has come to match, or
    has begun since the subscription was made."""
    known = frozenset(each.number for each in some)
    card = Card(some[0].team_id, channel_id, change.session.id, "silent", known=known)
    if change.ended:
        wanted = "end" in kinds or (change.opened and "start" in kinds)
        return _posted(card, change.session) if wanted else (replace(card, status="closed"), [])
    fresh = change.opened or change.reopened or any(is_news(change.session, each) for each in some)
    return _posted(card, change.session) if fresh and kinds & SHOWS else (card, [])


def _unseen(
    change: SessionChange, card: Card, started: Sequence[Subscription], kinds: frozenset[str]
) -> tuple[Card, list[Notification]]:
    """A session that the channel knows of without a message; `started`: what it matches for the first time."""
    if change.ended:
        return _posted(card, change.session) if "end" in kinds else (replace(card, status="closed"), [])
    if change.reopened:
        return _posted(card, change.session) if kinds & SHOWS else (replace(card, status="silent"), [])
    if any(each.kinds & SHOWS and is_news(change.session, each) for each in started):
        return _posted(card, change.session)
    if card.status == "silent" and _told(change, kinds):
        posted, post = _posted(card, change.session)
        return posted, [*post, *_reply(posted, change, kinds)]
    return card, []


def _withheld(change: SessionChange, card: Card) -> Card:
    """A session whose announcement waits for `release`."""
    if change.ended:
        return replace(card, status="closed")
    if change.reopened and card.status == "listed":  # as far as the channel knows it was live all along
        return replace(card, hushed_ms=0)
    return replace(card, status="silent") if change.reopened else card


def _heard(
    card: Card, tasks: list[Notification], before: Card | None, session: Session, hush: SilencePolicy
) -> tuple[Card, list[Notification]]:
    """Without what the channel doesn't want to hear now. Of a session that it was told of in a list it shall hear later
    that it has ended."""
    if not hush.threads(card.channel_id):
        tasks = [task for task in tasks if not isinstance(task, Reply)]
    until_ms = hush.until_ms(card.channel_id, session)
    if until_ms is None:
        return card, tasks
    edits: list[Notification] = [replace(task, hushed=True) for task in tasks if isinstance(task, Edit)]
    posts = any(isinstance(task, Post) for task in tasks)
    listed = before is not None and before.status == "listed"
    if not session.active and hush.alone(card.channel_id, session):  # muted until then: told to who saw it open
        if not posts:
            return replace(card, hushed_ms=0), edits
        return (card, tasks) if listed else (replace(card, status="closed", gen=card.gen - 1), [])
    if posts:
        ended: Status = "listed" if listed else "closed"
        card = replace(card, status="silent" if session.active else ended, gen=card.gen - 1, hushed_ms=until_ms)
    return card, edits


def _reply(card: Card, change: SessionChange, kinds: frozenset[str]) -> list[Notification]:
    told = _told(change, kinds)
    return [Reply(card, told)] if told else []


def _told(change: SessionChange, kinds: frozenset[str]) -> SessionChange | None:
    """Of who came and went, what these kinds ask for."""
    told = replace(change, joined=change.joined * ("join" in kinds), left=change.left * ("leave" in kinds))
    return told if told.joined or told.left else None


def _posted(card: Card, session: Session) -> tuple[Card, list[Notification]]:
    card = replace(card, status="live" if session.active else "closed", gen=card.gen + 1)
    return card, [Post(card, session)]


def _needless(card: Card, known: Mapping[str, Mapping[str, Card]]) -> bool:
    """True for the card of a session that has ended, and of which its channel has nothing and had no card."""
    new = card.channel_id not in known.get(card.session_id, {})
    return new and card.status == "closed" and card.gen == 0 and not card.hushed_ms


def _storm(posts: list[Post], told: int) -> list[Post]:
    """Those of a channel's posts that are too many to stand alone. What is live now isn't kept waiting for what ended
    in a downtime."""
    ended = [post for post in posts if not post.session.active]
    if told and len(posts) - len(ended) <= ROLL_UP_OVER:
        return ended if told + len(ended) > ROLL_UP_OVER else []
    return posts if len(posts) > ROLL_UP_OVER else []


def _rolled_up(
    cards: Mapping[tuple[str, str], Card], tasks: Sequence[Notification], told: Mapping[str, int]
) -> tuple[list[Card], list[Notification]]:
    posts: dict[str, list[Post]] = {}
    for task in tasks:
        if isinstance(task, Post):
            posts.setdefault(task.card.channel_id, []).append(task)
    storms = {
        channel_id: storm for channel_id, some in posts.items() if (storm := _storm(some, told.get(channel_id, 0)))
    }
    kept = dict(cards)
    rolled: list[Notification] = []
    for channel_id, some in storms.items():
        sessions = [post.session for post in some]
        opened = tuple(session for session in sessions if session.active)
        ended = tuple(session for session in sessions if not session.active)
        rolled.append(RollUp(some[0].card.team_id, channel_id, opened, ended))
        for post in some:
            status: Status = "listed" if post.session.active else "closed"
            kept[channel_id, post.session.id] = replace(post.card, status=status, gen=post.card.gen - 1)
    listed = {post.card.key for some in storms.values() for post in some}
    others = [task for task in tasks if isinstance(task, RollUp | Recap | CaughtUp) or task.card.key not in listed]
    return list(kept.values()), [*others, *rolled]
