"""What became of messages that were claimed. A claim is proof that a row is still ours; nothing is written without."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    BigInteger,
    BindParameter,
    bindparam,
    case,
    func,
    select,
    tuple_,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.db.setting_change import SettingChange
from bot.db.sql import DEAD, HELD, PENDING, SENDING, SENT, chunks, insert, unfinished
from bot.db.tables import channels, limits, outbox
from bot.outbox import cards, threads
from bot.outbox import queue as messages
from bot.outbox.card import Card
from bot.outbox.claims import EDIT, POST
from bot.outbox.conversations import channel_of, go_on, lock, turn
from bot.outbox.message import Outgoing
from bot.outbox.records import Row

EDIT_GAP_MS = 15_000
"""A card is edited at most so often."""
GONE = ":gone"
"""What a reply waits for whose thread was deleted, behind the key of the card's message: for the one after that."""


async def sent(db: AsyncConnection, rows: Sequence[tuple[Row, str]], now_ms: int, gap_ms: int) -> None:
    revs = await _ours(db, [row for row, _ in rows])
    done = [(row, ts) for row, ts in rows if row.id in revs]
    moved_on = [row for row, _ in done if row.kind == "edit" and revs[row.id].rev != row.rev]
    finished = [(row, ts) for row, ts in done if row not in moved_on]
    posts = [row.key for row, _ in finished if row.kind == "post"]
    if finished:
        await db.execute(_SENT, [{"i": row.id, "t": ts, "now": now_ms} for row, ts in finished])
    if moved_on:
        await db.execute(_MOVED_ON, [{"i": row.id, "now": now_ms} for row in moved_on])
    await cards.sent(db, posts)
    for some in chunks(posts):
        await db.execute(_RELEASED, {"some": some})
    await go_on(db, {(row.team_id, row.channel_id) for row, _ in done if revs[row.id].paused})
    for ids in chunks(row.id for row, _ in done if row.kind == "edit"):
        await db.execute(_CHANGED, {"ids": ids, "now": now_ms})
    for ids in chunks(row.id for row, _ in done if row.kind != "edit"):
        await db.execute(_WROTE, {"ids": ids, "now": now_ms, "next": now_ms + gap_ms})


async def no_thread(db: AsyncConnection, row: Row) -> None:
    await lock(db, [(row.team_id, row.channel_id)])
    of = await db.scalar(select(outbox.c.of).where(*_is(row))) or ""
    key, ts = (await cards.places(db, [of])).get(of, (of, None))
    if key == of:  # nobody has noticed yet: `replaced` will find it
        waits_for, ts = key + GONE, None
    else:
        waits_for = None if ts else key
    status = case((outbox.c.status == HELD, HELD), else_=PENDING)
    values = {"status": status, "claim": None, "attempts": 0, "first_try_ms": None}
    await _change(db, row, **values, of=key, waits_for=waits_for, target_ts=ts)


async def slow_down(db: AsyncConnection, row: Row, until_ms: int) -> None:
    if not await _back(db, row, not_before_ms=0):
        return
    method = EDIT if row.kind == "edit" else POST + row.channel_id
    statement = insert(db, limits).values(team_id=row.team_id, method=method, not_before_ms=until_ms)
    longer = _later(limits.c.not_before_ms, until_ms)
    await db.execute(
        statement.on_conflict_do_update(index_elements=["team_id", "method"], set_={"not_before_ms": longer})
    )


async def again(db: AsyncConnection, row: Row) -> None:
    await _back(db, row, not_before_ms=0)


async def later(db: AsyncConnection, row: Row, until_ms: int) -> None:
    await _back(db, row, not_before_ms=until_ms, refusals=row.refusals + 1)


async def no_threads(db: AsyncConnection, row: Row, cause: str, notice: Outgoing, by: SettingChange) -> None:
    paused = await lock(db, [(row.team_id, row.channel_id)])
    await dead(db, row, cause, 0)
    if await threads.turn(db, row.team_id, row.channel_id, False, by):
        await messages.put(db, [notice], paused, await turn(db, row.team_id), by.at_ms)


async def unsure(db: AsyncConnection, row: Row, until_ms: int, cause: str) -> None:
    await _change(db, row, lease_ms=until_ms, cause=cause)


async def held(db: AsyncConnection, row: Row, cause: str) -> None:
    await _change(db, row, status=HELD, claim=None, cause=cause)


async def dead(db: AsyncConnection, row: Row, cause: str, untold_ms: int) -> None:
    newer = update(outbox).where(*_is(row), outbox.c.rev != row.rev)  # an edit's, that came while this one was tried
    status = case((outbox.c.status == HELD, HELD), else_=PENDING)
    await lock(db, [(row.team_id, row.channel_id)])
    if (await db.execute(newer.values(status=status, claim=None, attempts=0, first_try_ms=None))).rowcount:
        return
    values = {"status": DEAD, "claim": None, "cause": cause, "done_ms": row.first_try_ms}
    if not await _change(db, row, **values):
        return
    if row.kind == "post":
        waiting = update(outbox).where(outbox.c.waits_for == row.key)
        await db.execute(waiting.values(**values, waits_for=None))
    if untold_ms:
        await cards.withhold(db, row.key.removesuffix(":edit"), untold_ms)


