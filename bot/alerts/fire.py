"""Decide what fires and what is over for a session in a channel, and who hears of it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from bot.alerts.firing import Event, Firing, never
from bot.alerts.notification import (
    Edit,
    Fired,
    FiringSummary,
    FiringTold,
    Matched,
    Notification,
    OfCard,
    Post,
    list_key,
)
from bot.alerts.subscription import Subscription
from bot.outbox.card import Card
from bot.query.filter_entry import Facts
from bot.query.times import ms
from bot.query.wrong import over, wrong
from bot.sessions.model import Session
from bot.silence.policy import SilencePolicy

FIRINGS_MOST = 10
"""From the next one of a channel in one sweep on, what begins is one message."""
Place = tuple[str, str]
FiringPlace = tuple[str, str, int]


@dataclass(frozen=True, slots=True)
class Case:
    """A session in a channel. `before`: its card as it was; `matching`: the subscriptions that it matches now;
    `firings`: those of the two, by number."""

    session: Session
    before: Card | None
    matching: Sequence[Subscription]
    firings: Mapping[int, Firing]

    @property
    def wrong(self) -> Mapping[int, Subscription]:
        """The subscriptions that fire, by number."""
        return {each.number: each for each in self.matching if each.fires}

    @property
    def starting(self) -> list[Subscription]:
        """Those that don't fire, mention somebody, and match for the first time."""
        matched = self.before.matched if self.before else frozenset()
        return [each for each in self.matching if each.notify and not each.fires and each.number not in matched]


def fire(
    case: Case, card: Card, news: Sequence[OfCard], facts: Facts, policy: SilencePolicy
) -> tuple[Card, list[OfCard], list[Firing]]:
    """The card, its notifications and the firings that change, given the `card` and the `news` of it but for firings
    and mentions. What begins is told by the card where the channel has none yet, else by a reply."""
    wrong, starting = case.wrong, case.starting
    if not wrong and not case.firings and not starting:
        return card, list(news), []
    silent = policy.until_ms(card.channel_id, case.session) is not None
    steps = list(_steps(case, wrong, card, facts, silent=silent))
    begun = [firing for firing, event in steps if event == "fired" and firing.state == "fired"]
    posting = any(isinstance(each, Post) for each in news)
    news = list(news)
    if begun and not posting and not card.shown:
        card = replace(card, status="posted", gen=card.gen + 1, withheld_until_ms=0)
        news.append(Post(card, case.session, alone=True))
        posting = True
    replies: list[OfCard] = []
    changed: dict[int, Firing] = {}
    for firing, event in steps:
        if event == "fired" and firing.state == "fired" and not posting:
            firing = replace(firing, thread=card.key)
            replies.append(Fired(card, case.session, firing, wrong[firing.number].notify))
        elif event and event != "fired" and not silent:
            replies += _told(case, wrong, card, firing, event, threads=policy.threads(card.channel_id))
        changed[firing.number] = firing
    if card.shown and not posting and not silent and case.session.active:
        replies += [Matched(card, case.session, each.number, each.notify) for each in starting]
    events = any(event for _, event in steps)
    if events and card.shown and not any(isinstance(each, Post | Edit) for each in news):
        news.append(Edit(card, case.session, silenced=silent))
    shown = tuple(firing for _, firing in sorted((dict(case.firings) | changed).items()) if firing.told)
    notify = mentioned(shown, wrong)
    matched = (who for each in starting for who in each.notify)
    drawn: list[OfCard] = []
    for each in news:
        if isinstance(each, Post):
            each = replace(each, firings=shown, notify=tuple(dict.fromkeys((*notify, *matched))), begun=tuple(begun))
        elif isinstance(each, Edit):
            each = replace(each, firings=shown, notify=notify, urgent=each.urgent or events)
        drawn.append(each)
    return card, [*drawn, *replies], [each for each in changed.values() if each != case.firings.get(each.number)]


