"""Who is told what of a change: subscriptions and cards in, tasks out. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bot.core.card import Card, Status
from bot.core.diff import Change
from bot.core.filters import FILTERS
from bot.core.hush import Hush
from bot.core.plan import matcher
from bot.core.query import Query
from bot.core.session import Session
from bot.core.subscription import Subscription
from bot.core.values import RoomId

ROLL_UP_OVER = 10
"""More new messages than this for a channel in one poll become one that lists them."""
CLOCKS_MS = 60_000
"""How far our clock may be from that of 100ms."""
SHOWS = frozenset(("start", "join", "leave"))
"""Kinds for which a card is posted when a session opens."""
ENDS = frozenset(("end",))


@dataclass(frozen=True, slots=True)
class Post:
    """A new message for the card: of a live session, or the summary of one that has ended."""

    card: Card
    session: Session


@dataclass(frozen=True, slots=True)
class Edit:
    """The card's message says how the session is now. `hushed`: no new one comes where Slack had refused it."""

    card: Card
    session: Session
    hushed: bool = False


@dataclass(frozen=True, slots=True)
class Reply:
    """Who came and went, in the card's thread."""

    card: Card
    change: Change


@dataclass(frozen=True, slots=True)
class RollUp:
    """One message in place of many."""

    team_id: str
    channel_id: str
    opened: tuple[Session, ...]
    ended: tuple[Session, ...]


@dataclass(frozen=True, slots=True)
class Recap:
    """The one message when a channel may hear again of what was withheld: what is still live of it, and how many have
    ended. `told` are those of the ended that it was told of when they opened, as far as they are known."""

    team_id: str
    channel_id: str
    live: tuple[Session, ...]
    told: tuple[Session, ...]
    ended: int


Task = Post | Edit | Reply | RollUp | Recap


class Matcher:
    """Which subscriptions a session matches. Equal queries are checked once, queries of rooms only for those rooms."""

    def __init__(self, subscriptions: Iterable[Subscription], now: datetime) -> None:
        self._of_room: dict[str, list[tuple[Callable[[Session], bool], list[Subscription]]]] = {}
        self._of_any: list[tuple[Callable[[Session], bool], list[Subscription]]] = []
        by_query: dict[Query, list[Subscription]] = {}
        for each in subscriptions:
            by_query.setdefault(each.query, []).append(each)
        for query, same in by_query.items():
            entry = (matcher(query, now), same)
            rooms = rooms_of(query)
            for room_id in rooms:
                self._of_room.setdefault(room_id, []).append(entry)
            if not rooms:
                self._of_any.append(entry)

    def concerns(self, room_id: str) -> bool:
        """False where no session of the room can match."""
        return bool(self._of_any) or room_id in self._of_room

    def matching(self, session: Session) -> list[Subscription]:
        entries = (*self._of_room.get(session.room_id, ()), *self._of_any)
        return [subscription for matches, same in entries if matches(session) for subscription in same]


def rooms_of(query: Query) -> list[str]:
    """The rooms whose sessions alone can match; none: any room."""
    return [term.value.id for term in query.terms if isinstance(term.value, RoomId) and not term.negated]


def moves(query: Query) -> bool:
    """Whether a session can come to match it later in its life."""
    return any(FILTERS[term.key].test and term.key != "room" for term in query.terms)


def route(
    changes: Sequence[Change],
    subscriptions: Sequence[Subscription],
    cards: Iterable[Card],
    now: datetime,
    hush: Hush,
) -> tuple[list[Card], list[Task]]:
    """The cards as they are from now on (those that changed), and what is to be sent, in order. Nothing new is sent
    where a channel doesn't want to hear of the session; edits make no noise, and go on."""
    matching = Matcher(subscriptions, now)
    known: dict[str, dict[str, Card]] = {}
    for card in cards:
        known.setdefault(card.session_id, {})[card.channel_id] = card
    kept: dict[tuple[str, str], Card] = {}
    tasks: list[Task] = []
    for change in changes:
        before = known.get(change.session.id, {})
        for card, task in _each(change, matching.matching(change.session), before):
            card, task = _heard(card, task, before.get(card.channel_id), change.session, hush)
            kept[card.place] = card
            tasks += task
    return _rolled_up(kept, tasks)


