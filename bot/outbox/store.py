"""Outcomes of claimed messages. A claim is proof that a row is still ours; nothing is written without."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import BigInteger, BindParameter, Connection, bindparam, case, func, select, tuple_, update

from bot.db.setting_change import SettingChange
from bot.db.sql import DEAD, HELD, PENDING, SENDING, SENT, chunks, insert, unfinished
from bot.db.tables import channels, limits, outbox
from bot.db.transaction import transaction
from bot.outbox import cards, queue, threads
from bot.outbox.card import Card
from bot.outbox.claims import EDIT, POST
from bot.outbox.conversations import at, channel_of, go_on, lock, turn
from bot.outbox.message import Claimed, Outgoing

EDIT_GAP_MS = 15_000
"""A card is edited at most so often, but for what is urgent."""
GONE = ":gone"
"""Suffix of the key that a reply to a deleted thread waits for: the message after the card's."""
_BACK = {"status": case((outbox.c.status == HELD, HELD), else_=PENDING), "claim": None}
"""To be sent again, once its channel isn't paused."""
_ANEW = {**_BACK, "attempts": 0, "first_try_ms": None}
"""To be sent as if it had never been tried."""
_ALONE = {"of": None, "waits_for": None, "target_ts": None}
"""A broadcast without its thread."""


@transaction
def sent(db: Connection, rows: Sequence[tuple[Claimed, str]], now_ms: int, gap_ms: int = 1000) -> None:
    """They are there, each under its ts. What waited for one may go; the channel's next message waits `gap_ms`. An
    edit of which there is a newer state meanwhile is to be sent again."""
    revs = _ours(db, [row for row, _ in rows])
    done = [(row, ts) for row, ts in rows if row.id in revs]
    moved_on = [row for row, _ in done if row.kind == "edit" and revs[row.id].rev != row.rev]
    finished = [(row, ts) for row, ts in done if row not in moved_on]
    posts = [row.key for row, _ in finished if row.kind == "post"]
    if finished:
        db.execute(_SENT, [{"i": row.id, "t": ts, "now": now_ms} for row, ts in finished])
    if moved_on:
        db.execute(_MOVED_ON, [{"i": row.id, "now": now_ms} for row in moved_on])
    cards.sent(db, posts)
    for keys in chunks(posts):
        db.execute(_RELEASED, {"keys": keys})
    go_on(db, {row.place for row, _ in done if revs[row.id].paused})
    for ids in chunks(row.id for row, _ in done if row.kind == "edit"):
        db.execute(_CHANGED, {"ids": ids, "now": now_ms})
    for ids in chunks(row.id for row, _ in done if row.kind != "edit"):
        db.execute(_WROTE, {"ids": ids, "now": now_ms, "next": now_ms + gap_ms})


@transaction
def no_thread(db: Connection, row: Claimed) -> None:
    """A reply that is certainly not there, as the card's message was deleted: it waits for the card's next one,
    which the card's next change makes."""
    lock(db, [row.place])
    of = db.scalar(select(outbox.c.of).where(*_is(row))) or ""
    key, ts = cards.places(db, [of]).get(of, (of, None))
    if key == of:  # nobody has noticed yet: `replaced` will find it
        waits_for, ts = key + GONE, None
    else:
        waits_for = None if ts else key
    _change(db, row, **_ANEW, of=key, waits_for=waits_for, target_ts=ts)


@transaction
def alone(db: Connection, row: Claimed) -> None:
    """A broadcast that is certainly not there, and can't have its thread: it becomes a post of its own."""
    _change(db, row, **_ANEW, **_ALONE)


@transaction
def slow_down(db: Connection, row: Claimed, until_ms: int) -> None:
    """It is certainly not there, and Slack asks to wait: with posts in its channel, or with all edits."""
    if not _change(db, row, **_BACK, not_before_ms=0):
        return
    method = EDIT if row.kind == "edit" else POST + row.channel_id
    statement = insert(db, limits).values(team_id=row.team_id, method=method, not_before_ms=until_ms)
    longer = _later(limits.c.not_before_ms, until_ms)
    db.execute(statement.on_conflict_do_update(index_elements=["team_id", "method"], set_={"not_before_ms": longer}))


@transaction
def again(db: Connection, row: Claimed) -> None:
    """It is certainly not there: to be sent at once."""
    _change(db, row, **_BACK, not_before_ms=0)


@transaction
def later(db: Connection, row: Claimed, until_ms: int) -> None:
    """It is certainly not there, and the refusal says nothing for sure: to be sent again then."""
    _change(db, row, **_BACK, not_before_ms=until_ms, refusals=row.refusals + 1)


@transaction
def no_threads(db: Connection, row: Claimed, cause: str, notice: Outgoing, by: SettingChange) -> None:
    """A reply that will never be sent, as the channel takes none: threads are off there, and `notice` says so,
    where they were on."""
    paused = lock(db, [row.place])
    dead.within(db, row, cause)
    if threads.turn.within(db, *row.place, False, by):
        queue.put(db, [notice], paused, turn(db, row.team_id), by.at_ms)


