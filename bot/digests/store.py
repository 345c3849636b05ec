"""The digests of channels, and the dates that are done with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Executable, Row, and_, delete, exists, func, or_, select, update

from bot.db import leases
from bot.db.leases import Fence
from bot.db.queries import hashed, read_query, readable
from bot.db.setting_change import How, SettingChange
from bot.db.sql import chunks, unfinished
from bot.db.tables import channels, digests, outbox
from bot.db.transaction import transaction
from bot.digests.model import Digest
from bot.errors import TooMany
from bot.outbox import audit_log, queue
from bot.outbox.card import key_of
from bot.outbox.conversations import ChannelKey, channel_of, lock, next_number, triable, turn
from bot.outbox.message import Outgoing
from bot.query.schedule import Schedule
from bot.query.times import ms

DIGESTS_MOST = 20
"""Most digests in a channel."""


@transaction
def add(db: Connection, new: Digest, by: SettingChange, first: Outgoing | None = None) -> tuple[Digest, How]:
    """Store a digest from its next date on, and the `first` message of a new one. If one with its schedule and query is
    there, that takes the new `empty` and maker, and goes on if it was paused. Raises TooMany."""
    place = (new.team_id, new.channel_id)
    paused = lock(db, [place])
    here = (digests.c.team_id == new.team_id, digests.c.channel_id == new.channel_id)
    text, schedule = str(new.query), str(new.schedule)
    same = (*here, digests.c.schedule == schedule, digests.c.query_hash == hashed(text))
    before = db.execute(select(digests).where(*same)).one_or_none()
    if before is not None and before.empty == new.empty and before.next_ms is not None:
        if first is not None and paused[place] is not None and queue.try_now(db, place):
            _put(db, place, before.number, [first], paused, new.created_ms)
        return _digest(before), "same"
    values: dict[str, object] = {"empty": new.empty, "created_by": new.created_by}
    if before is None or before.next_ms is None:
        values |= _waits(new.schedule, by)
    if before is not None:
        how: How = "changed"
        row = db.execute(update(digests).where(*same).values(values).returning(digests)).one()
    else:
        how = "new"
        if (db.scalar(select(func.count()).select_from(digests).where(*here)) or 0) >= DIGESTS_MOST:
            raise TooMany(f"This channel has {DIGESTS_MOST} digests, which is the most. Remove one first.")
        values |= {
            "team_id": new.team_id,
            "channel_id": new.channel_id,
            "number": next_number(db, place),
            "query": text,
            "query_hash": hashed(text),
            "schedule": schedule,
            "created_ms": new.created_ms,
        }
        row = db.execute(digests.insert().values(values).returning(digests)).one()
        if first is not None:
            _put(db, place, row.number, [first], paused, new.created_ms)
    audit_log.add(db, place, by)
    return _digest(row), how


@transaction
def read(db: Connection, team_id: str, channel_id: str | None = None) -> list[Digest]:
    """The digests of a channel, or of all, by number."""
    query = select(digests, channels.c.paused).outerjoin(channels, channel_of(digests))
    query = query.where(digests.c.team_id == team_id)
    if channel_id is not None:
        query = query.where(digests.c.channel_id == channel_id)
    rows = db.execute(query.order_by(digests.c.number, digests.c.channel_id))
    stored = readable(rows, lambda row: replace(_digest(row), halted=row.paused or ""))
    keys = [digest.key(digest.last) if digest.last else "" for digest in stored]
    outcomes: dict[str, dict[str, Any]] = {}  # of the messages that are kept
    for batch in chunks(keys):
        messages = db.execute(select(outbox.c.key, outbox.c.status, outbox.c.cause).where(outbox.c.key.in_(batch)))
        outcomes |= {message.key: {"status": message.status, "cause": message.cause} for message in messages}
    return [replace(digest, **outcomes.get(key, {})) for digest, key in zip(stored, keys, strict=True)]


@transaction
def due(db: Connection, team_id: str, now_ms: int) -> list[Digest]:
    """The digests that are due, the longest overdue first, without those of paused channels."""
    here = (digests.c.team_id == team_id, digests.c.next_ms <= now_ms)
    query = select(digests).outerjoin(channels, channel_of(digests)).where(*here, _writable(now_ms))
    rows = db.execute(query.order_by(digests.c.next_ms, digests.c.channel_id, digests.c.number))
    return readable(rows, _digest)


def _writable(now_ms: int) -> ColumnElement[bool]:
    """A condition: the channel isn't paused, or is due for a try and has no other message to try with."""
    kept = exists().where(channel_of(outbox), unfinished(outbox), *triable())
    return or_(channels.c.paused.is_(None), and_(channels.c.probe_ms <= now_ms, ~kept))


@transaction
def remove(db: Connection, team_id: str, channel_id: str, number: int, by: SettingChange) -> Digest | None:
    """Remove a digest and take back its unsent messages. Returns it, or None if the channel has none of that number."""
    lock(db, [(team_id, channel_id)])
    queue.take_back(db, (team_id, channel_id), mark(team_id, channel_id, number))
    removed = delete(digests).where(*_is(team_id, channel_id, number)).returning(digests)
    return _changed(db, removed, by)


