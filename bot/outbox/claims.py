"""Messages to send in a workspace: the next one of each channel, taken so that no two processes send the same. Only
`sending` rows are in flight, one a channel, which the index `one_in_flight` holds everybody to."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any, cast

from sqlalchemy import (
    BigInteger,
    BindParameter,
    Connection,
    ScalarSelect,
    Select,
    Text,
    bindparam,
    case,
    exists,
    false,
    func,
    literal_column,
    or_,
    select,
    tuple_,
    update,
)

from bot.db.sql import PENDING, SENDING, chunks
from bot.db.tables import channels, limits, outbox, workspaces
from bot.db.transaction import transaction
from bot.outbox import queue
from bot.outbox.conversations import channel_of
from bot.outbox.message import Claimed, Kind

SOON_MS = 60_000
FAR_MS = 3_600_000
"""A wait beyond these bounds can only come from a wrong clock and is ignored: ours are below SOON_MS, Slack's
Retry-After and leases below FAR_MS."""
POST, EDIT = "chat.postMessage ", "chat.update"
"""Names of Slack's rate limits: posts in each channel, whose id follows, and edits in the whole workspace."""

_ROW = (
    outbox.c.id,
    outbox.c.key,
    outbox.c.team_id,
    outbox.c.channel_id,
    outbox.c.kind,
    outbox.c.payload,
    outbox.c.target_ts,
    outbox.c.attempts,
    outbox.c.first_try_ms,
    outbox.c.rev,
    outbox.c.refusals,
)


@transaction
def claim(db: Connection, team_id: str, now_ms: int, lease_ms: int, limit: int) -> list[Claimed]:
    """Messages to send now: the next one of each channel of the team that may be written to, oldest first. They are
    this process's for `lease_ms`."""
    due = db.execute(_DUE, {"team": team_id, "now": now_ms, "most": limit})
    return _claimed(db, due, now_ms, lease_ms)


@transaction
def overdue(db: Connection, team_id: str, before_ms: int, limit: int, now_ms: int, lease_ms: int) -> list[Claimed]:
    """Messages of which nobody knows whether they were sent: their lease ended before `before_ms`. Claimed
    anew."""
    lost = or_(outbox.c.lease_ms < before_ms, outbox.c.lease_ms > now_ms + FAR_MS)
    query = _with_channel().where(outbox.c.team_id == _team, outbox.c.status == SENDING, lost, _TAKEN)
    rows = db.execute(query.order_by(outbox.c.lease_ms, outbox.c.id).limit(limit), {"team": team_id})
    return _claimed(db, rows, now_ms, lease_ms)


def _with_channel() -> Select[Any]:
    """Rows that nobody holds, whose conversations nobody holds."""
    return select(*_ROW).join(channels, channel_of(outbox)).with_for_update(of=[channels, outbox], skip_locked=True)


def _claimed(db: Connection, rows: Iterable[Any], now_ms: int, lease_ms: int) -> list[Claimed]:
    taken = list(rows)
    token = uuid.uuid4().hex
    for ids in chunks(row.id for row in taken):
        db.execute(_CLAIM, {"ids": ids, "token": token, "now": now_ms, "until": now_ms + lease_ms})
    return [_message(row, token, now_ms, lease_ms) for row in taken]


def _message(row: Any, token: str, now_ms: int, lease_ms: int) -> Claimed:
    payload = queue.unpacked(row.payload)
    broadcast = row.kind == "post" and row.target_ts is not None
    return Claimed(
        id=row.id,
        key=row.key,
        team_id=row.team_id,
        channel_id=row.channel_id,
        kind="reply" if broadcast else cast(Kind, row.kind),
        text=payload.text,
        blocks=payload.blocks,
        broadcast=broadcast,
        event=payload.event,
        target_ts=row.target_ts,
        attempts=row.attempts + 1,
        first_try_ms=now_ms if row.first_try_ms is None else row.first_try_ms,
        claim=token,
        lease_ms=now_ms + lease_ms,
        rev=row.rev,
        refusals=row.refusals,
    )


def _over(column: Any, most_ms: int) -> Any:
    return or_(column <= _now, column > _now + most_ms)


_team = bindparam("team", type_=Text)
_TAKEN = ~exists().where(workspaces.c.team_id == _team)
"""The workspace doesn't refuse the bot."""
_one_of_ids = outbox.c.id.in_(bindparam("ids", expanding=True))
_now: BindParameter[int] = bindparam("now", type_=BigInteger)


def _next(*, post: bool) -> ScalarSelect[Any]:
    """The number of a channel's next row at `now`, by index: a long queue costs nothing. In a paused channel only what
    is let go as a try is pending. What is tried again keeps later replies in its thread waiting."""
    first, before = outbox.alias("first"), outbox.alias("before")
    is_reply, was_reply = (rows.c.kind == literal_column("'reply'") for rows in (first, before))  # as in the index
    method = case((first.c.kind == "edit", EDIT), else_=POST + first.c.channel_id)
    limited = exists().where(
        limits.c.team_id == first.c.team_id, limits.c.method == method, ~_over(limits.c.not_before_ms, FAR_MS)
    )
    # (turn, id) as in the index, so that only what is before it in the queue is read
    same_thread = (
        before.c.team_id == first.c.team_id,
        before.c.channel_id == first.c.channel_id,
        before.c.status == PENDING,
        before.c.waits_for.is_(None),
        before.c.of == first.c.of,
        tuple_(before.c.turn, before.c.id) < tuple_(first.c.turn, first.c.id),
    )
    after_reply = exists().where(*same_thread, was_reply)
    after_broadcast = exists().where(*same_thread, was_reply == false(), before.c.kind == "post")
    which = (first.c.kind == "post", is_reply == false()) if post else (~is_reply | ~(after_reply | after_broadcast),)
    return (
        select(first.c.id)
        .where(
            channel_of(first),
            first.c.status == PENDING,
            first.c.waits_for.is_(None),
            _over(first.c.not_before_ms, SOON_MS),
            or_(first.c.kind == "edit", _over(channels.c.next_post_ms, SOON_MS)),
            ~limited,
            *which,
        )
        .order_by(is_reply, first.c.turn, first.c.id)
        .limit(1)
        .correlate(channels)
        .scalar_subquery()
    )


def _due() -> Select[Any]:
    """The next row of each channel of `team` at `now`, `most` of them: posts, then edits, then replies, oldest first. A
    card or an alert can't wait: a busy channel's edits would hold it up for seconds, and its replies for minutes."""
    flying = outbox.alias("flying")
    next_id = func.coalesce(_next(post=True), _next(post=False))
    busy = exists().where(channel_of(flying), flying.c.status == SENDING)
    return (
        select(*_ROW)
        .select_from(channels)
        .join(outbox, outbox.c.id == next_id)
        .where(channels.c.team_id == _team, ~busy, outbox.c.status == PENDING, _TAKEN)
        .order_by(outbox.c.kind != "post", outbox.c.turn, outbox.c.id)
        .limit(bindparam("most"))
        .with_for_update(of=[channels, outbox], skip_locked=True)
    )


_DUE = _due()
_CLAIM = (
    update(outbox)
    .where(_one_of_ids)
    .values(
        status=SENDING,
        attempts=outbox.c.attempts + 1,
        first_try_ms=func.coalesce(outbox.c.first_try_ms, _now),
        claim=bindparam("token"),
        not_before_ms=0,
        lease_ms=bindparam("until"),
    )
)