@transaction
def unsure(db: Connection, row: Claimed, until_ms: int, cause: str) -> None:
    """It may be there. Its lease ends at `until_ms`, and `overdue` gives it out."""
    _change(db, row, lease_ms=until_ms, cause=cause)


@transaction
def held(db: Connection, row: Claimed, cause: str) -> None:
    """A person must act: it is kept until `release`, or `resume` where it has another cause."""
    _change(db, row, status=HELD, claim=None, cause=cause)


@transaction
def dead(db: Connection, row: Claimed, cause: str, untold_ms: int = 0) -> None:
    """It will never be sent as it is, nor what waits for it. A card's newer state is tried once more. With
    `untold_ms`, the end of a card's session is withheld until then, if it has ended."""
    newer = update(outbox).where(*_is(row), outbox.c.rev != row.rev)  # an edit's, that came while this one was tried
    lock(db, [row.place])
    if db.execute(newer.values(_ANEW)).rowcount:
        return
    values = _given_up(row, cause)
    if not _change(db, row, **values):
        return
    if row.kind == "post":
        waiting = update(outbox).where(outbox.c.waits_for == row.key)
        db.execute(waiting.where(outbox.c.kind == "post").values(_ALONE))
        db.execute(waiting.values(**values, waits_for=None))
    if untold_ms:
        cards.withhold(db, row.card_key, untold_ms)


@transaction
def replaced(db: Connection, row: Claimed, card: Card) -> None:
    """The message that `row` would edit was deleted: it is dead, and `card`, its `gen` one higher than before, gets a
    new message. It shows the newest state that the store knows."""
    paused = lock(db, [row.place])
    payload = db.scalar(select(outbox.c.payload).where(*_is(row), outbox.c.rev != row.rev))
    if not (_change(db, row, **_given_up(row, "message deleted")) and cards.replace(db, card)):
        return
    newest = row if payload is None else queue.unpacked(payload)  # it came while this one was on its way
    post = Outgoing(card.key, *row.place, "post", newest.text, newest.blocks, event=newest.event)
    queue.put(db, [post], paused, turn(db, row.team_id), row.first_try_ms)
    # replies to the message that is gone go to the new one's thread
    thread = update(outbox).where(outbox.c.of == row.card_key, outbox.c.kind != "edit", at(outbox, row.place))
    thread = thread.where(unfinished(outbox), outbox.c.status != SENDING)
    db.execute(thread.values(of=card.key, waits_for=card.key, target_ts=None))


@transaction
def add(db: Connection, outgoing: Sequence[Outgoing], now_ms: int) -> None:
    """Messages of one team that belong to no poll."""
    if outgoing:
        paused = lock(db, [message.place for message in outgoing])
        queue.put(db, outgoing, paused, turn(db, outgoing[0].team_id), now_ms)


@transaction
def status(db: Connection, key: str) -> str:
    """pending, sending, sent, held or dead; "" for a message that isn't there."""
    return db.scalar(select(outbox.c.status).where(outbox.c.key == key)) or ""


@transaction
def dropped_ms(db: Connection, team_id: str, cause: str, since_ms: int) -> int | None:
    """The first try of the newest message that was given up for this cause, None where none was since then."""
    of = outbox.c
    query = select(func.max(of.done_ms)).where(of.done_ms > since_ms, of.team_id == team_id, of.cause == cause)
    newest: int | None = db.scalar(query.where(of.status == DEAD))
    return newest


def _ours(db: Connection, rows: Sequence[Claimed]) -> dict[int, Any]:
    """The rows that are still ours as they are now, with why their channel is `paused`, by number. Their conversations
    are locked."""
    claims = {row.id: row.claim for row in sorted(rows, key=lambda row: row.place)}
    ours: dict[int, Any] = {}
    for ids in chunks(claims):
        ours |= {now.id: now for now in db.execute(_OURS, {"ids": ids}) if now.claim == claims[now.id]}
    return ours


def _change(db: Connection, row: Claimed, **values: object) -> bool:
    """Write to a row that is still ours; True if it was."""
    lock(db, [row.place])
    return db.execute(update(outbox).where(*_is(row)).values(**values)).rowcount > 0


def _given_up(row: Claimed, cause: str) -> dict[str, object]:
    return {"status": DEAD, "claim": None, "cause": cause, "done_ms": row.first_try_ms}


def _is(row: Claimed) -> tuple[Any, Any]:
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
    .order_by(channels.c.team_id, channels.c.channel_id)  # as in conversations.lock
    .with_for_update(of=[channels, outbox])
)
# An edit's next one waits its time out; for others the column has served.
_SENT = (
    update(outbox)
    .where(_id)
    .values(status=SENT, ts=bindparam("t"), claim=None, done_ms=_now, cause="", not_before_ms=_now + EDIT_GAP_MS)
)
_gap = case((outbox.c.not_before_ms == queue.URGENT, queue.URGENT), else_=_now + EDIT_GAP_MS)
_MOVED_ON = update(outbox).where(_id).values(**_ANEW, refusals=0, not_before_ms=_gap)
_post = outbox.alias("post")
_RELEASED = (
    update(outbox)
    .where(outbox.c.waits_for.in_(bindparam("keys", expanding=True)))
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