def _steps(
    case: Case, matching: Mapping[int, Subscription], card: Card, facts: Facts, *, silent: bool
) -> Iterable[tuple[Firing, Event | None]]:
    """Each firing that changes or may be told of, and the reason to tell; None for none."""
    active = case.before.active if case.before else frozenset()
    now_ms = ms(facts.now)
    for number in sorted({*matching, *(firing.number for firing in case.firings.values() if firing.pending)}):
        firing = case.firings.get(number) or never(card.team_id, *card.place, number)
        subscription = matching.get(number)
        if firing.untold in ("ended", "edited"):
            yield firing.closed(now_ms), firing.untold if firing.told else None
        elif subscription is None:
            over_ms = over(firing.what, case.session, facts, firing.since_ms)
            yield firing.resolved(over_ms), "resolved" if firing.told else None
        elif firing.open:
            what, since_ms = _wrong(subscription, case.session, facts)
            firing = replace(firing, what=what, since_ms=since_ms)
            if firing.untold:
                yield replace(firing, untold=""), "taken"
            elif firing.remind_ms and now_ms >= firing.remind_ms:
                yield firing.reminded(now_ms, subscription.every_s, told=not silent), "reminder"
            else:
                yield firing, None
        elif number not in active:
            what, since_ms = _wrong(subscription, case.session, facts)
            yield firing.begins(since_ms, what, now_ms, subscription.every_s, silent=silent)


def _wrong(subscription: Subscription, session: Session, facts: Facts) -> tuple[str, int]:
    """The filters that hold, as a query line, and the time in milliseconds since 1970 since which all of them do."""
    wrongs = wrong(subscription.query, session, facts)
    return " ".join(str(each.term) for each in wrongs), max((ms(each.since) for each in wrongs), default=ms(facts.now))


def _told(
    case: Case, matching: Mapping[int, Subscription], card: Card, firing: Firing, event: Event, *, threads: bool
) -> list[OfCard]:
    """The reply about a firing that goes on or is over. In a channel without threads only reminders come."""
    of = card.key if card.shown else firing.thread
    if not of or not (threads or event == "reminder"):
        return []
    notify = matching[firing.number].notify if event == "reminder" else ()
    return [FiringTold(card, of, case.session, firing, event, notify, broadcast=not threads)]


def mentioned(firings: Iterable[Firing], matching: Mapping[int, Subscription]) -> tuple[str, ...]:
    """The people and groups whom the card mentions: those of what it tells of itself, until somebody is on it."""
    telling = [each for each in firings if each.state == "fired" and not each.thread and not each.taken_by]
    return tuple(
        dict.fromkeys(who for each in telling if each.number in matching for who in matching[each.number].notify)
    )


def summarised(
    notifications: Sequence[OfCard], cards: dict[Place, Card], firings: dict[FiringPlace, Firing], seq: int
) -> list[Notification]:
    """The notifications, with one summary for a channel in place of what begins there after the first FIRINGS_MOST.
    `cards` and `firings` change with that: a card that was only to tell of it isn't posted."""
    begun: dict[str, int] = {}
    rest: dict[str, list[Post | Fired]] = {}
    for each in notifications:
        if isinstance(each, Post | Fired) and each.begun:
            channel_id = each.card.channel_id
            begun[channel_id] = begun.get(channel_id, 0) + len(each.begun)
            if begun[channel_id] > FIRINGS_MOST:
                rest.setdefault(channel_id, []).append(each)
    replaced: dict[int, OfCard | None] = {}
    unposted: set[str] = set()
    summaries: list[Notification] = []
    for channel_id, tellers in rest.items():
        key = list_key("firings", tellers[0].card.team_id, channel_id, seq)
        items: list[tuple[Session, Firing]] = []
        for each in tellers:
            moved = [replace(firing, thread=key) for firing in each.begun]
            firings |= {firing.place: firing for firing in moved}
            items += [(each.session, firing) for firing in moved]
            replaced[id(each)] = None
            if isinstance(each, Post) and each.alone:
                unposted.add(each.card.key)
                cards[each.card.place] = replace(each.card, status="summarised", gen=each.card.gen - 1)
            elif isinstance(each, Post):
                others = tuple(firing for firing in each.firings if firing not in each.begun)
                replaced[id(each)] = replace(each, firings=others, begun=(), notify=())
        notify = tuple(dict.fromkeys(who for each in tellers for who in each.notify))
        summaries.append(FiringSummary(key, tellers[0].card.team_id, channel_id, tuple(items), notify))
    left = [replaced.get(id(each), each) for each in notifications]
    return [each for each in left if each is not None and each.card.key not in unposted] + summaries
