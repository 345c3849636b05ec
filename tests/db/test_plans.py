"""What polls, probes and presses cost doesn't grow with what is stored: the plan of every statement of the store, on both
databases. None of them scans the outbox, the sessions or the cards, but for a partial index of what is open."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import msgspec
from sqlalchemy import Connection, event, text

from bot.alerts import store as alerts_store
from bot.channel import store as channel_store
from bot.db import leases, tables
from bot.db.database import Database
from bot.db.numbered import kind_of
from bot.digests import store as digests_store
from bot.health import store as health_store
from bot.outbox import audit_log, channel_pause, claims, conversations, threads, workspaces
from bot.outbox import cards as card_store
from bot.outbox import counts as outbox_counts
from bot.outbox import prune as pruning
from bot.outbox import store as outbox_store
from bot.outbox.message import Outgoing, Row
from bot.rooms import store as room_store
from bot.rooms.store import RoomWalk
from bot.sessions.model import Room
from bot.silence import mute_store, quiet_store
from bot.silence.quiet_hours import read_quiet
from bot.slack import store as request_store
from bot.tracking import store as tracking_store
from tests.db.parts import (
    LEASE,
    NOW,
    TEAM,
    by,
    card,
    commit,
    digest,
    edit,
    message,
    mute,
    post,
    reply,
    subscription,
    tracked,
)
from tests.db.transactions import transactions

DAY = 86_400_000
LARGE = ("outbox", "sessions", "cards", "rooms")
"""The tables that grow with what happens; the others have a row for what people set up."""
OPEN = {
    "outbox_open",
    "outbox_next",
    "outbox_held",
    "outbox_waits_for",
    "one_in_flight",
    "cards_hushed",
    "sessions_live",
}
"""Partial indexes of what is open: one may be read from end to end."""
ONCE = {"rooms.store.forget", "channel.store.move", "rooms.store.having", "rooms.store.newest"}
"""Methods that may scan: a channel's id changes once in its life, and all that is stored of it with that; the keys
become another account's; a person looks for a name of which they typed a part."""
STORED = 5_000
"""Rows of each large table, nearly all of them over."""


def tell(person: str) -> Outgoing:
    return message(f"to {person}", person)


async def take(store: Database, key: str, now_ms: int = NOW) -> Row:
    """The row of that key, which is due."""
    return next(row for row in await claims.claim(store, TEAM, now_ms, LEASE, 100) if row.key == key)


async def sent_card(store: Database, name: str) -> tuple[Any, Any]:
    """A card whose message is sent, and its post."""
    of = card("C9", name)
    await commit(store, post(of), cards=[of], changed=[tracked(name)])
    row = await take(store, of.key)
    await outbox_store.sent(store, [(row, f"ts-{name}")], NOW, gap_ms=0)
    return of, row


async def claimed(store: Database, key: str) -> Any:
    await outbox_store.add(store, [message(key, f"C-{key}")], NOW)
    return await take(store, key)


async def _commit_poll(store: Database) -> None:
    of, _ = await sent_card(store, "p1")
    waiting = card("C8", "p2")
    await commit(store, post(waiting), cards=[waiting])
    changed = [tracked("p1", live=False), tracked("p2")]
    await commit(store, edit(of), reply(of, "r1"), edit(waiting), cards=[of, waiting], changed=changed)
    rows = await claims.claim(store, TEAM, NOW, LEASE, 100)
    await outbox_store.sent(store, [(row, "1") for row in rows], NOW, gap_ms=0)
    for row in await claims.claim(store, TEAM, NOW, LEASE, 100):
        await outbox_store.dead(store, row, "x")


async def _no_thread(store: Database) -> None:
    of, _ = await sent_card(store, "t1")
    await commit(store, reply(of, "r2"))
    await outbox_store.no_thread(store, await take(store, "r2"))
    await outbox_store.dead(store, replace(await claimed(store, "t2"), kind="post"), "x", untold_ms=NOW)


