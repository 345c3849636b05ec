"""Messages on their way into the outbox: one row for one fact, and one row for all the edits of a card. A broadcast is
stored as a post that has a thread: it is ordered with posts, and without its thread it is one.

The conversations of the messages must be locked (`conversations.lock`).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, Row, bindparam, case, delete, select, update

from bot import log, metrics
from bot.db.sql import DEAD, HELD, PENDING, ROWS, SENDING, SENT, chunks, insert, unfinished
from bot.db.tables import outbox
from bot.db.transaction import announce
from bot.outbox import cards, conversations
from bot.outbox.conversations import ChannelKey, at
from bot.outbox.message import Message, Outgoing

URGENT = -1
"""The `not_before_ms` of an edit that doesn't wait; kept while the one before is on its way."""
SHARED = 256
"""Payloads kept in memory: one message is often for many channels."""


class Payload(msgspec.Struct, omit_defaults=True):
    """The text, blocks and event of a message."""

    text: str
    blocks: Sequence[Mapping[str, Any]]
    event: Mapping[str, str | int] = {}


UNSENT = (unfinished(outbox), outbox.c.status != SENDING, outbox.c.claim.is_(None))
"""Nobody is sending it."""
_payload = msgspec.json.Decoder(Payload)


def packed(message: Message) -> str:
    return msgspec.json.encode(Payload(message.text, message.blocks, dict(message.event))).decode()


@lru_cache(SHARED)
def unpacked(payload: str) -> Payload:
    """Not to be changed: it is the same for all that show the same."""
    return _payload.decode(payload)


def put(
    db: Connection, outgoing: Sequence[Outgoing], paused: Mapping[ChannelKey, str | None], turn: int, now_ms: int
) -> None:
    """Store them, in order. `paused` is what `conversations.lock` gave; messages for a paused channel are held."""
    for team_id in {message.team_id for message in outgoing}:
        announce(db, conversations.outbox_of(team_id))
    once: dict[Hashable, str] = {}  # one message is often for many channels

    def new(message: Outgoing) -> dict[str, Any]:
        content = message.text, id(message.blocks), *message.event.items()
        if content not in once:
            once[content] = packed(message)
        return {
            "key": message.key,
            "team_id": message.team_id,
            "channel_id": message.channel_id,
            "kind": "post" if message.broadcast else message.kind,
            "of": message.of or None,
            "payload": once[content],
            "status": "pending" if paused[message.place] is None else "held",
            "turn": turn,
            "queued_ms": now_ms,
            "waits_for": None,
            "target_ts": None,
            "not_before_ms": URGENT if message.urgent else 0,
            "done_ms": None,
            "cause": "",
        }

    add = insert(db, outbox).on_conflict_do_nothing(index_elements=["key"])
    for posts in chunks((message for message in outgoing if message.kind == "post"), ROWS):
        if rows := _unknown(db, list(map(new, posts))):
            db.execute(add, rows)
    for others in chunks((message for message in outgoing if message.kind != "post"), ROWS):
        _put_others(db, others, new)


def take_back(db: Connection, place: ChannelKey, of: str) -> None:
    """Forget those that belong to `of` and that nobody is sending: what they say is no longer wanted."""
    withdraw(db, place, outbox.c.of == of)


def withdraw(db: Connection, place: ChannelKey, *which: ColumnElement[bool]) -> None:
    """Forget such messages of a conversation as nobody has begun to send."""
    db.execute(delete(outbox).where(at(outbox, place), *UNSENT, *which))


def try_now(db: Connection, place: ChannelKey) -> bool:
    """Somebody is there, and sees whether a paused conversation takes messages again: it is tried at once. True where
    it has none for that."""
    conversations.try_now(db, place)
    triable = select(outbox.c.id).where(at(outbox, place), unfinished(outbox), *conversations.triable())
    return db.scalar(triable.limit(1)) is None


def _put_others(db: Connection, outgoing: Sequence[Outgoing], new: Callable[[Outgoing], dict[str, Any]]) -> None:
    """Edits and replies: each belongs to a card's post, and what happens depends on how far that is. `new` makes the
    row of one."""
    keys = dict.fromkeys(message.of for message in outgoing)
    places = cards.places(db, keys)
    posts = _posts(db, dict.fromkeys(places.get(key, (key, None))[0] for key in keys))
    newer: dict[str, dict[str, Any]] = {}
    rows: list[dict[str, Any]] = []
    for message in outgoing:
        row = new(message)
        key, ts = places.get(message.of, (message.of, None))
        post = posts.get(key)
        if post is not None and post.status == "sent":
            ts = post.ts
        if message.kind == "edit" and post is not None and _can_still_change(post):
            if not (message.silenced and post.status == "dead"):
                newer[key] = {"post": key, "new_payload": row["payload"], "new_status": row["status"]}
                newer[key] |= {"new_turn": row["turn"], "new_queued_ms": row["queued_ms"]}
            continue
        row |= {"of": key, "target_ts": ts}
        if message.kind == "edit":
            row["key"] = f"{key}:edit"
        if message.broadcast and ts is None and (post is None or post.status == "dead"):
            row["of"] = None
        elif ts is None and post is None:
            log.error("message_without_card", key=message.key, kind=message.kind)
            row |= {"status": "dead", "done_ms": row["queued_ms"], "cause": "no message to change"}
        elif ts is None:
            row["waits_for"] = key
        rows.append(row)
    if newer:
        db.execute(_OVERWRITE, list(newer.values()))
    if rows := _unknown(db, rows):
        db.execute(_upsert(db), rows)


