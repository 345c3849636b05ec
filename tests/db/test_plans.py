"""What polls, probes and presses cost doesn't grow with what is stored: the plan of every statement of the store, on both
databases. None of them scans the outbox, the sessions or the cards, but for a partial index of what is open."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import msgspec
from sqlalchemy import Connection, event, text

from bot.db import tables
from bot.outbox.message import Outgoing
from bot.sessions.model import Room
from bot.silence.quiet_hours import read_quiet
from bot.store import RoomWalk, Row, Store
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
ONCE = {"forget_rooms", "move", "rooms_having", "rooms_newest"}
"""Methods that may scan: a channel's id changes once in its life, and all that is stored of it with that; the keys
become another account's; a person looks for a name of which they typed a part."""
STORED = 5_000
"""Rows of each large table, nearly all of them over."""


def tell(person: str) -> Outgoing:
    return message(f"to {person}", person)


async def take(store: Store, key: str, now_ms: int = NOW) -> Row:
    """The row of that key, which is due."""
    return next(row for row in await store.claim(TEAM, now_ms, LEASE, 100) if row.key == key)


async def sent_card(store: Store, name: str) -> tuple[Any, Any]:
    """A card whose message is sent, and its post."""
    of = card("C9", name)
    await commit(store, post(of), cards=[of], changed=[tracked(name)])
    row = await take(store, of.key)
    await store.sent([(row, f"ts-{name}")], NOW, gap_ms=0)
    return of, row


async def claimed(store: Store, key: str) -> Any:
    await store.send([message(key, f"C-{key}")], NOW)
    return await take(store, key)


async def _commit_poll(store: Store) -> None:
    of, _ = await sent_card(store, "p1")
    waiting = card("C8", "p2")
    await commit(store, post(waiting), cards=[waiting])
    changed = [tracked("p1", live=False), tracked("p2")]
    await commit(store, edit(of), reply(of, "r1"), edit(waiting), cards=[of, waiting], changed=changed)
    rows = await store.claim(TEAM, NOW, LEASE, 100)
    await store.sent([(row, "1") for row in rows], NOW, gap_ms=0)
    for row in await store.claim(TEAM, NOW, LEASE, 100):
        await store.dead(row, "x")


async def _no_thread(store: Store) -> None:
    of, _ = await sent_card(store, "t1")
    await commit(store, reply(of, "r2"))
    await store.no_thread(await take(store, "r2"))
    await store.dead(replace(await claimed(store, "t2"), kind="post"), "x", untold_ms=NOW)


async def _replaced(store: Store) -> None:
    of, _ = await sent_card(store, "e1")
    await commit(store, edit(of))
    row = await take(store, f"{of.key}:edit")
    again = replace(of, gen=2)
    await store.replaced(row, again, post(again))
    await store.dead(await take(store, again.key), "x")


async def _unsubscribe(store: Store) -> None:
    made, _ = await store.subscribe(subscription("C5"), ["s1"], message("first", "C5"), by=by())
    unsent = replace(card("C5", "w1"), known=frozenset((made.number,)))
    await commit(store, post(unsent), cards=[unsent])
    await store.subscribe(replace(subscription("C5"), kinds=frozenset(("start",))), [], message("other", "C5"), by=by())
    await store.unsubscribe(TEAM, "C5", [made.number], by())


async def _send_digest(store: Store) -> None:
    made, _ = await store.add_digest(digest("C6"), by())
    await store.digest_failed(made, "HmsBadReply")
    (due,) = await store.due_digests(TEAM, NOW + 2 * DAY)
    assert await store.send_digest(due, due.schedule.next(due_at(due))[0], [message("d", "C6")], NOW)
    await store.dead(await take(store, "d"), "x")
    assert await store.digests(TEAM)


def due_at(of: Any) -> Any:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(NOW / 1000, UTC)


async def _held(store: Store) -> None:
    await store.held(await claimed(store, "h1"), "unconfirmed")


async def _pause(store: Store) -> None:
    await store.subscribe(subscription("C7"), [], message("seventh", "C7"))
    await store.pause(TEAM, "C7", "is_archived", NOW, tell)


async def _try_paused(store: Store) -> None:
    await store.send([message("tried", "C12")], NOW)
    await store.pause(TEAM, "C12", "is_archived", NOW, tell)
    await store.try_paused(TEAM, NOW + DAY)


async def _tell_states(store: Store) -> None:
    fence = await store.lead("poller", "me", 1000)
    assert fence is not None
    assert await store.tell_states(TEAM, {"token": NOW}, ["100ms"], [message("ops", "C11")], NOW, fence)