async def _replaced(store: Database) -> None:
    of, _ = await sent_card(store, "e1")
    await commit(store, edit(of))
    row = await take(store, f"{of.key}:edit")
    again = replace(of, gen=2)
    await outbox_store.replaced(store, row, again, post(again))
    await outbox_store.dead(store, await take(store, again.key), "x")


async def _unsubscribe(store: Database) -> None:
    made, _ = await alerts_store.subscribe(store, subscription("C5"), ["s1"], message("first", "C5"), by=by())
    unsent = replace(card("C5", "w1"), known=frozenset((made.number,)))
    await commit(store, post(unsent), cards=[unsent])
    await alerts_store.subscribe(
        store, replace(subscription("C5"), kinds=frozenset(("start",))), [], message("other", "C5"), by=by()
    )
    await alerts_store.unsubscribe(store, TEAM, "C5", [made.number], by())


async def _send_digest(store: Database) -> None:
    made, _ = await digests_store.add(store, digest("C6"), by())
    await digests_store.failed(store, made, "HmsBadReply")
    (due,) = await digests_store.due(store, TEAM, NOW + 2 * DAY)
    assert await digests_store.send(
        store, due, due.schedule.next(due_at(due))[0], [message("d", "C6")], NOW, fence=None
    )
    await outbox_store.dead(store, await take(store, "d"), "x")
    assert await digests_store.read(store, TEAM)


def due_at(of: Any) -> Any:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(NOW / 1000, UTC)


async def _held(store: Database) -> None:
    await outbox_store.held(store, await claimed(store, "h1"), "unconfirmed")


async def _pause(store: Database) -> None:
    await alerts_store.subscribe(store, subscription("C7"), [], message("seventh", "C7"), by=None)
    await channel_pause.pause(store, TEAM, "C7", "is_archived", NOW, tell)


async def _try_paused(store: Database) -> None:
    await outbox_store.add(store, [message("tried", "C12")], NOW)
    await channel_pause.pause(store, TEAM, "C12", "is_archived", NOW, tell)
    await channel_pause.try_paused(store, TEAM, NOW + DAY)


async def _tell_states(store: Database) -> None:
    fence = await leases.take(store, "poller", "me", 1000)
    assert fence is not None
    assert await health_store.tell(store, TEAM, {"token": NOW}, ["100ms"], [message("ops", "C11")], NOW, fence)


async def _sent(store: Database) -> None:
    of, _ = await sent_card(store, "n1")
    await commit(store, edit(of, "one"))
    row = await take(store, f"{of.key}:edit")
    await commit(store, edit(of, "two"))
    await outbox_store.sent(store, [(row, "1")], NOW)
    await outbox_store.dead(store, await take(store, f"{of.key}:edit", NOW + 60_000), "x")


async def _then(of: Callable[[Any], Awaitable[Any]], row: Awaitable[Any]) -> None:
    await of(await row)


