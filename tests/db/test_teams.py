"""Two workspaces in one database, with the same names of everything: none is given the other's."""

from __future__ import annotations

from bot.db import leases
from bot.db.database import Database
from bot.outbox import channel_pause, claims, workspaces
from bot.outbox import prune as pruning
from bot.outbox import store as outbox_store
from bot.outbox.message import Outgoing
from bot.silence import mute_store
from bot.slack import store as request_store
from tests.db.parts import LEASE, NOW, TEAM, by, mute

OTHER = "T2"
DAY_MS = 86_400_000


async def _one_each(store: Database) -> None:
    """A message in channel C1 of each; the other's is the older one."""
    for team in (OTHER, TEAM):
        await outbox_store.add(store, [Outgoing(f"m {team}", team, "C1", "post", f"for {team}", [])], NOW)


async def test_a_claim_is_of_one_team(store: Database) -> None:
    await _one_each(store)
    for team in (TEAM, OTHER):
        assert [(row.team_id, row.text) for row in await claims.claim(store, team, NOW, LEASE, 10)] == [
            (team, f"for {team}")
        ]
        assert await claims.claim(store, team, NOW, LEASE, 10) == []


async def test_what_is_overdue_is_looked_up_by_its_own_team(store: Database) -> None:
    await _one_each(store)
    for team in (TEAM, OTHER):
        await claims.claim(store, team, NOW, LEASE, 10)
    late = NOW + LEASE + 1
    for team in (TEAM, OTHER):
        assert [row.text for row in await claims.overdue(store, team, late, 10, late, LEASE)] == [f"for {team}"]


async def test_a_wait_or_a_refusal_of_one_team_keeps_no_other_waiting(store: Database) -> None:
    await _one_each(store)
    (row,) = await claims.claim(store, TEAM, NOW, LEASE, 10)
    await outbox_store.slow_down(store, row, NOW + 60_000)
    assert await claims.claim(store, TEAM, NOW, LEASE, 10) == []
    (row,) = await claims.claim(store, OTHER, NOW, LEASE, 10)
    await outbox_store.again(store, row)
    await workspaces.refused(store, TEAM, "token_revoked", NOW)
    assert await claims.claim(store, TEAM, NOW + 60_000, LEASE, 10) == []
    assert len(await claims.claim(store, OTHER, NOW, LEASE, 10)) == 1


async def test_a_pause_of_one_team_is_tried_by_it_alone(store: Database) -> None:
    await _one_each(store)
    for team in (TEAM, OTHER):
        await channel_pause.pause(
            store, team, "C1", "is_archived", NOW, lambda person: Outgoing("x", TEAM, person, "post", "", [])
        )
    await channel_pause.try_paused(store, TEAM, NOW + DAY_MS)
    assert await claims.claim(store, OTHER, NOW + DAY_MS, LEASE, 10) == []
    assert len(await claims.claim(store, TEAM, NOW + DAY_MS, LEASE, 10)) == 1


async def test_each_team_forgets_its_own(store: Database) -> None:
    await _one_each(store)
    await mute_store.add(store, mute(), by())
    await request_store.begin(store, TEAM, "request", NOW, 1)
    later = NOW + 60 * DAY_MS
    await pruning.prune(store, OTHER, later)
    assert [await outbox_store.status(store, f"m {team}") for team in (TEAM, OTHER)] == ["pending", "dead"]
    assert not await request_store.begin(store, TEAM, "request", NOW, 1)
    assert await mute_store.read(store, TEAM, NOW)
    await pruning.prune(store, TEAM, later)
    assert await outbox_store.status(store, f"m {TEAM}") == "dead" and await request_store.begin(
        store, TEAM, "request", NOW, 1
    )


async def test_each_team_has_a_lease(store: Database) -> None:
    """Two processes may lead, each in another team."""
    assert await leases.take(store, "poller", "one", 60_000)
    assert await leases.take(store, "poller T2", "two", 60_000)
