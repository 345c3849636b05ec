"""Move a conversation whose id Slack has changed: all its rows but keys of messages go to the new id."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, and_, bindparam, case, delete, func, or_, select, update

from bot.alerts.store import mark as subscription_mark
from bot.db.sql import HELD, PENDING, SENDING, UNCONFIRMED, chunks, unfinished
from bot.db.tables import cards, catchups, changes, channels, digests, firings, mutes, outbox, quiets, subscriptions
from bot.db.transaction import transaction
from bot.digests.store import mark as digest_mark
from bot.outbox import channel_pause
from bot.outbox.card import lists_of
from bot.outbox.conversations import ChannelKey, lock

MOVED = (subscriptions, digests, mutes, quiets, catchups, cards, firings, outbox, changes, channels)
"""Every table that has a channel's id."""


@transaction
def move(db: Connection, team_id: str, old_id: str, new_id: str) -> bool:
    """Move all rows to the new id; False if the old one had none. Where both have the same, the new one's stays."""
    old, new = (team_id, old_id), (team_id, new_id)
    if old == new or db.scalar(select(channels.c.channel_id).where(_at(channels, old))) is None:
        return False
    paused = lock(db, [old, new])
    rows = {
        row.channel_id: row for row in db.execute(select(channels).where(or_(_at(channels, old), _at(channels, new))))
    }
    before, there = rows[old_id], rows[new_id]
    numbers = _subscriptions(db, old, new, there.last_number)
    belongs = {subscription_mark(*old, was): subscription_mark(*new, now) for was, now in numbers.items()}
    for was in _digests(db, old, new, there.last_number):
        belongs[digest_mark(*old, was)] = digest_mark(*new, was + there.last_number)
    _belongings(db, old, belongs | {lists_of(*old): lists_of(*new)})
    db.execute(_to(new, mutes, old).values(number=mutes.c.number + there.last_number))
    if db.scalar(select(func.count()).select_from(quiets).where(_at(quiets, new))):
        db.execute(delete(quiets).where(_at(quiets, old)))
    db.execute(_to(new, quiets, old))
    db.execute(_to(new, changes, old))
    db.execute(delete(catchups).where(_at(catchups, new)))
    db.execute(_to(new, catchups, old))
    _cards(db, old, new, numbers)
    _firings(db, old, new, numbers)
    _outbox(db, old, new, paused[new])
    merged = {
        "last_number": before.last_number + there.last_number,
        "last_ms": max(before.last_ms or 0, there.last_ms or 0) or None,
        "next_post_ms": max(before.next_post_ms, there.next_post_ms),
        "threads": there.threads if there.changed else before.threads,
        "changed": before.changed + there.changed + 1,
    }
    db.execute(update(channels).where(_at(channels, new)).values(merged))
    db.execute(delete(channels).where(_at(channels, old)))
    if paused[new] is None:  # why the old id was refused says nothing of the new one
        channel_pause.resume.within(db, team_id, new_id)
    return True


def _subscriptions(db: Connection, old: ChannelKey, new: ChannelKey, after: int) -> Mapping[int, int]:
    """Move subscriptions and return their new numbers by the old ones; those that move are numbered from `after`."""
    stays = {row.query_hash: row.number for row in db.execute(select(subscriptions).where(_at(subscriptions, new)))}
    coming = db.execute(select(subscriptions).where(_at(subscriptions, old))).all()
    numbers = {row.number: stays.get(row.query_hash, row.number + after) for row in coming}
    twice = delete(subscriptions).where(_at(subscriptions, old), subscriptions.c.query_hash.in_(stays))
    db.execute(twice)
    db.execute(_to(new, subscriptions, old).values(number=subscriptions.c.number + after))
    return numbers


def _digests(db: Connection, old: ChannelKey, new: ChannelKey, after: int) -> Sequence[int]:
    """Move digests and return their old numbers; those that move are numbered from `after`."""
    stays = db.execute(select(digests.c.schedule, digests.c.query_hash).where(_at(digests, new)))
    for schedule, query_hash in stays.all():
        same = (digests.c.schedule == schedule, digests.c.query_hash == query_hash)
        db.execute(delete(digests).where(_at(digests, old), *same))
    moved = db.scalars(select(digests.c.number).where(_at(digests, old))).all()
    db.execute(_to(new, digests, old).values(number=digests.c.number + after))
    return moved


