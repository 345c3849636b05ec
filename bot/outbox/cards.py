"""The one message that a channel has for a session."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain
from typing import Any

from sqlalchemy import Connection, Select, bindparam, case, literal_column, or_, select, update

from bot.db.sql import ROWS, chunks, insert, parts
from bot.db.tables import cards, outbox
from bot.db.transaction import transaction
from bot.outbox.card import Card, Status
from bot.outbox.message import Claimed

STORED: Mapping[Status, str] = {"unannounced": "silent", "summarised": "listed", "posted": "live", "final": "closed"}
"""A card's status by its name in the database, which older processes read too."""
_READ: Mapping[str, Status] = {name: status for status, name in STORED.items()}


def add(db: Connection, new: Sequence[Card], now_ms: int, *, shown: bool = False) -> None:
    """Store those that aren't there yet; one that is, without a message unless `shown`, has matched more subscriptions
    from now on."""
    if not new:
        return
    statement = insert(db, cards)
    known = cards.c.known + "," + statement.excluded.known
    places = ["team_id", "session_id", "channel_id"]
    which = None if shown else cards.c.gen == 0
    more = statement.on_conflict_do_update(index_elements=places, set_={"known": known}, where=which)
    db.execute(more, _values(new, now_ms))


def put(db: Connection, changed: Sequence[Card], now_ms: int) -> None:
    """Store cards as they are from now on. `gen` never goes back: the message may have been replaced meanwhile."""
    if not changed:
        return
    statement = insert(db, cards)
    new = statement.excluded
    newer = new.gen > cards.c.gen
    values = {
        "status": new.status,
        "reopened": new.reopened,
        # somebody may have subscribed since the poll read it
        "known": case((cards.c.gen == 0, cards.c.known + "," + new.known), else_=new.known),
        "stopped": new.stopped,
        "changed_ms": new.changed_ms,
        "hushed_ms": new.hushed_ms,
        "gen": case((newer, new.gen), else_=cards.c.gen),
        "key": case((newer, new.key), else_=cards.c.key),
        "key_before": case((newer, None), else_=cards.c.key_before),
        "ts": case((newer, None), else_=cards.c.ts),
    }
    places = ["team_id", "session_id", "channel_id"]
    upsert = statement.on_conflict_do_update(index_elements=places, set_=values)
    for part in chunks(changed, ROWS):
        db.execute(upsert, _values(part, now_ms))


@transaction
def read(db: Connection, team_id: str, session_ids: Iterable[str]) -> list[Card]:
    """Return the cards of sessions in all channels."""
    query = select(cards).where(cards.c.team_id == team_id)
    rows = (db.execute(query.where(cards.c.session_id.in_(ids))) for ids in chunks(dict.fromkeys(session_ids)))
    return list(map(_card, chain.from_iterable(rows)))


@transaction
def withheld(db: Connection, team_id: str) -> list[Card]:
    """The cards of live sessions whose announcement is withheld, in all channels."""
    return _all(db, select(cards).where(cards.c.team_id == team_id, WITHHELD, cards.c.status == STORED["unannounced"]))


@transaction
def withheld_ended(db: Connection, team_id: str, now_ms: int, silent: Callable[[str], bool]) -> list[Card]:
    """The withheld cards of ended sessions that may be told: their silence is over, or their channel is no longer
    `silent`. The others, of which there may be very many, aren't read."""
    ended = (cards.c.team_id == team_id, WITHHELD, cards.c.status != STORED["unannounced"])
    channels = db.scalars(select(cards.c.channel_id).where(*ended).distinct())
    free = [channel_id for channel_id in channels if not silent(channel_id)]
    over = _all(db, select(cards).where(*ended, cards.c.hushed_ms <= now_ms))
    for ids in chunks(free):
        over += _all(db, select(cards).where(*ended, cards.c.hushed_ms > now_ms, cards.c.channel_id.in_(ids)))
    return over


@transaction
def of_message(db: Connection, row: Claimed) -> Card | None:
    """The card whose message an edit changes, or a post is; None once it is forgotten."""
    query = select(cards).where(or_(cards.c.key == row.card_key, cards.c.key_before == row.card_key))
    stored = db.execute(query).first()
    return _card(stored) if stored is not None else None


def places(db: Connection, keys: Iterable[str]) -> dict[str, tuple[str, str | None]]:
    """For each key of a card's message, also of one that was replaced: the key now, and the ts where it is sent."""
    now: dict[str, tuple[str, str | None]] = {}
    for part in chunks(keys):
        for column in (cards.c.key_before, cards.c.key):
            rows = db.execute(select(column.label("asked"), cards.c.key, cards.c.ts).where(column.in_(part)))
            now |= {row.asked: (row.key, row.ts) for row in rows}
    return now


def sent(db: Connection, keys: Sequence[str]) -> None:
    """Take over the `ts` of posts from their rows; those that are no card's are none here."""
    for part in chunks(keys):
        db.execute(_SENT, {"keys": part})


def replace(db: Connection, card: Card) -> bool:
    """Raise the card to this `gen`; False if it is there already, or is no more."""
    here = (cards.c.team_id == card.team_id, cards.c.session_id == card.session_id)
    raised = update(cards).where(*here, cards.c.channel_id == card.channel_id, cards.c.gen < card.gen)
    values = raised.values(gen=card.gen, key=card.key, key_before=cards.c.key, ts=None)
    return db.execute(values).rowcount > 0


def withhold(db: Connection, key: str, until_ms: int) -> None:
    """The end of the session whose card has that message is to be counted then, if it has ended."""
    ended = (cards.c.key == key, cards.c.status == STORED["final"])
    db.execute(update(cards).where(*ended).values(hushed_ms=until_ms))


def _all(db: Connection, query: Select[Any]) -> list[Card]:
    found = map(_card, chain.from_iterable(parts(db, query)))
    # not by the database: for the order SQLite would read every card of the workspace
    return sorted(found, key=lambda card: card.place)


# 0 is written out, as in `sql`: the index is a partial one
WITHHELD = cards.c.hushed_ms > literal_column("0")
_post_ts = select(outbox.c.ts).where(outbox.c.key == cards.c.key).scalar_subquery()
_SENT = update(cards).where(cards.c.key.in_(bindparam("keys", expanding=True))).values(ts=_post_ts)


def _card(row: Any) -> Card:
    matched, stopped = (frozenset(map(int, filter(None, numbers.split(",")))) for numbers in (row.known, row.stopped))
    state = (_READ[row.status], row.gen, row.reopened, matched, stopped, row.hushed_ms, row.born)
    return Card(row.team_id, row.channel_id, row.session_id, *state)


def _values(changed: Sequence[Card], now_ms: int) -> list[dict[str, object]]:
    return [
        {
            "team_id": card.team_id,
            "session_id": card.session_id,
            "channel_id": card.channel_id,
            "status": STORED[card.status],
            "gen": card.gen,
            "reopened": card.reopened,
            "known": ",".join(map(str, sorted(card.matched))),
            "stopped": ",".join(map(str, sorted(card.stopped))),
            "key": card.key,
            "changed_ms": now_ms,
            "hushed_ms": card.withheld_until_ms,
            "born": card.born,
        }
        for card in changed
    ]