def release(
    held: Iterable[Card],
    sessions: Mapping[str, Session],
    ended: Mapping[str, Session],
    subscriptions: Iterable[Subscription],
    now: datetime,
    hush: Hush,
) -> tuple[list[Card], list[Task]]:
    """What channels may hear again of what was withheld (`hushed_ms`): the cards that changed, and one message for each
    channel where some of it is still live, in which those that have ended are counted, as far as they are asked for.
    Where none is, these are told of only if somebody asks for the end of one. `sessions` are the live ones as they are
    now, by id; one that isn't among them, as it couldn't be read, waits. `ended` are those that have ended, as far as
    they are known."""
    now_ms = now.timestamp() * 1000
    asked = {(each.channel_id, each.number): each.kinds for each in subscriptions}

    def wants(card: Card, kinds: frozenset[str]) -> bool:
        return any(asked.get((card.channel_id, number), frozenset()) & kinds for number in card.known)

    channels: dict[str, list[Card]] = {}
    for card in held:
        channels.setdefault(card.channel_id, []).append(card)
    kept: list[Card] = []
    tasks: list[Task] = []
    for channel_id, cards in channels.items():
        over = [card for card in cards if card.status != "silent"]
        if (all_until_ms := hush.every_until_ms(channel_id)) is not None:
            kept += [replace(card, hushed_ms=all_until_ms) for card in over if card.hushed_ms < all_until_ms]
            over = []
        elif hush.holds(channel_id):  # of which of its mutes such a one is can't be told any more
            over = [card for card in over if card.hushed_ms <= now_ms]
        waiting = [card for card in cards if card.status == "silent" and card.session_id in sessions]
        live: list[Session] = []
        for card in waiting:
            session = sessions[card.session_id]
            until_ms = hush.until_ms(channel_id, session)
            if until_ms is not None:
                kept += [replace(card, hushed_ms=until_ms)] if until_ms != card.hushed_ms else []
            elif wants(card, SHOWS):
                live.append(session)
                kept.append(replace(card, status="listed", hushed_ms=0))
            else:  # nobody has asked for it any more
                kept.append(replace(card, hushed_ms=0))
        kept += [replace(card, status="closed", hushed_ms=0) for card in over]
        over = [card for card in over if wants(card, SHOWS | ENDS)]
        if live or any(wants(card, ENDS) for card in over):
            told = [ended[card.session_id] for card in over if card.status == "listed" and card.session_id in ended]
            for some in (live, told):
                some.sort(key=lambda session: (session.started_at, session.id))
            tasks.append(Recap(cards[0].team_id, channel_id, tuple(live), tuple(told), len(over)))
    return kept, tasks


def _each(
    change: Change, subscriptions: Sequence[Subscription], cards: Mapping[str, Card]
) -> Iterable[tuple[Card, list[Task]]]:
    """The card of each channel that the change concerns, and what is sent."""
    session = change.session
    by_channel: dict[str, list[Subscription]] = {}
    for each in subscriptions:
        by_channel.setdefault(each.channel_id, []).append(each)
    for channel_id in dict.fromkeys((*cards, *by_channel)):
        some = by_channel.get(channel_id, [])
        kinds = frozenset[str]().union(*(each.kinds for each in some))
        card = cards.get(channel_id)
        if card is not None and card.gen:
            card = replace(card, known=card.known.union(each.number for each in some))
        if card is not None and card.hushed_ms:
            yield from _withheld(change, card, some)
        elif card is None:
            yield _new(change, channel_id, some, kinds)
        elif card.gen == 0:
            yield from _unseen(change, card, some, kinds)
        elif change.same:
            continue
        elif change.ended:
            card = replace(card, status="closed")
            yield card, [Edit(card, session)]
        elif card.status == "closed":
            card = replace(card, status="live", reopened=card.reopened + 1)
            yield card, [Edit(card, session)]
        else:
            yield card, [Edit(card, session), *_reply(card, change, kinds)]


def _new(
    change: Change, channel_id: str, some: Sequence[Subscription], kinds: frozenset[str]
) -> tuple[Card, list[Task]]:
    """A session that the channel had no card for. One that was there before is news only where it has come to match, or
    has begun since the subscription was made."""
    known = frozenset(each.number for each in some)
    card = Card(some[0].team_id, channel_id, change.session.id, "silent", known=known)
    if change.ended:
        wanted = "end" in kinds or (change.opened and "start" in kinds)
        return _posted(card, change.session) if wanted else (replace(card, status="closed"), [])
    fresh = change.opened or change.reopened or any(_is_news(change.session, each) for each in some)
    return _posted(card, change.session) if fresh and kinds & SHOWS else (card, [])


