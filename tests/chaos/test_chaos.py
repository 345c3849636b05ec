"""A short crash test: on SQLite, on PostgreSQL with three processes, and one that must fail. `make chaos` is the long
one."""

from __future__ import annotations

import asyncio
import random

import pytest

from tests.chaos.days import DAYS, SHORT
from tests.chaos.doors import HELD, LURES
from tests.chaos.points import LED, NAMED, NAMES
from tests.chaos.replicas import AT_START
from tests.chaos.run import Result, run, run_day
from tests.chaos.table import details
from tests.db.server import new_database, postgres_server
from tests.db.transactions import transactions

READS = {
    "slack.store.kind_of",
    "outbox.cards.of_message", "outbox.cards.read", "outbox.audit_log.read", "outbox.conversations.read", "outbox.counts.read", "digests.store.read", "digests.store.due", "outbox.cards.withheld", "outbox.cards.withheld_ended",
    "alerts.store.last_told", "outbox.channel_pause.makers", "silence.mute_store.read", "tracking.store.state", "silence.quiet_store.read", "outbox.audit_log.counts", "tracking.store.snapshot", "outbox.store.status",
    "alerts.store.read", "outbox.channel_pause.told", "tracking.store.tracked", "outbox.channel_pause.troubled", "outbox.threads.off",
    "alerts.firing_store.fired", "alerts.firing_store.kept", "alerts.firing_store.read", "alerts.firing_store.waiting",
    "rooms.store.walk", "rooms.store.by_id", "rooms.store.beginning", "rooms.store.called", "rooms.store.having", "rooms.store.newest",
    "outbox.counts.stuck", "tracking.store.read_catchups", "outbox.store.dropped_ms", "health.store.read", "outbox.workspaces.stopped",
}  # fmt: skip
NEVER = {
    "outbox.store.alone",
    "rooms.store.forget", "rooms.store.keep", "outbox.store.later", "channel.store.move", "outbox.store.no_thread", "outbox.store.no_threads", "rooms.store.set_walk", "health.store.tell", "outbox.channel_pause.try_paused", "slack.store.withdraw", "outbox.workspaces.probe",
}  # fmt: skip
"""Those that the life of the crash test doesn't come to, or not surely."""
pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
KILLS = 3, 4
"""With one process and with three."""
LEAST_S = 5.0
QUICK = "tracking.store.commit", "outbox.claims.claim", "outbox.store.sent", "outbox.store.unsure", "chat.postMessage"
"""Points that a process comes to within seconds: for others it may have to wait twelve."""


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> list[Result]:
    """All at once: most of their time they wait."""
    one, three, blind, both = (tmp_path_factory.mktemp(name) for name in ("one", "three", "blind", "both"))
    seed = random.SystemRandom().randrange(100_000)

    async def each(server: str) -> list[Result]:
        async with new_database(server) as database:
            return list(
                await asyncio.gather(
                    run("", one, replicas=1, kills=KILLS[0], seed=seed, least_s=LEAST_S, only=QUICK),
                    run(database, three, replicas=3, kills=KILLS[1], seed=seed + 1, least_s=LEAST_S, only=QUICK),
                    run("", blind, replicas=1, kills=1, seed=seed + 2, reconcile=False, only=QUICK),
                    run("", both, replicas=1, kills=KILLS[0], seed=seed + 3, teams=2, only=QUICK),
                )
            )

    with postgres_server() as server:
        found = asyncio.run(each(server))
    for result in found:
        print(details(result))
    return found


@pytest.mark.parametrize("number", [0, 1], ids=["SQLite", "PostgreSQL"])
def test_nothing_lost_nothing_twice(results: list[Result], number: int) -> None:
    result = results[number]
    assert result.good, details(result)
    assert result.killed.total() >= KILLS[number] and result.messages > 10, details(result)


def test_two_workspaces_hear_only_their_own(results: list[Result]) -> None:
    """One process serves both, and is killed. Each message is sent with its own team's token."""
    result = results[3]
    assert result.good, details(result)
    assert result.messages > 10 and result.neighbours > 5, details(result)


def test_every_transaction_that_writes_is_a_point() -> None:
    assert transactions().keys() == {*NAMES, *READS, *NEVER}
    assert {*LURES, *HELD, *AT_START, *LED} <= NAMED


@pytest.fixture(scope="module")
def days(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Result]:
    """Each bad day, all at once."""
    seed = random.SystemRandom().randrange(100_000)

    async def all_of_them() -> list[Result]:
        runs = (
            run_day(DAYS[name], "", tmp_path_factory.mktemp(name), replicas=1, seed=seed, size=SHORT) for name in DAYS
        )
        return list(await asyncio.gather(*runs))

    return {result.day: result for result in asyncio.run(all_of_them())}


@pytest.mark.parametrize("name", DAYS)
def test_a_bad_day_ends_by_itself(days: dict[str, Result], name: str) -> None:
    """Nothing lost, nothing twice, nothing left to a person."""
    assert days[name].good, details(days[name])
    assert days[name].messages > 10, details(days[name])


def test_without_looking_up_it_fails(results: list[Result]) -> None:
    """The checker sees what it should: messages that were sent again although they were there."""
    assert results[2].findings.twice, details(results[2])
