"""Messages on their way into the outbox: one row for one fact, and one row for all the edits of a card.

The conversations of the messages must be locked (`conversations.lock`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, Row, bindparam, case, delete, select, update

from bot import log, metrics
from bot.db.sql import DEAD, HELD, PENDING, ROWS, SENDING, SENT, chunks, insert, unfinished
from bot.db.tables import outbox
from bot.outbox import cards, conversations
from bot.outbox.conversations import ChannelKey
from bot.outbox.message import Outgoing

SHARED = 256
"""Payloads kept in memory: one message is often for many channels."""


class Payload(msgspec.Struct):
    """The text and blocks of a message."""

    text: str
    blocks: list[dict[str, Any]]


UNSENT = (unfinished(outbox), outbox.c.status != SENDING, outbox.c.claim.is_(None))
"""Nobody is sending it."""
_payload = msgspec.json.Decoder(Payload)


def packed(text: str, blocks: Sequence[Mapping[str, Any]]) -> str:
    return msgspec.json.encode({"text": text, "blocks": list(blocks)}).decode()


@lru_cache(SHARED)
def unpacked(payload: str) -> Payload:
    """Not to be changed: it is the same for all that show the same."""
    return _payload.decode(payload)


def put(
    db: Connection, outgoing: Sequence[Outgoing], paused: Mapping[ChannelKey, str | None], turn: int, now_ms: int
) -> None:
    """Store them, in order. `paused` is what `conversations.lock` gave; messages for a paused channel are held."""
    once: dict[tuple[str, int], str] = {}  # one message is often for many channels
    new = insert(db, outbox).on_conflict_do_nothing(index_elements=["key"])
    for some in chunks((each for each in outgoing if each.kind == "post"), ROWS):
        if rows := _unknown(db, [_new(each, paused, turn, now_ms, once) for each in some]):
            db.execute(new, rows)
    for some in chunks((each for each in outgoing if each.kind != "post"), ROWS):
        _put_others(db, some, paused, turn, now_ms, once)


def take_back(db: Connection, place: ChannelKey, of: str) -> None:
    """Forget those that belong to `of` and that nobody is sending: what they say is no longer wanted."""
    withdraw(db, place, outbox.c.of == of)


def withdraw(db: Connection, place: ChannelKey, *which: ColumnElement[bool]) -> None:
    """Forget such messages of a conversation as nobody has begun to send."""
    db.execute(delete(outbox).where(*_at(place), *UNSENT, *which))


def try_now(db: Connection, place: ChannelKey) -> bool:
    """Somebody is there, and sees whether a paused conversation takes messages again: it is tried at once. True where
    it has none for that."""
    conversations.try_now(db, place)
    some = select(outbox.c.id).where(*_at(place), unfinished(outbox), *conversations.triable())
    return db.scalar(some.limit(1)) is None


def _at(place: ChannelKey) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return outbox.c.team_id == place[0], outbox.c.channel_id == place[1]


def _put_others(
    db: Connection,
    outgoing: Sequence[Outgoing],
    paused: Mapping[ChannelKey, str | None],
    turn: int,
    now_ms: int,
    once: dict[tuple[str, int], str],
) -> None:
    """Edits and replies: each belongs to a card's post, and what happens depends on how far that is."""
    keys = dict.fromkeys(each.of for each in outgoing)
    places = cards.places(db, keys)
    posts = _posts(db, dict.fromkeys(places.get(key, (key, None))[0] for key in keys))
    newer: dict[str, dict[str, object]] = {}
    rows: list[dict[str, object]] = []
    for each in outgoing:
        key, ts = places.get(each.of, (each.of, None))
        post = posts.get(key)
        if post is not None and post.status == "sent":
            ts = post.ts
        if each.kind == "edit" and post is not None and _can_still_change(post):
            if not (each.silenced and post.status == "dead"):
                free = paused[each.team_id, each.channel_id] is None
                revived = "pending" if free else "held"
                newer[key] = {"k": key, "new": packed(each.text, each.blocks), "revived": revived}
            continue
        row = _new(each, paused, turn, now_ms, once) | {"of": key, "target_ts": ts}
        if each.kind == "edit":
            row["key"] = f"{key}:edit"
        if ts is None and post is None:
            log.error("message_without_card", key=each.key, kind=each.kind)
            row |= {"status": "dead", "done_ms": now_ms, "cause": "no message to change"}
        elif ts is None:
            row["waits_for"] = key
        rows.append(row)
    if newer:
        db.execute(_OVERWRITE, [{**values, "turn": turn, "now": now_ms} for values in newer.values()])
    if rows := _unknown(db, rows):
        db.execute(_upsert(db), rows)


def _unknown(db: Connection, rows: Sequence[dict[str, object]]) -> list[dict[str, object]]:
    """Those that are to be stored: edits, and what isn't there yet. A key stands for one message, so that another one
    under it is a defect of whoever made the key."""
    there: dict[object, object] = {}
    for keys in chunks(row["key"] for row in rows if row["kind"] != "edit"):
        found = db.execute(select(outbox.c.key, outbox.c.payload, outbox.c.rev).where(outbox.c.key.in_(keys)))
        there |= {row.key: None if row.rev else row.payload for row in found}  # None: a newer state of a card
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
    found: dict[str, Row[Any]] = {}
    columns = (outbox.c.key, outbox.c.status, outbox.c.attempts, outbox.c.ts)
    for some in chunks(keys):
        found |= {row.key: row for row in db.execute(select(*columns).where(outbox.c.key.in_(some)))}
    return found


_was_dead = outbox.c.status == DEAD
_OVERWRITE = (
    update(outbox)
    .where(outbox.c.key == bindparam("k"))
    .values(
        payload=bindparam("new"),
        rev=outbox.c.rev + 1,
        # one that Slack refused for what it showed is tried again with what it shows now
        status=case((_was_dead, bindparam("revived")), else_=outbox.c.status),
        attempts=case((_was_dead, 0), else_=outbox.c.attempts),
        refusals=case((_was_dead, 0), else_=outbox.c.refusals),
        first_try_ms=case((_was_dead, None), else_=outbox.c.first_try_ms),
        done_ms=None,
        turn=case((_was_dead, bindparam("turn")), else_=outbox.c.turn),
        queued_ms=case((_was_dead, bindparam("now")), else_=outbox.c.queued_ms),
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
            "turn": case((waits, outbox.c.turn), else_=new.turn),
            "queued_ms": case((waits, outbox.c.queued_ms), else_=new.queued_ms),
        },
    )


def _new(
    each: Outgoing, paused: Mapping[ChannelKey, str | None], turn: int, now_ms: int, once: dict[tuple[str, int], str]
) -> dict[str, object]:
    what = each.text, id(each.blocks)
    if what not in once:
        once[what] = packed(each.text, each.blocks)
    return {
        "key": each.key,
        "team_id": each.team_id,
        "channel_id": each.channel_id,
        "kind": each.kind,
        "of": each.of or None,
        "payload": once[what],
        "status": "pending" if paused[each.team_id, each.channel_id] is None else "held",
        "turn": turn,
        "queued_ms": now_ms,
        "waits_for": None,
        "target_ts": None,
        "done_ms": None,
        "cause": "",
    }