def _unknown(db: Connection, rows: Sequence[dict[str, object]]) -> list[dict[str, object]]:
    """The rows that are to be stored: edits, and what isn't there yet. A key stands for one message, so that another
    one under it is a defect of whoever made the key."""
    there: dict[object, object] = {}
    for keys in chunks(row["key"] for row in rows if row["kind"] != "edit"):
        stored = db.execute(select(outbox.c.key, outbox.c.payload, outbox.c.rev).where(outbox.c.key.in_(keys)))
        there |= {row.key: None if row.rev else row.payload for row in stored}  # None: a newer state of a card
    new: list[dict[str, object]] = []
    for row in rows:
        key, payload = row["key"], row["payload"]
        if row["kind"] == "edit" or key not in there:
            new.append(row)
            there[key] = payload
        elif there[key] not in (None, payload):
            log.error("key_taken", channel=row["channel_id"], kind=row["kind"], key=key)
            metrics.key_conflicts.inc()
    return new


def _can_still_change(post: Row[Any]) -> bool:
    """True if a post has certainly not been sent, so that its content may be replaced."""
    return post.status == "dead" or (post.status in ("pending", "held") and post.attempts == 0)


def _posts(db: Connection, keys: Iterable[str]) -> dict[str, Row[Any]]:
    columns = (outbox.c.key, outbox.c.status, outbox.c.attempts, outbox.c.ts)
    posts: dict[str, Row[Any]] = {}
    for part in chunks(keys):
        posts |= {row.key: row for row in db.execute(select(*columns).where(outbox.c.key.in_(part)))}
    return posts


_was_dead = outbox.c.status == DEAD
_OVERWRITE = (
    update(outbox)
    .where(outbox.c.key == bindparam("post"))
    .values(
        payload=bindparam("new_payload"),
        rev=outbox.c.rev + 1,
        # one that Slack refused for what it showed is tried again with what it shows now
        status=case((_was_dead, bindparam("new_status")), else_=outbox.c.status),
        attempts=case((_was_dead, 0), else_=outbox.c.attempts),
        refusals=case((_was_dead, 0), else_=outbox.c.refusals),
        first_try_ms=case((_was_dead, None), else_=outbox.c.first_try_ms),
        done_ms=None,
        turn=case((_was_dead, bindparam("new_turn")), else_=outbox.c.turn),
        queued_ms=case((_was_dead, bindparam("new_queued_ms")), else_=outbox.c.queued_ms),
    )
)


def _upsert(db: Connection) -> Any:
    """New rows; an edit that is there already gets the newer state. One on its way stays so and is sent again later,
    as its `rev` has moved on. One that waits keeps its turn."""
    statement = insert(db, outbox)
    new = statement.excluded
    done = outbox.c.status.in_((SENT, DEAD))
    flying = outbox.c.status == SENDING
    waits = outbox.c.status.in_((PENDING, HELD))
    return statement.on_conflict_do_update(
        index_elements=["key"],
        where=outbox.c.kind == "edit",
        set_={
            "payload": new.payload,
            "rev": outbox.c.rev + 1,
            "status": case((done, new.status), else_=outbox.c.status),
            "attempts": case((done, 0), else_=outbox.c.attempts),
            "refusals": case((done, 0), else_=outbox.c.refusals),
            "first_try_ms": case((done, None), else_=outbox.c.first_try_ms),
            "done_ms": case((done, new.done_ms), else_=outbox.c.done_ms),
            "cause": case((done, new.cause), else_=outbox.c.cause),
            "waits_for": case((flying, None), else_=new.waits_for),
            "target_ts": case((flying, outbox.c.target_ts), else_=new.target_ts),
            "not_before_ms": case((new.not_before_ms == URGENT, URGENT), else_=outbox.c.not_before_ms),
            "turn": case((waits, outbox.c.turn), else_=new.turn),
            "queued_ms": case((waits, outbox.c.queued_ms), else_=new.queued_ms),
        },
    )
