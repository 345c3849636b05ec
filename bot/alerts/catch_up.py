"""What a channel hears at the end of a hush: cards whose announcement was withheld in, one message out. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from bot.alerts.notification import Notification, Recap
from bot.alerts.subscription import Subscription
from bot.outbox.card import Card
from bot.query.kinds import ENDS, SHOWS
from bot.query.times import ms
from bot.sessions.model import Session
from bot.silence.policy import SilencePolicy


def release(
    held: Iterable[Card],
    sessions: Mapping[str, Session],
    ended: Mapping[str, Session],
    subscriptions: Iterable[Subscription],
    now: datetime,
    hush: SilencePolicy,
) -> tuple[list[Card], list[Notification]]:
    """What channels may hear again of what was withheld (`hushed_ms`): the cards that changed, and one message for each
    channel where some of it is still live, in which those that have ended are counted, as far as they are asked for.
    Where none is, these are told of only if somebody asks for the end of one. `sessions` are the live ones as they are
    now, by id; one that isn't among them, as it couldn't be read, waits. `ended` are those that have ended, as far as
    they are known."""
    now_ms = ms(now)
    asked = {(each.channel_id, each.number): each.kinds for each in subscriptions}

    def wants(card: Card, kinds: frozenset[str]) -> bool:
        return any(asked.get((card.channel_id, number), frozenset()) & kinds for number in card.known)

    channels: dict[str, list[Card]] = {}
    for card in held:
        channels.setdefault(card.channel_id, []).append(card)
    kept: list[Card] = []
    tasks: list[Notification] = []
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