@transaction
def pause(db: Connection, team_id: str, channel_id: str, number: int, paused: bool, by: SettingChange) -> Digest | None:
    """Pause a digest and take back its unsent messages, or resume it at its next date, without those it missed. Returns
    it, or None if the channel has none of that number."""
    lock(db, [(team_id, channel_id)])
    same = _is(team_id, channel_id, number)
    before = next(iter(readable(db.execute(select(digests).where(*same)), _digest)), None)
    if before is None or before.paused is paused:
        return before
    queue.take_back(db, (team_id, channel_id), mark(team_id, channel_id, number))
    values = {"next_ms": None} if paused else _waits(before.schedule, by)
    return _changed(db, update(digests).where(*same).values(values).returning(digests), by)


@transaction
def send(
    db: Connection,
    digest: Digest,
    day: date,
    outgoing: Sequence[Outgoing],
    now_ms: int,
    fence: Fence | None,
) -> bool:
    """Store the message of a date, none if it is skipped, and that the date is done with. False, and nothing is stored,
    if a date was done with since `digest` was read, the digest is gone, it or its channel is paused, or the fence's
    lease has a new owner."""
    if fence is not None and not leases.holds(db, fence):
        return False
    place = (digest.team_id, digest.channel_id)
    paused = lock(db, [place, *((each.team_id, each.channel_id) for each in outgoing)])
    here = (channels.c.team_id == digest.team_id, channels.c.channel_id == digest.channel_id)
    if digest.last == day or db.scalar(select(channels.c.channel_id).where(*here, _writable(now_ms))) is None:
        return False
    # as it was read, whatever it is: a clock that was ahead may have left a date that has not come
    waits = (digests.c.next_ms.is_not(None), digests.c.last == str(digest.last))
    sent = update(digests).where(*_is(*place, digest.number), *waits)
    done = db.execute(sent.values(_done(digest.schedule, day)))
    if done.rowcount == 0:
        return False
    _put(db, place, digest.number, outgoing, paused, now_ms)
    return True


def _put(
    db: Connection,
    place: ChannelKey,
    number: int,
    outgoing: Sequence[Outgoing],
    paused: Mapping[ChannelKey, str | None],
    now_ms: int,
) -> None:
    """Store messages that are taken back with the digest."""
    of = mark(*place, number)
    queue.put(db, [replace(message, of=of) for message in outgoing], paused, turn(db, place[0]), now_ms)


@transaction
def failed(db: Connection, digest: Digest, problem: str, notice: Sequence[Outgoing] = (), now_ms: int = 0) -> None:
    """Store the problem of a failed try, and the channel's `notice` of it, if any; the digest stays due."""
    place = (digest.team_id, digest.channel_id)
    paused = lock(db, [place])
    same = (*_is(*place, digest.number), digests.c.last == str(digest.last))
    noted = db.execute(update(digests).where(*same).values(problem=problem, tries=digests.c.tries + 1))
    if noted.rowcount:
        _put(db, place, digest.number, notice, paused, now_ms)


def _changed(db: Connection, statement: Executable, by: SettingChange) -> Digest | None:
    """Run a statement that changes or removes a digest, and log the change. Returns the digest, None if there was
    none."""
    row = db.execute(statement).one_or_none()
    if row is None:
        return None
    audit_log.add(db, (row.team_id, row.channel_id), by)
    return next(iter(readable([row], _digest)), None)


def mark(team_id: str, channel_id: str, number: int) -> str:
    """The value of `of` in the outbox for a digest's messages."""
    return key_of("digest", team_id, channel_id, str(number))


def _waits(schedule: Schedule, by: SettingChange) -> dict[str, object]:
    """Column values that mark all dates before the next one as done with."""
    (first,) = schedule.next(datetime.fromtimestamp(by.at_ms / 1000, UTC))
    return _done(schedule, first - timedelta(days=1))


def _done(schedule: Schedule, last: date) -> dict[str, object]:
    """Column values that mark the dates up to `last` as done with; `next_ms` derives from it and serves as an index."""
    next_ms = ms(schedule.at(schedule.following(last)))
    return {"last": last.isoformat(), "next_ms": next_ms, "problem": "", "tries": 0}


def _is(team_id: str, channel_id: str, number: int) -> tuple[ColumnElement[bool], ...]:
    return digests.c.team_id == team_id, digests.c.channel_id == channel_id, digests.c.number == number


def _digest(row: Row[Any]) -> Digest:
    """Raises QueryError or ValueError for a query or schedule that this version can't read."""
    return Digest(
        row.team_id,
        row.channel_id,
        read_query(row.query),
        Schedule.stored(row.schedule),
        row.empty,
        row.created_by,
        row.created_ms,
        row.number,
        paused=row.next_ms is None,
        last=date.fromisoformat(row.last),
        problem=row.problem,
        tries=row.tries,
    )