DRIVEN: dict[str, Callable[[Database], Awaitable[Any]]] = {
    "db.numbered.kind_of": lambda store: kind_of(store, TEAM, "C4", 2, NOW),
    "revision": Database.revision,
    "running": Database.running,
    "alerts.store.subscribe": lambda store: alerts_store.subscribe(
        store, subscription("C4"), ["s1", "s2"], message("fourth", "C4"), by=by()
    ),
    "alerts.store.read": lambda store: alerts_store.read(store, TEAM, "C4"),
    "alerts.store.unsubscribe": _unsubscribe,
    "alerts.store.last_told": lambda store: alerts_store.last_told(store, TEAM, "C9"),
    "outbox.conversations.read": lambda store: conversations.read(store, TEAM, "C9"),
    "outbox.channel_pause.pause": _pause,
    "channel.store.move": lambda store: channel_store.move(store, TEAM, "C9", "C10"),
    "outbox.counts.stuck": lambda store: outbox_counts.stuck(store, TEAM, NOW),
    "outbox.channel_pause.told": lambda store: channel_pause.told(store, TEAM),
    "outbox.channel_pause.troubled": lambda store: channel_pause.troubled(store, TEAM),
    "outbox.channel_pause.makers": lambda store: channel_pause.makers(store, TEAM, "C4"),
    "outbox.channel_pause.resume": lambda store: channel_pause.resume(store, TEAM, "C9"),
    "outbox.channel_pause.try_paused": _try_paused,
    "outbox.workspaces.refused": lambda store: workspaces.refused(store, "T9", "token_revoked", NOW),
    "outbox.workspaces.stopped": lambda store: workspaces.stopped(store, "T9"),
    "outbox.workspaces.probe": lambda store: workspaces.probe(store, "T9", NOW + DAY),
    "outbox.workspaces.taken": lambda store: workspaces.taken(store, "T9"),
    "health.store.read": lambda store: health_store.read(store, TEAM),
    "health.store.tell": _tell_states,
    "outbox.channel_pause.release": lambda store: channel_pause.release(store, TEAM, "C9"),
    "digests.store.add": lambda store: digests_store.add(store, digest("C4"), by()),
    "digests.store.read": lambda store: digests_store.read(store, TEAM),
    "digests.store.pause": lambda store: digests_store.pause(store, TEAM, "C4", 2, True, by()),
    "digests.store.remove": lambda store: digests_store.remove(store, TEAM, "C4", 2, by()),
    "outbox.store.dropped_ms": lambda store: outbox_store.dropped_ms(store, TEAM, "x", NOW - DAY),
    "digests.store.due": lambda store: digests_store.due(store, TEAM, NOW),
    "digests.store.send": _send_digest,
    "digests.store.failed": lambda store: digests_store.failed(store, digest("C4"), "x"),
    "silence.mute_store.add": lambda store: mute_store.add(store, mute(), by()),
    "silence.mute_store.read": lambda store: mute_store.read(store, TEAM, NOW),
    "silence.mute_store.remove": lambda store: mute_store.remove(store, TEAM, "C1", [1], by()),
    "silence.quiet_store.add": lambda store: quiet_store.add(
        store, TEAM, "C1", read_quiet("18:00 to 08:00 UTC", "UTC"), by()
    ),
    "silence.quiet_store.read": lambda store: quiet_store.read(store, TEAM),
    "silence.quiet_store.clear": lambda store: quiet_store.clear(store, TEAM, "C1", by()),
    "outbox.threads.turn": lambda store: threads.turn(store, TEAM, "C1", False, by()),
    "outbox.threads.off": lambda store: threads.off(store, TEAM),
    "outbox.audit_log.read": lambda store: audit_log.read(store, TEAM, "C1"),
    "tracking.store.snapshot": lambda store: tracking_store.snapshot(store, TEAM),
    "tracking.store.commit": _commit_poll,
    "tracking.store.read_catchups": lambda store: tracking_store.read_catchups(store, TEAM),
    "outbox.audit_log.counts": lambda store: audit_log.counts(store, TEAM),
    "tracking.store.failed": lambda store: tracking_store.failed(store, TEAM, NOW, "x"),
    "tracking.store.state": lambda store: tracking_store.state(store, TEAM),
    "tracking.store.tracked": lambda store: tracking_store.tracked(store, TEAM, ["s1", "s2"]),
    "outbox.cards.read": lambda store: card_store.read(store, TEAM, ["s1", "s2"]),
    "outbox.cards.withheld": lambda store: card_store.withheld(store, TEAM),
    "outbox.cards.withheld_ended": lambda store: card_store.withheld_ended(store, TEAM, NOW, lambda channel: False),
    "outbox.cards.of_message": lambda store: _then(lambda row: card_store.of_message(store, row), claimed(store, "c1")),
    "outbox.claims.claim": lambda store: claims.claim(store, TEAM, NOW, LEASE, 10),
    "outbox.claims.overdue": lambda store: claims.overdue(store, TEAM, NOW + DAY, 10, NOW + DAY, LEASE),
    "outbox.store.sent": _sent,
    "outbox.store.no_thread": _no_thread,
    "outbox.store.slow_down": lambda store: _then(
        lambda row: outbox_store.slow_down(store, row, NOW + 1), claimed(store, "w1")
    ),
    "outbox.store.again": lambda store: _then(lambda row: outbox_store.again(store, row), claimed(store, "a1")),
    "outbox.store.later": lambda store: _then(lambda row: outbox_store.later(store, row, NOW), claimed(store, "l1")),
    "outbox.store.no_threads": lambda store: _then(
        lambda row: outbox_store.no_threads(store, row, "x", message("off", row.channel_id), by()), claimed(store, "o1")
    ),
    "outbox.store.unsure": lambda store: _then(
        lambda row: outbox_store.unsure(store, row, NOW, "x"), claimed(store, "u1")
    ),
    "outbox.store.held": _held,
    "outbox.store.dead": lambda store: _then(lambda row: outbox_store.dead(store, row, "x", NOW), claimed(store, "x1")),
    "outbox.store.replaced": _replaced,
    "outbox.store.status": lambda store: outbox_store.status(store, "m"),
    "outbox.store.add": lambda store: outbox_store.add(store, [message("one", "C1"), message("two", "C2")], NOW),
    "time": Database.time,
    "slack.store.begin": lambda store: request_store.begin(store, TEAM, "request", NOW, 1000),
    "slack.store.withdraw": lambda store: request_store.withdraw(store, TEAM, "request"),
    "db.leases.take": lambda store: leases.take(store, "poller", "me", 1000),
    "rooms.store.by_id": lambda store: room_store.by_id(store, TEAM, ["a" * 24, "b" * 24]),
    "rooms.store.called": lambda store: room_store.called(store, TEAM, "room-7"),
    "rooms.store.having": lambda store: room_store.having(store, TEAM, "7", 10),
    "rooms.store.beginning": lambda store: room_store.beginning(store, TEAM, "room-7"),
    "rooms.store.newest": lambda store: room_store.newest(store, TEAM, 10),
    "rooms.store.keep": lambda store: room_store.keep(store, TEAM, [Room("a" * 24, "Room-7", "b" * 24)]),
    "rooms.store.walk": lambda store: room_store.walk(store, TEAM),
    "rooms.store.forget": lambda store: room_store.forget_all(store, TEAM),
    "rooms.store.set_walk": lambda store: room_store.set_walk(store, TEAM, RoomWalk()),
    "outbox.counts.read": lambda store: outbox_counts.read(store, TEAM),
    "outbox.prune.prune_some": lambda store: pruning.prune(store, TEAM, NOW),
}
"""How each method of the store is made to execute its statements."""


