"""Two workspaces in one database, with the same names of everything: none is given the other's."""

from __future__ import annotations

from bot.outbox.message import Outgoing
from bot.store import Store
from tests.db.parts import LEASE, NOW, TEAM, by, mute

OTHER = "T2"
DAY_MS = 86_400_000


async def _one_each(store: Store) -> None:
    """A message in channel C1 of each; the other's is the older one."""
    for team in (OTHER, TEAM):
        await store.send([Outgoing(f"m {team}", team, "C1", "post", f"for {team}", [])], NOW)


async def test_a_claim_is_of_one_team(store: Store) -> None:
    await _one_each(store)
    for team in (TEAM, OTHER):
        assert [(row.team_id, row.text) for row in await store.claim(team, NOW, LEASE, 10)] == [(team, f"for {team}")]
        assert await store.claim(team, NOW, LEASE, 10) == []


async def test_what_is_overdue_is_looked_up_by_its_own_team(store: Store) -> None:
    await _one_each(store)
    for team in (TEAM, OTHER):
        await store.claim(team, NOW, LEASE, 10)
    late = NOW + LEASE + 1
    for team in (TEAM, OTHER):
        assert [row.text for row in await store.overdue(team, late, 10, late, LEASE)] == [f"for {team}"]


async def test_a_wait_or_a_refusal_of_one_team_keeps_no_other_waiting(store: Store) -> None:
    await _one_each(store)
    (row,) = await store.claim(TEAM, NOW, LEASE, 10)
    await store.slow_down(row, NOW + 60_000)
    assert await store.claim(TEAM, NOW, LEASE, 10) == []
    (row,) = await store.claim(OTHER, NOW, LEASE, 10)
    await store.again(row)
    await store.workspace_refused(TEAM, "token_revoked", NOW)
    assert await store.claim(TEAM, NOW + 60_000, LEASE, 10) == []
    assert len(await store.claim(OTHER, NOW, LEASE, 10)) == 1


async def test_a_pause_of_one_team_is_tried_by_it_alone(store: Store) -> None:
    await _one_each(store)
    for team in (TEAM, OTHER):
        await store.pause(team, "C1", "is_archived", NOW, lambda person: Outgoing("x", TEAM, person, "post", "", []))
    await store.try_paused(TEAM, NOW + DAY_MS)
    assert await store.claim(OTHER, NOW + DAY_MS, LEASE, 10) == []
    assert len(await store.claim(TEAM, NOW + DAY_MS, LEASE, 10)) == 1


async def test_each_team_forgets_its_own(store: Store) -> None:
    await _one_each(store)
    await store.add_mute(mute(), by())
    await store.begin(TEAM, "request", NOW, 1)
    later = NOW + 60 * DAY_MS
    await store.prune(OTHER, later)
    assert [await store.status(f"m {team}") for team in (TEAM, OTHER)] == ["pending", "dead"]
    assert not await store.begin(TEAM, "request", NOW, 1)
    assert await store.mutes(TEAM, NOW)
    await store.prune(TEAM, later)
    assert await store.status(f"m {TEAM}") == "dead" and await store.begin(TEAM, "request", NOW, 1)


async def test_each_team_has_a_lease(store: Store) -> None:
    """Two processes may lead, each in another team."""
    assert await store.lead("poller", "one", 60_000)
    assert await store.lead("poller T2", "two", 60_000)