def _is_news(session: Session, subscription: Subscription) -> bool:
    """Whether a session that was live before this poll can be news to the subscription."""
    began_ms = session.started_at.timestamp() * 1000
    return moves(subscription.query) or began_ms >= subscription.created_ms - CLOCKS_MS


def _unseen(
    change: Change, card: Card, some: Sequence[Subscription], kinds: frozenset[str]
) -> Iterable[tuple[Card, list[Task]]]:
    """A session that the channel knows of without a message."""
    fresh = [each for each in some if each.number not in card.known]
    card = replace(card, known=card.known.union(each.number for each in fresh))
    silent = replace(card, status="silent")
    if change.ended:
        yield _posted(card, change.session) if "end" in kinds else (replace(card, status="closed"), [])
    elif change.reopened:
        yield _posted(card, change.session) if kinds & SHOWS else (silent, [])
    elif any(each.kinds & SHOWS and _is_news(change.session, each) for each in fresh):
        yield _posted(card, change.session)
    elif card.status == "silent" and _told(change, kinds):
        posted, post = _posted(card, change.session)
        yield posted, [*post, *_reply(posted, change, kinds)]
    elif fresh:
        yield card, []


def _withheld(change: Change, card: Card, some: Sequence[Subscription]) -> Iterable[tuple[Card, list[Task]]]:
    """A session whose announcement waits for `release`."""
    after = replace(card, known=card.known.union(each.number for each in some))
    if change.ended:
        after = replace(after, status="closed")
    elif change.reopened and card.status == "listed":  # as far as the channel knows it was live all along
        after = replace(after, hushed_ms=0)
    elif change.reopened:
        after = replace(after, status="silent")
    if after != card:
        yield after, []


def _heard(card: Card, tasks: list[Task], before: Card | None, session: Session, hush: Hush) -> tuple[Card, list[Task]]:
    """Without what the channel doesn't want to hear now. Of a session that it was told of in a list it shall hear later
    that it has ended."""
    if not hush.threads(card.channel_id):
        tasks = [task for task in tasks if not isinstance(task, Reply)]
    until_ms = hush.until_ms(card.channel_id, session)
    if until_ms is None:
        return card, tasks
    edits: list[Task] = [replace(task, hushed=True) for task in tasks if isinstance(task, Edit)]
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


def _reply(card: Card, change: Change, kinds: frozenset[str]) -> list[Task]:
    told = _told(change, kinds)
    return [Reply(card, told)] if told else []


def _told(change: Change, kinds: frozenset[str]) -> Change | None:
    """Of who came and went, what these kinds ask for."""
    told = replace(change, joined=change.joined * ("join" in kinds), left=change.left * ("leave" in kinds))
    return told if told.joined or told.left else None


def _posted(card: Card, session: Session) -> tuple[Card, list[Task]]:
    card = replace(card, status="live" if session.active else "closed", gen=card.gen + 1)
    return card, [Post(card, session)]


def _rolled_up(cards: Mapping[tuple[str, str], Card], tasks: Sequence[Task]) -> tuple[list[Card], list[Task]]:
    posts: dict[str, list[Post]] = {}
    for task in tasks:
        if isinstance(task, Post):
            posts.setdefault(task.card.channel_id, []).append(task)
    storms = {channel_id: some for channel_id, some in posts.items() if len(some) > ROLL_UP_OVER}
    kept = dict(cards)
    rolled: list[Task] = []
    for channel_id, some in storms.items():
        sessions = [post.session for post in some]
        opened = tuple(session for session in sessions if session.active)
        ended = tuple(session for session in sessions if not session.active)
        rolled.append(RollUp(some[0].card.team_id, channel_id, opened, ended))
        for post in some:
            status: Status = "listed" if post.session.active else "closed"
            kept[channel_id, post.session.id] = replace(post.card, status=status, gen=post.card.gen - 1)
    listed = {post.card.key for some in storms.values() for post in some}
    others = [task for task in tasks if isinstance(task, RollUp | Recap) or task.card.key not in listed]
    return list(kept.values()), [*others, *rolled]