class Executed:
    """The statements that a store executes, each with the first parameters that it had."""

    def __init__(self, store: Database) -> None:
        self.by = ""
        self.names: set[str] = set()
        self.found: dict[str, tuple[str, Any]] = {}
        event.listen(store.engine, "before_cursor_execute", self._note)

    def _note(
        self, _db: object, _cursor: object, statement: str, parameters: Any, _context: object, many: bool
    ) -> None:
        self.names.add(self.by)
        if statement.split()[0] in ("SELECT", "UPDATE", "DELETE", "INSERT", "WITH"):
            self.found.setdefault(statement, (self.by, parameters[0] if many else parameters))


def grow(db: Connection) -> None:
    """Many rows that are over, as a week leaves them."""
    ago = NOW - 4 * DAY
    over = [(f"C{n % 20}", f"session{n}", f"key{n}", ago + n) for n in range(STORED)]
    here = {"team_id": TEAM, "ts": "1.0"}
    rows = {
        tables.outbox: [
            here | {"channel_id": channel, "key": key, "kind": "post", "of": f"of {key}", "payload": "", "status": "sent"}
            | {"turn": at, "queued_ms": at, "done_ms": at}
            for channel, _, key, at in over
        ],
        tables.sessions: [
            {"team_id": TEAM, "session_id": name, "room_id": "room", "live": False, "started_ms": at, "seen_ms": at}
            | {"peers": 1, "people": ""}
            for _, name, _, at in over
        ],
        tables.cards: [
            here | {"channel_id": channel, "session_id": name, "status": "closed", "gen": 1, "reopened": 0, "known": "1"}
            | {"key": key, "changed_ms": at}
            for channel, name, key, at in over
        ],
        tables.rooms: [
            {"team_id": TEAM, "room_id": f"{n:024x}", "name": f"Room-{n}", "folded": f"room-{n}", "template_id": ""}
            for n in range(STORED)
        ],
    }  # fmt: skip
    for table, some in rows.items():
        db.execute(table.insert(), some)
        db.execute(text(f"ANALYZE {table.name}"))


