"""The cost of polls, probes and presses doesn't grow with what is stored: the plan of every statement of the store, on both
databases. None of them scans the outbox, the sessions or the cards, but for a partial index of what is open."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from itertools import product
from typing import Any

import msgspec
import pytest
from sqlalchemy import Connection, event, text

from bot.alerts import store as alerts_store
from bot.alerts.backlog import Catchup
from bot.alerts.firing import Firing, never
from bot.db import leases, tables
from bot.db.database import Database
from bot.digests import store as digests_store
from bot.hms.webhooks import Hint
from bot.outbox import audit_log, channel_pause, claims, threads, workspaces
from bot.outbox import store as outbox_store
from bot.rooms import store as room_store
from bot.rooms.store import RoomWalk
from bot.sessions.model import Room
from bot.silence import mute_store, quiet_store
from bot.silence.quiet_hours import read_quiet
from bot.slack import store as request_store
from bot.tracking import hint_store
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
    send,
    subscription,
    tracked,
)
from tests.db.transactions import transactions

DAY = 86_400_000
LONG_AGO, LATER = NOW - 60 * DAY, NOW + 60 * DAY
LARGE = ("outbox", "sessions", "cards", "rooms", "firings")
"""The tables that grow with what happens; the others have a row for what people set up."""
OPEN = {
    "outbox_open",
    "outbox_next",
    "outbox_held",
    "outbox_waits_for",
    "one_in_flight",
    "cards_hushed",
    "sessions_live",
    "firings_open",
    "firings_remind",
}
"""Partial indexes of what is open: one may be read from end to end."""
ONCE = {"rooms.store.forget", "channel.store.move", "rooms.store.having", "rooms.store.newest"}
"""Transactions that may scan: a channel's id changes once in its life, and all that is stored of it with that; the keys
become another account's; a person looks for a name of which they typed a part."""
STORED = 5_000
"""Rows of each large table, nearly all of them over."""


def firing(session: str) -> Firing:
    return replace(never(TEAM, "C1", session, 1), nth=1, state="fired", what="idle:10m", fired_ms=NOW, remind_ms=NOW)


class Undone(Exception):
    """Takes a transaction back, so that the next one finds what this one did."""