async def _sent(store: Store) -> None:
    of, _ = await sent_card(store, "n1")
    await commit(store, edit(of, "one"))
    row = await take(store, f"{of.key}:edit")
    await commit(store, edit(of, "two"))
    await store.sent([(row, "1")], NOW)
    await store.dead(await take(store, f"{of.key}:edit", NOW + 60_000), "x")


async def _then(of: Callable[[Any], Awaitable[Any]], row: Awaitable[Any]) -> None:
    await of(await row)


DRIVEN: dict[str, Callable[[Store], Awaitable[Any]]] = {
    "revision": Store.revision,
    "running": Store.running,
    "subscribe": lambda store: store.subscribe(subscription("C4"), ["s1", "s2"], message("fourth", "C4"), by=by()),
    "subscriptions": lambda store: store.subscriptions(TEAM, "C4"),
    "unsubscribe": _unsubscribe,
    "last_told": lambda store: store.last_told(TEAM, "C9"),
    "channel": lambda store: store.channel(TEAM, "C9"),
    "pause": _pause,
    "move": lambda store: store.move(TEAM, "C9", "C10"),
    "stuck": lambda store: store.stuck(TEAM, NOW),
    "told": lambda store: store.told(TEAM),
    "troubled": lambda store: store.troubled(TEAM),
    "makers": lambda store: store.makers(TEAM, "C4"),
    "resume": lambda store: store.resume(TEAM, "C9"),
    "try_paused": _try_paused,
    "workspace_refused": lambda store: store.workspace_refused("T9", "token_revoked", NOW),
    "workspace_stopped": lambda store: store.workspace_stopped("T9"),
    "workspace_probe": lambda store: store.workspace_probe("T9", NOW + DAY),
    "workspace_taken": lambda store: store.workspace_taken("T9"),
    "states": lambda store: store.states(TEAM),
    "tell_states": _tell_states,
    "release": lambda store: store.release(TEAM, "C9"),
    "add_digest": lambda store: store.add_digest(digest("C4"), by()),
    "digests": lambda store: store.digests(TEAM),
    "pause_digest": lambda store: store.pause_digest(TEAM, "C4", 2, True, by()),
    "remove_digest": lambda store: store.remove_digest(TEAM, "C4", 2, by()),
    "dropped_ms": lambda store: store.dropped_ms(TEAM, "x", NOW - DAY),
    "due_digests": lambda store: store.due_digests(TEAM, NOW),
    "send_digest": _send_digest,
    "digest_failed": lambda store: store.digest_failed(digest("C4"), "x"),
    "add_mute": lambda store: store.add_mute(mute(), by()),
    "mutes": lambda store: store.mutes(TEAM, NOW),
    "remove_mutes": lambda store: store.remove_mutes(TEAM, "C1", [1], by()),
    "add_quiet": lambda store: store.add_quiet(TEAM, "C1", read_quiet("18:00 to 08:00 UTC", "UTC"), by()),
    "quiets": lambda store: store.quiets(TEAM),
    "clear_quiets": lambda store: store.clear_quiets(TEAM, "C1", by()),
    "set_threads": lambda store: store.set_threads(TEAM, "C1", False, by()),
    "unthreaded": lambda store: store.unthreaded(TEAM),
    "changes": lambda store: store.changes(TEAM, "C1"),
    "snapshot": lambda store: store.snapshot(TEAM),
    "commit_poll": _commit_poll,
    "catchups": lambda store: store.catchups(TEAM),
    "settings_known": lambda store: store.settings_known(TEAM),
    "poll_failed": lambda store: store.poll_failed(TEAM, NOW, "x"),
    "poll_state": lambda store: store.poll_state(TEAM),
    "tracked": lambda store: store.tracked(TEAM, ["s1", "s2"]),
    "cards": lambda store: store.cards(TEAM, ["s1", "s2"]),
    "hushed": lambda store: store.hushed(TEAM),
    "hushed_ended": lambda store: store.hushed_ended(TEAM, NOW, lambda channel: False),
    "card": lambda store: _then(store.card, claimed(store, "c1")),
    "claim": lambda store: store.claim(TEAM, NOW, LEASE, 10),
    "overdue": lambda store: store.overdue(TEAM, NOW + DAY, 10, NOW + DAY, LEASE),
    "sent": _sent,
    "no_thread": _no_thread,
    "slow_down": lambda store: _then(lambda row: store.slow_down(row, NOW + 1), claimed(store, "w1")),
    "again": lambda store: _then(store.again, claimed(store, "a1")),
    "later": lambda store: _then(lambda row: store.later(row, NOW), claimed(store, "l1")),
    "no_threads": lambda store: _then(
        lambda row: store.no_threads(row, "x", message("off", row.channel_id), by()), claimed(store, "o1")
    ),
    "unsure": lambda store: _then(lambda row: store.unsure(row, NOW, "x"), claimed(store, "u1")),
    "held": _held,
    "dead": lambda store: _then(lambda row: store.dead(row, "x", NOW), claimed(store, "x1")),
    "replaced": _replaced,
    "status": lambda store: store.status("m"),
    "send": lambda store: store.send([message("one", "C1"), message("two", "C2")], NOW),
    "time": Store.time,
    "begin": lambda store: store.begin(TEAM, "request", NOW, 1000),
    "withdraw": lambda store: store.withdraw(TEAM, "request"),
    "lead": lambda store: store.lead("poller", "me", 1000),
    "rooms": lambda store: store.rooms(TEAM, ["a" * 24, "b" * 24]),
    "rooms_called": lambda store: store.rooms_called(TEAM, "room-7"),
    "rooms_having": lambda store: store.rooms_having(TEAM, "7", 10),
    "rooms_beginning": lambda store: store.rooms_beginning(TEAM, "room-7"),
    "rooms_newest": lambda store: store.rooms_newest(TEAM, 10),
    "keep_rooms": lambda store: store.keep_rooms(TEAM, [Room("a" * 24, "Room-7", "b" * 24)]),
    "room_walk": lambda store: store.room_walk(TEAM),
    "forget_rooms": lambda store: store.forget_rooms(TEAM),
    "set_room_walk": lambda store: store.set_room_walk(TEAM, RoomWalk()),
    "counts": lambda store: store.counts(TEAM),
    "prune": lambda store: store.prune(TEAM, NOW),
}
"""How each method of the store is made to execute its statements."""