def _belongings(db: Connection, old: ChannelKey, now: Mapping[str, str]) -> None:
    """Update messages' `of` from each old mark to `now`, so that they end with the setting that has moved."""
    known = update(outbox).where(_at(outbox, old), outbox.c.of == bindparam("was")).values(of=bindparam("now"))
    db.execute(known, [{"was": was, "now": mark} for was, mark in now.items()])


def _cards(db: Connection, old: ChannelKey, new: ChannelKey, numbers: Mapping[int, int]) -> None:
    """Move cards; of two for a session the one with a message stays, of two messages the new id's."""
    columns = (cards.c.session_id, cards.c.gen, cards.c.key, cards.c.known, cards.c.stopped)
    stays = {row.session_id: row for row in db.execute(select(*columns).where(_at(cards, new)))}
    rows = []
    for row in db.execute(select(*columns).where(_at(cards, old))).all():
        twin = stays.get(row.session_id)
        known = _numbers([row.known], numbers) | _numbers([twin.known] if twin else [])
        stopped = _numbers([row.stopped], numbers) | _numbers([twin.stopped] if twin else [])
        rows.append({"session": row.session_id, "k": _written(known), "st": _written(stopped)})
        if twin is not None:
            loser, place = (twin, new) if row.gen and not twin.gen else (row, old)
            db.execute(delete(cards).where(_at(cards, place), cards.c.session_id == row.session_id))
            unsent = (outbox.c.status.in_((PENDING, HELD)), outbox.c.claim.is_(None))
            db.execute(delete(outbox).where(or_(outbox.c.key == loser.key, outbox.c.of == loser.key), *unsent))
    born = case((cards.c.born == "", old[1]), else_=cards.c.born)
    db.execute(_to(new, cards, old).values(born=born))
    if any(number != number_now for number, number_now in numbers.items()) or stays:
        its_card = update(cards).where(_at(cards, new), cards.c.session_id == bindparam("session"))
        rewritten = its_card.values(known=bindparam("k"), stopped=bindparam("st"))
        for some in chunks(rows):
            db.execute(rewritten, some)


def _firings(db: Connection, old: ChannelKey, new: ChannelKey, numbers: Mapping[int, int]) -> None:
    """Move what fires with its subscription; of two for one session the new id's stays."""
    for row in db.execute(select(firings).where(_at(firings, old))).all():
        this = (_at(firings, old), firings.c.session_id == row.session_id, firings.c.number == row.number)
        now = numbers.get(row.number)
        twin = (_at(firings, new), firings.c.session_id == row.session_id, firings.c.number == now)
        if now is None or db.execute(select(firings.c.number).where(*twin)).first():
            db.execute(delete(firings).where(*this))
        else:
            db.execute(update(firings).where(*this).values(channel_id=new[1], number=now))


def _outbox(db: Connection, old: ChannelKey, new: ChannelKey, paused: str | None) -> None:
    claimed = (unfinished(outbox), outbox.c.claim.is_not(None), outbox.c.cause != UNCONFIRMED)
    flying = select(outbox.c.id).where(_at(outbox, new), *claimed)
    if paused is not None:
        stopped = update(outbox).where(_at(outbox, old), outbox.c.status.in_((PENDING, SENDING)))
        db.execute(stopped.values(status=HELD, cause=paused))
    if db.scalar(flying.limit(1)) is not None:
        # Only one may be in flight in a channel, even after a pause: the sender or a person resolves the others.
        stopped = update(outbox).where(_at(outbox, old), *claimed)
        db.execute(stopped.values(status=HELD, cause=UNCONFIRMED))
    db.execute(_to(new, outbox, old))


def _numbers(known: Iterable[str], now: Mapping[int, int] | None = None) -> set[int]:
    some = {int(number) for each in known for number in each.split(",") if number}
    return some if now is None else {now[number] for number in some if number in now}


def _written(numbers: Iterable[int]) -> str:
    return ",".join(map(str, sorted(numbers)))


def _to(new: ChannelKey, table: Table, old: ChannelKey) -> Any:
    """The update of the old id's rows; more of their columns may change."""
    return update(table).where(_at(table, old)).values(channel_id=new[1])


def _at(table: Table, place: ChannelKey) -> ColumnElement[bool]:
    return and_(table.c.team_id == place[0], table.c.channel_id == place[1])
