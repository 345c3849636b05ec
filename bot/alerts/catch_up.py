"""The catch-up after silence: one message in place of the announcements that were withheld. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from bot.alerts.fire import mentioned
from bot.alerts.firing import Firing
from bot.alerts.notification import Edit, Notification, Recap, list_key
from bot.alerts.subscription import Subscription
from bot.outbox.card import Card
from bot.query.kinds import ENDS, SHOWS
from bot.query.times import ms
from bot.sessions.model import Session
from bot.sessions.tracked import Tracked
from bot.silence.policy import SilencePolicy


def release(
    held: Iterable[Card],
    sessions: Mapping[str, Session],
    ended: Mapping[str, Tracked],
    subscriptions: Iterable[Subscription],
    now: datetime,
    policy: SilencePolicy,
) -> tuple[list[Card], list[Notification]]:
    """The changed cards, and a catch-up for each channel whose silence about a withheld card is over. It lists sessions
    that are still live and counts the ended ones, as far as subscriptions want them; with no live one it comes only if
    a subscription wants ends. `sessions`: the live ones now, by id; the card of one that is missing, since it
    couldn't be read, waits. `ended`: ended ones by id, as far as they are known."""
    now_ms = ms(now)
    # what fires is told, and kept back, by itself
    kinds_of = {(each.channel_id, each.number): each.kinds for each in subscriptions if not each.fires}

    def wants(card: Card, kinds: frozenset[str]) -> bool:
        return any(kinds_of.get((card.channel_id, number), frozenset()) & kinds for number in card.matched)

    channels: dict[str, list[Card]] = {}
    for card in held:
        channels.setdefault(card.channel_id, []).append(card)
    kept: list[Card] = []
    notifications: list[Notification] = []
    for channel_id, cards in channels.items():
        over = [card for card in cards if card.status != "unannounced"]
        if (all_until_ms := policy.every_until_ms(channel_id)) is not None:
            kept += [
                replace(card, withheld_until_ms=all_until_ms) for card in over if card.withheld_until_ms < all_until_ms
            ]
            over = []
        elif policy.holds(channel_id):  # an ended session can't be matched with mutes any more
            over = [card for card in over if card.withheld_until_ms <= now_ms]
        waiting = [card for card in cards if card.status == "unannounced" and card.session_id in sessions]
        live: list[Session] = []
        for card in waiting:
            session = sessions[card.session_id]
            until_ms = policy.until_ms(channel_id, session)
            if until_ms is not None:
                kept += [replace(card, withheld_until_ms=until_ms)] if until_ms != card.withheld_until_ms else []
            elif wants(card, SHOWS):
                live.append(session)
                kept.append(replace(card, status="summarised", withheld_until_ms=0))
            else:  # no subscription wants it any more
                kept.append(replace(card, withheld_until_ms=0))
        kept += [replace(card, status="final", withheld_until_ms=0) for card in over]
        over = [card for card in over if wants(card, SHOWS | ENDS)]
        if live or any(wants(card, ENDS) for card in over):
            known = [ended.get(card.session_id) for card in over if card.status == "summarised"]
            told = [tracked.session(live=False) for tracked in known if tracked]
            for listed in (live, told):
                listed.sort(key=lambda session: (session.started_at, session.id))
            notifications.append(Recap(cards[0].team_id, channel_id, tuple(live), tuple(told), len(over)))
    return kept, notifications


def still_wrong(
    recaps: Iterable[Notification],
    kept: Iterable[Firing],
    sessions: Mapping[str, Session],
    subscriptions: Iterable[Subscription],
    now_ms: int,
    policy: SilencePolicy,
    seq: int,
) -> tuple[list[Notification], list[Firing]]:
    """The catch-ups with what silence kept back and is still wrong, and those firings, which their channels know now.
    `sessions`: the live ones, by id; what is of one that is missing waits. `seq` as in `decide.route`."""
    asked = {(each.channel_id, each.number): each for each in subscriptions}
    wrong: dict[str, list[tuple[Session, Firing]]] = {}
    for firing in kept:
        session, subscription = sessions.get(firing.session_id), asked.get((firing.channel_id, firing.number))
        if session and subscription and policy.until_ms(firing.channel_id, session) is None:
            key = list_key("recap", firing.team_id, firing.channel_id, seq)
            told = firing.released(key, now_ms, subscription.every_s)
            wrong.setdefault(firing.channel_id, []).append((session, told))
    firings = [firing for items in wrong.values() for _, firing in items]
    drawn: list[Notification] = []
    for each in recaps:
        if isinstance(each, Recap):
            each = replace(each, wrong=tuple(wrong.pop(each.channel_id, ())))
        drawn.append(each)
    drawn += [Recap(items[0][1].team_id, channel, (), (), 0, tuple(items)) for channel, items in wrong.items()]
    return drawn, firings


def on_cards(
    heard: Iterable[Firing],
    firings: Iterable[Firing],
    cards: Mapping[tuple[str, str], Card],
    sessions: Mapping[str, Session],
    subscriptions: Iterable[Subscription],
) -> list[Edit]:
    """The edits after which the cards, too, say what a catch-up has told their channels: the firings that are `heard`.
    `firings`: all of their sessions, as they are now; `cards`: by place."""
    asked = {(each.channel_id, each.number): each for each in subscriptions}
    edits: list[Edit] = []
    for place in dict.fromkeys((firing.channel_id, firing.session_id) for firing in heard):
        card = cards.get(place)
        if card is None or not card.shown:
            continue
        told = [each for each in firings if (each.channel_id, each.session_id) == place and each.told]
        told.sort(key=lambda firing: firing.number)
        here = {each.number: asked[place[0], each.number] for each in told if (place[0], each.number) in asked}
        edits.append(Edit(card, sessions[place[1]], urgent=True, firings=tuple(told), notify=mentioned(told, here)))
    return edits