async def stocked(store: Database) -> Mapping[str, Sequence[Any]]:
    """Store one of everything. Returns the arguments to try for a parameter, by its type or else by its name."""
    quiet = [read_quiet(f"{hour}:00 to {hour + 1}:00 UTC", "UTC") for hour in (18, 20)]
    over = card(session="over", status="final")
    await commit(store, cards=[over], changed=[tracked("over", live=False, seen_ms=LONG_AGO)], now_ms=LONG_AGO)
    for channel, kinds in (("C1", ["start", "end"]), ("C2", ["end"]), ("C8", ["start"])):
        made = subscription(channel, kinds=kinds)
        await alerts_store.subscribe(store, made, ["s0"], message(f"hello {channel}", channel), by=by())
        await digests_store.add(store, digest(channel), by())
        await mute_store.add(store, mute(channel), by())
        await quiet_store.add(store, TEAM, channel, quiet[0], by())
    for channel in ("C1", "C2", "C5", "C8"):  # in all but the one of the reply
        await threads.turn(store, TEAM, channel, False, by())
    daily, *_ = await digests_store.read(store, TEAM)
    await workspaces.refused(store, "T9", "token_revoked", NOW)
    await room_store.keep(store, TEAM, [Room("a" * 24, "Room-7", "b" * 24)])
    await request_store.begin(store, TEAM, "request", NOW, 1_000)
    fence = await leases.take(store, "poller", "me", 60_000)
    await hint_store.add(store, TEAM, [(Hint("s1"), NOW)])
    await send(store)

    sent = [card(f"C{number}", f"s{number}") for number in range(1, 5)]
    new, withheld = card("C5", "s5"), replace(card("C6", "s6", "final"), withheld_until_ms=NOW)
    await commit(store, *map(post, sent), cards=[*sent, withheld])
    await send(store, NOW + 5_000)
    one, two, three, four = sent
    await commit(store, edit(one), edit(two), reply(three, "r1"), post(new), message("m8", "C8"), cards=[new])
    rows = await claims.claim(store, TEAM, NOW + DAY, LEASE, 100)
    assert [row.kind for row in rows] == ["post", "post", "edit", "edit", "reply"]
    await channel_pause.pause(store, TEAM, "C8", "is_archived", NOW, lambda person: message(person, person))
    await outbox_store.held(store, next(row for row in rows if row.channel_id == "C8"), "unconfirmed")
    unsent = card("C1", "s7", matched=frozenset((1,)))
    late = [edit(new), reply(new, "r2"), post(unsent), message("m1"), message("m9", "C8")]
    await commit(store, edit(one, "newer"), *late, cards=[unsent])
    again = replace(two, gen=2)
    outgoing = [edit(two), edit(four), edit(unsent), reply(three, "r3"), post(card("C4", "s8")), message("m12")]
    return {
        # by type
        "Claimed": rows, "Sequence[tuple[Claimed, str]]": [[(row, "1.0") for row in rows]], "Card": [again],
        "Subscription": [subscription(channel, kinds=["start"]) for channel in ("C1", "C11", "C8")],
        "Digest": [daily, digest(line="active")], "Mute": [mute(), mute("C4")], "QuietHours": quiet, "RoomWalk": [RoomWalk()],
        "Iterable[Room]": [[Room("c" * 24, "Room-8", "")]], "Fence": [fence], "Fence | None": [fence],
        "SettingChange": [by()], "SettingChange | None": [by()], "Outgoing": [message("new", "C3")],
        "Outgoing | None": [message("other")], "notice": [[message("failed")]],
        "Callable[[str], Outgoing]": [lambda person: message(f"to {person}", person)],
        "Callable[[str], bool]": [lambda _: False],
        "str | None": [None, "C1"], "int | None": [None, LATER],
        # by name
        "outgoing": [outgoing, [edit(four)], [message("m11")]], "cards": [[again, card("C4", "s8")]], "catchups": [{"C1": Catchup()}], "firings": [[firing("s1"), firing("s2")]],
        "changed": [[tracked("s1"), tracked("s8")]], "seq": [4], "known": [await audit_log.counts(store, TEAM)],
        "team_id": [TEAM], "channel_id": ["C1", "C8"], "old_id": ["C1"], "new_id": ["C2"],
        "session_id": ["s1"], "called": ["Ada"], "number": [1, 2, 3], "numbers": [[1, 2, 3]], "session_ids": [["s1", "s2"]], "silent": [["s1", "s9"]],
        "passed_on": [[(Hint("s2"), NOW)]], "room_ids": [["a" * 24]], "folded": ["room-7"], "name": ["poller"], "owner": ["me"], "key": ["m1"],
        "day": [daily.schedule.next(datetime.fromtimestamp(LATER / 1000, UTC))[0]], "paused": [True], "on": [False],
        "began": [{"token": NOW}], "over": [["100ms"]], "what": ["request"], "cause": ["x"], "problem": ["x"],
        "reason": ["not_in_channel"], "most": [10], "limit": [10],
        "now_ms": [LATER], "before_ms": [LATER], "until_ms": [LATER], "untold_ms": [LATER], "since_ms": [NOW - DAY],
        "lease_ms": [LEASE], "ttl_ms": [LEASE], "kept_ms": [LEASE],
    }  # fmt: skip


async def run_all(store: Database, given: Mapping[str, Sequence[Any]]) -> None:
    """Run every transaction with each of these arguments, and take it back."""

    def undone(db: Connection, work: Callable[..., object], arguments: Mapping[str, Any]) -> None:
        work(db, **arguments)
        raise Undone

    for name, each in transactions().items():
        _, *parameters = inspect.signature(each.within).parameters.values()
        tried = {each.name: given.get(each.annotation) or given.get(each.name) for each in parameters}
        known = {name: values for name, values in tried.items() if values is not None}
        for values in product(*known.values()):
            arguments = dict(zip(known, values, strict=True))
            with pytest.raises(Undone):
                await store.run(partial(undone, work=each.within, arguments=arguments), name)


class Executed:
    """The statements that a store executes, each with its transaction and the first parameters that it had."""

    def __init__(self, store: Database) -> None:
        self.names: set[str] = set()
        self.found: dict[str, tuple[str, Any]] = {}
        event.listen(store.engine, "before_cursor_execute", self._note)

    def _note(
        self, db: Connection, _cursor: object, statement: str, parameters: Any, _context: object, many: bool
    ) -> None:
        if statement.split()[0] in ("SELECT", "UPDATE", "DELETE", "INSERT", "WITH"):
            name = db.info["transaction"]
            self.names.add(name)
            self.found.setdefault(statement, (name, parameters[0] if many else parameters))


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
    """Return what is wrong with the plan of a statement."""
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
    "workspaces", "states", "room_walks", "hints", "alembic_version",
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


async def test_no_statement_scans_what_grows(store: Database) -> None:
    given = await stocked(store)
    executed = Executed(store)
    await run_all(store, given)
    await store.revision(), await store.running(), await store.time()
    found = dict(executed.found)
    assert executed.names >= transactions().keys()
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