class Executed:
    """The statements that a store executes, each with the first parameters that it had."""

    def __init__(self, store: Store) -> None:
        self.by = ""
        self.names: set[str] = set()
        self.found: dict[str, tuple[str, Any]] = {}
        event.listen(store._database.engine, "before_cursor_execute", self._note)

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


def methods() -> set[str]:
    found = inspect.getmembers(Store, inspect.iscoroutinefunction)
    return {name for name, _ in found if not name.startswith("_")} - {"open", "look", "close"}


def test_every_method_of_the_store_is_driven() -> None:
    assert set(DRIVEN) == methods()


async def test_no_statement_scans_what_grows(store: Store) -> None:
    await commit(store)
    executed = Executed(store)
    for executed.by, drive in DRIVEN.items():
        await drive(store)
    assert set(DRIVEN) - executed.names == ({"running", "time"} if store.single else set())
    found = dict(executed.found)
    await store._run(grow)
    wrong: dict[str, Sequence[str]] = {}
    for statement, (name, parameters) in found.items():
        bad = await store._run(lambda db, what=statement, given=parameters: plan(db, what, given))
        if bad and name not in ONCE:
            wrong[f"{name}: {statement}"] = bad
    report = "\n\n".join(f"{what}\n  → {'; '.join(plan)}" for what, plan in wrong.items())
    assert not wrong, f"{len(wrong)} of {len(found)} statements scan:\n\n{report}"


async def test_a_claim_sorts_no_queue(store: Store) -> None:
    """The next message of each channel comes from the index in its order: only those, one a channel, are sorted."""
    executed = Executed(store)
    await store.claim(TEAM, NOW, LEASE, 10)
    ((statement, (_, parameters)),) = executed.found.items()

    def sorts(db: Connection) -> int:
        if db.dialect.name == "sqlite":
            rows = db.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
            return [row.detail for row in rows].count("USE TEMP B-TREE FOR ORDER BY")
        db.execute(text("SET LOCAL enable_sort = off"))  # an empty table is sorted sooner than looked up
        db.execute(text("SET LOCAL enable_bitmapscan = off"))
        rows = db.exec_driver_sql(f"EXPLAIN {statement}", parameters)
        return sum("Sort Key" in row[0] for row in rows)

    assert await store._run(sorts) == 1


async def test_a_scan_is_found(store: Store) -> None:
    """The test above looks at something."""
    await store._run(grow)
    for statement in ("SELECT count(*) FROM outbox WHERE cause = 'x'", "UPDATE cards SET ts = NULL WHERE ts = 'x'"):
        assert await store._run(lambda db, what=statement: plan(db, what, ()))