def plan(db: Connection, statement: str, parameters: Any) -> list[str]:
    """What is wrong with the plan of a statement."""
    if db.dialect.name == "sqlite":
        rows = db.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        return [row.detail for row in rows if _scans(row.detail)]
    found = db.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {statement}", parameters)
    said = found.scalar_one()
    (top,) = said if isinstance(said, list) else msgspec.json.decode(said)
    return [
        f"{node['Node Type']} {node.get('Relation Name', '')} {node.get('Index Name', '')}"
        for node in _bad(top["Plan"])
    ]


def _scans(detail: str) -> bool:
    """`SCAN first USING INDEX outbox_next` names the table by its alias."""
    words = detail.split()
    index = words[words.index("INDEX") + 1] if "INDEX" in words else ""
    narrow = words[0] == "SEARCH" and not detail.endswith("(team_id=?)")
    return words[0] in ("SCAN", "SEARCH") and not narrow and index not in OPEN and words[1] not in SMALL


SMALL = {
    "subscriptions", "digests", "mutes", "quiets", "changes", "channels", "polls", "limits", "leases", "catchups",
    "workspaces", "states", "room_walks", "alembic_version",
    "CONSTANT", "sqlite_master",
}  # fmt: skip


def _bad(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for below in node.get("Plans", ()):
        yield from _bad(below)
    if node["Node Type"] == "Seq Scan" and node["Relation Name"] in LARGE:
        yield node
    index, condition = node.get("Index Name", ""), node.get("Index Cond", "")
    narrow = " AND " in condition or (condition and "team_id" not in condition)
    if index.startswith(LARGE) and index not in OPEN and not narrow:
        yield node


def test_every_transaction_is_driven() -> None:
    assert set(DRIVEN) == transactions().keys() | {"revision", "running", "time"}


async def test_no_statement_scans_what_grows(store: Database) -> None:
    await commit(store)
    executed = Executed(store)
    for executed.by, drive in DRIVEN.items():
        await drive(store)
    assert set(DRIVEN) - executed.names == ({"running", "time"} if store.single else set())
    found = dict(executed.found)
    await store.run(grow)
    wrong: dict[str, Sequence[str]] = {}
    for statement, (name, parameters) in found.items():
        bad = await store.run(lambda db, what=statement, given=parameters: plan(db, what, given))
        if bad and name not in ONCE:
            wrong[f"{name}: {statement}"] = bad
    report = "\n\n".join(f"{what}\n  → {'; '.join(plan)}" for what, plan in wrong.items())
    assert not wrong, f"{len(wrong)} of {len(found)} statements scan:\n\n{report}"


async def test_a_claim_sorts_no_queue(store: Database) -> None:
    """The next message of each channel comes from the index in its order: only those, one a channel, are sorted."""
    executed = Executed(store)
    await claims.claim(store, TEAM, NOW, LEASE, 10)
    ((statement, (_, parameters)),) = executed.found.items()

    def sorts(db: Connection) -> int:
        if db.dialect.name == "sqlite":
            rows = db.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
            return [row.detail for row in rows].count("USE TEMP B-TREE FOR ORDER BY")
        db.execute(text("SET LOCAL enable_sort = off"))  # an empty table is sorted sooner than looked up
        db.execute(text("SET LOCAL enable_bitmapscan = off"))
        rows = db.exec_driver_sql(f"EXPLAIN {statement}", parameters)
        return sum("Sort Key" in row[0] for row in rows)

    assert await store.run(sorts) == 1


async def test_a_scan_is_found(store: Database) -> None:
    """The test above looks at something."""
    await store.run(grow)
    for statement in ("SELECT count(*) FROM outbox WHERE cause = 'x'", "UPDATE cards SET ts = NULL WHERE ts = 'x'"):
        assert await store.run(lambda db, what=statement: plan(db, what, ()))
