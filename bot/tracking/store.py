"""The snapshot of the last good poll, and the one transaction that stores a poll's facts and messages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any

import msgspec
from sqlalchemy import Connection, and_, delete, select, update

from bot.alerts import firing_store
from bot.alerts.backlog import Backlog, Catchup
from bot.alerts.firing import Firing
from bot.db import leases
from bot.db.leases import Fence
from bot.db.sql import ENDED, LIVE, ROWS, chunks, insert, parts
from bot.db.tables import catchups as catchups_
from bot.db.tables import polls, sessions
from bot.db.transaction import transaction
from bot.outbox import audit_log, queue
from bot.outbox import cards as card_store
from bot.outbox.card import Card
from bot.outbox.conversations import lock
from bot.outbox.message import Outgoing
from bot.sessions.tracked import Tracked

KEPT_MS = 2 * 86_400_000
"""The age up to which a snapshot keeps ended sessions: no list of ended ones reaches back further."""

_FIELDS = [field.name for field in fields(Tracked)]
"""Each has a column of that name."""
_TRACKED = select(*(sessions.c[name] for name in _FIELDS))
_people = msgspec.json.Decoder(dict[str, tuple[str, str]])


@dataclass(frozen=True, slots=True)
class Progress:
    """Up to where sessions are read: everything that began before `read_ms`, but for the `backlog`. Both by the clock
    of 100ms; None before the first reading."""

    read_ms: int | None = None
    backlog: Backlog | None = None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Snapshot of the last good poll: `seq` counts the good polls, `good_ms` is the last one's time, None before the
    first. `sessions` by id: those that were live, and those that ended up to two days before. `naming`: the `Mask` that
    names the people in them, "" for none."""

    seq: int = 0
    good_ms: int | None = None
    sessions: Mapping[str, Tracked] = field(default_factory=dict)
    naming: str = ""
    progress: Progress = Progress()


@dataclass(frozen=True, slots=True)
class PollState:
    """`errors` polls failed since the last good one, the last for `cause`."""

    seq: int = 0
    good_ms: int | None = None
    errors: int = 0
    cause: str = ""


@transaction
def state(db: Connection, team_id: str) -> PollState:
    row = db.execute(select(polls).where(polls.c.team_id == team_id)).one_or_none()
    return PollState(row.seq, row.good_ms, row.errors, row.cause) if row is not None else PollState()


@transaction
def snapshot(db: Connection, team_id: str) -> Snapshot:
    last = db.execute(select(polls).where(polls.c.team_id == team_id)).one_or_none()
    if last is None:
        return Snapshot()
    backlog = Backlog(last.backlog_ms, last.backlog_start) if last.backlog_ms is not None else None
    kept_ms = min(filter(None, (last.good_ms or 0, last.backlog_ms)), default=0) - KEPT_MS
    found: dict[str, Tracked] = {}
    for some in (LIVE, and_(ENDED, sessions.c.seen_ms >= kept_ms)):
        for part in parts(db, _TRACKED.where(sessions.c.team_id == team_id, some)):
            found |= {row[0]: _tracked(row) for row in part}
    return Snapshot(last.seq, last.good_ms, found, last.naming, Progress(last.read_ms, backlog))


@transaction
def tracked(db: Connection, team_id: str, session_ids: Iterable[str]) -> dict[str, Tracked]:
    """Return these sessions as the last good poll saw them; ended ones for a week."""
    found: dict[str, Tracked] = {}
    for some in chunks(session_ids):
        rows = db.execute(_TRACKED.where(sessions.c.team_id == team_id, sessions.c.session_id.in_(some)))
        found |= {row[0]: _tracked(row) for row in rows}
    return found


@transaction
def failed(db: Connection, team_id: str, now_ms: int, cause: str) -> None:
    """Count a failed poll, and store its cause."""
    statement = insert(db, polls)
    values = {"errors": polls.c.errors + 1, "failed_ms": now_ms, "cause": cause}
    db.execute(
        statement.on_conflict_do_update(index_elements=["team_id"], set_=values),
        {"team_id": team_id, "seq": 0, "errors": 1, "failed_ms": now_ms, "cause": cause},
    )