async def replaced(db: AsyncConnection, row: Row, card: Card, post: Outgoing) -> None:
    paused = await lock(db, [(row.team_id, row.channel_id), (post.team_id, post.channel_id)])
    now = await db.scalar(select(outbox.c.payload).where(*_is(row), outbox.c.rev != row.rev))
    values = {"status": DEAD, "claim": None, "cause": "message deleted", "done_ms": row.first_try_ms}
    if not (await _change(db, row, **values) and await cards.replace(db, card)):
        return
    if now is not None:  # a newer state came while this one was on its way
        newer = messages.unpacked(now)
        post = Outgoing(post.key, post.team_id, post.channel_id, post.kind, newer.text, newer.blocks, post.of)
    await messages.put(db, [post], paused, await turn(db, row.team_id), row.first_try_ms)
    # replies to the message that is gone go to the new one's thread
    thread = update(outbox).where(outbox.c.of == row.key.removesuffix(":edit"), outbox.c.kind == "reply")
    here = (outbox.c.team_id == row.team_id, outbox.c.channel_id == row.channel_id, unfinished(outbox))
    await db.execute(
        thread.where(*here, outbox.c.status != SENDING).values(of=card.key, waits_for=card.key, target_ts=None)
    )


async def add(db: AsyncConnection, outgoing: Sequence[Outgoing], now_ms: int) -> None:
    for team_id in sorted({each.team_id for each in outgoing}):
        some = [each for each in outgoing if each.team_id == team_id]
        paused = await lock(db, [(each.team_id, each.channel_id) for each in some])
        await messages.put(db, some, paused, await turn(db, team_id), now_ms)


async def status(db: AsyncConnection, key: str) -> str:
    return await db.scalar(select(outbox.c.status).where(outbox.c.key == key)) or ""


async def dropped_ms(db: AsyncConnection, team_id: str, cause: str, since_ms: int) -> int | None:
    of = outbox.c
    query = select(func.max(of.done_ms)).where(of.done_ms > since_ms, of.team_id == team_id, of.cause == cause)
    newest: int | None = await db.scalar(query.where(of.status == DEAD))
    return newest


async def _ours(db: AsyncConnection, rows: Sequence[Row]) -> dict[int, Any]:
    """Those that are still ours as they are now, with why their channel is `paused`, by number. Their conversations are
    locked."""
    claims = {row.id: row.claim for row in sorted(rows, key=lambda row: (row.team_id, row.channel_id))}
    found: dict[int, Any] = {}
    for ids in chunks(claims):
        found |= {now.id: now for now in await db.execute(_OURS, {"ids": ids}) if now.claim == claims[now.id]}
    return found


async def _change(db: AsyncConnection, row: Row, **values: object) -> bool:
    """Write to a row that is still ours; whether it was."""
    await lock(db, [(row.team_id, row.channel_id)])
    return (await db.execute(update(outbox).where(*_is(row)).values(**values))).rowcount > 0


async def _back(db: AsyncConnection, row: Row, *, not_before_ms: int, **values: object) -> bool:
    """It is certainly not there: to be sent again, once its channel isn't paused."""
    status = case((outbox.c.status == HELD, HELD), else_=PENDING)
    return await _change(db, row, status=status, claim=None, not_before_ms=not_before_ms, **values)


def _is(row: Row) -> tuple[Any, Any]:
    return outbox.c.id == row.id, outbox.c.claim == row.claim


def _later(column: Any, until_ms: Any) -> Any:
    return case((column > until_ms, column), else_=until_ms)


_id = outbox.c.id == bindparam("i")
_one_of_ids = outbox.c.id.in_(bindparam("ids", expanding=True))
_now: BindParameter[int] = bindparam("now", type_=BigInteger)


_OURS = (
    select(outbox.c.id, outbox.c.claim, outbox.c.rev, channels.c.paused)
    .join(channels, channel_of(outbox))
    .where(_one_of_ids)
    .order_by(channels.c.team_id, channels.c.channel_id)  # as in channels.lock
    .with_for_update(of=[channels, outbox])
)
# An edit's next one waits its time out; for others the column has served.
_SENT = (
    update(outbox)
    .where(_id)
    .values(status=SENT, ts=bindparam("t"), claim=None, done_ms=_now, cause="", not_before_ms=_now + EDIT_GAP_MS)
)
_MOVED_ON = (
    update(outbox)
    .where(_id)
    .values(
        status=case((outbox.c.status == HELD, HELD), else_=PENDING),
        claim=None,
        attempts=0,
        refusals=0,
        first_try_ms=None,
        not_before_ms=_now + EDIT_GAP_MS,
    )
)
_post = outbox.alias("post")
_RELEASED = (
    update(outbox)
    .where(outbox.c.waits_for.in_(bindparam("some", expanding=True)))
    .values(waits_for=None, target_ts=select(_post.c.ts).where(_post.c.key == outbox.c.waits_for).scalar_subquery())
)
_their_channels = tuple_(channels.c.team_id, channels.c.channel_id).in_(
    select(outbox.c.team_id, outbox.c.channel_id).where(_one_of_ids)
)
_CHANGED = update(channels).where(_their_channels).values(last_ms=_now)
_WROTE = (
    update(channels)
    .where(_their_channels)
    .values(last_ms=_now, next_post_ms=_later(channels.c.next_post_ms, bindparam("next", type_=BigInteger)))
)