@transaction
def commit(
    db: Connection,
    team_id: str,
    seq: int,
    now_ms: int,
    *,
    changed: Sequence[Tracked],
    cards: Sequence[Card],
    outgoing: Sequence[Outgoing],
    firings: Sequence[Firing] = (),
    fence: Fence | None,
    known: Mapping[str, int] | None,
    naming: str = "",
    progress: Progress = Progress(),
    catchups: Mapping[str, Catchup] | None = None,
    good: bool = True,
) -> bool:
    """A good poll that began from snapshot `seq`: its facts and messages; `naming` and `progress` are the next
    snapshot's, and `catchups` those from now on, where they are given. A part of a poll, which isn't `good`
    yet, is the same but for when the last good one was. False, and nothing is stored, where another poll was stored
    since, the fence's lease has a new owner, or the settings of a channel that is told of something have changed
    since they were `known`, as `audit_log.counts` says."""
    if fence is not None and not leases.holds(db, fence):
        return False
    concerned: Sequence[Card | Firing | Outgoing] = (*cards, *firings, *outgoing)
    places = {(each.team_id, each.channel_id) for each in concerned}
    paused = lock(db, places)
    if known is not None and places:
        now = audit_log.counts.within(db, team_id)
        if any(now[channel_id] != known.get(channel_id, 0) for _, channel_id in places):
            return False
    since_ms, start = (progress.backlog.since_ms, progress.backlog.start) if progress.backlog else (None, "")
    facts: dict[str, object] = {"read_ms": progress.read_ms, "backlog_ms": since_ms, "backlog_start": start}
    if good:
        facts |= {"good_ms": now_ms, "naming": naming, "errors": 0, "cause": ""}
    if not _next(db, team_id, seq, facts):
        return False
    if changed:
        statement = insert(db, sessions)
        values = {name: statement.excluded[name] for name in _FIELDS if name != "session_id"}
        upsert = statement.on_conflict_do_update(index_elements=["team_id", "session_id"], set_=values)
        for some in chunks(changed, ROWS):
            db.execute(upsert, [_values(team_id, each) for each in some])
    card_store.put(db, cards, now_ms)
    firing_store.put(db, firings)
    queue.put(db, outgoing, paused, seq + 1, now_ms)
    if catchups is not None:
        _put_catchups(db, team_id, catchups)
    return True


@transaction
def read_catchups(db: Connection, team_id: str) -> dict[str, Catchup]:
    """Each channel's progress with a backlog; none where there is nothing to catch up with."""
    columns = (catchups_.c.channel_id, catchups_.c.told, catchups_.c.opened, catchups_.c.ended)
    rows = db.execute(select(*columns).where(catchups_.c.team_id == team_id))
    return {channel_id: Catchup(*counts) for channel_id, *counts in rows}


def _put_catchups(db: Connection, team_id: str, now: Mapping[str, Catchup]) -> None:
    """In place of those that are there."""
    db.execute(delete(catchups_).where(catchups_.c.team_id == team_id))
    rows = [{"team_id": team_id, "channel_id": channel_id, **asdict(each)} for channel_id, each in now.items()]
    if rows:
        db.execute(catchups_.insert(), rows)


def _next(db: Connection, team_id: str, seq: int, facts: Mapping[str, object]) -> bool:
    """Count this poll; False where another has been counted since it began. Holds the team's row: of two polls that end
    at once the second waits here, and finds that it is one."""
    db.execute(insert(db, polls).on_conflict_do_nothing(), {"team_id": team_id, "seq": 0})
    counted = update(polls).where(polls.c.team_id == team_id, polls.c.seq == seq)
    done = db.execute(counted.values(seq=seq + 1, **facts))
    return done.rowcount > 0


def _tracked(row: Any) -> Tracked:
    return Tracked(row[0], row[1], row[2], row[3], row[4], _people.decode(row[5]), row[6])


def _values(team_id: str, tracked: Tracked) -> dict[str, object]:
    values = {name: getattr(tracked, name) for name in _FIELDS}
    return values | {"team_id": team_id, "people": msgspec.json.encode(tracked.people).decode()}
