"""The time that the bot goes by, judged from what each clock says."""

from __future__ import annotations

from email.utils import formatdate

import pytest

from bot.clock import DATABASE, HMS, MACHINE, SLACK, Clock

TRUE = 1_764_000_000.0


class World:
    """Three clocks: this machine's, the database's, and the monotonic one, which stands still while the machine sleeps."""

    def __init__(self, *, single: bool = False) -> None:
        self.steady = 1_000.0
        self.ahead = {MACHINE: 0.0, DATABASE: 0.0}
        self.slept = 0.0
        self.clock = Clock(lambda: self.true + self.ahead[MACHINE], self.read)
        if not single:
            self.clock.share(self.ask)

    @property
    def true(self) -> float:
        return TRUE + self.steady + self.slept

    def read(self) -> float:
        return self.steady

    async def ask(self) -> float:
        return self.true + self.ahead[DATABASE]

    def hear(self, service: str = SLACK, ahead_s: float = 0.0) -> None:
        self.clock.hear(service, formatdate(self.true + ahead_s, usegmt=True))

    @property
    def off_s(self) -> float:
        return self.clock() - self.true


@pytest.mark.parametrize("by_s", [3_600.0, -3_600.0, 40 * 86_400.0, -40 * 86_400.0])
@pytest.mark.parametrize("single", [True, False])
async def test_a_clock_that_steps_is_not_gone_by(single: bool, by_s: float) -> None:
    world = World(single=single)
    await world.clock.set()
    world.hear()
    assert world.off_s == 0 and world.clock.sure
    for name in world.ahead:
        world.ahead[name] = by_s
    await world.clock.set()
    assert abs(world.off_s) < 2 and world.clock.doubtful and not world.clock.sure
    world.hear()
    assert abs(world.off_s) < 2 and not world.clock.doubtful
    assert not world.clock.sure, "one clock against another"
    world.hear(HMS)
    assert world.clock.sure
    assert abs(world.clock.off_s[MACHINE] - by_s) < 2


async def test_the_clock_of_this_machine_means_nothing_beside_the_databases() -> None:
    world = World()
    world.ahead[MACHINE] = 86_400.0
    await world.clock.set()
    world.hear()
    assert world.off_s == 0 and world.clock.sure and world.clock.off_s[MACHINE] == 86_400.0
    world.ahead[MACHINE] = 0.0
    await world.clock.set()
    assert not world.clock.doubtful


async def test_a_machine_that_slept_asks_what_time_it_is() -> None:
    world = World(single=True)
    await world.clock.set()
    world.hear()
    world.slept = 8 * 3_600.0
    await world.clock.set()
    assert world.clock.doubtful
    world.hear()
    assert world.off_s == 0 and world.clock.sure and not world.clock.doubtful


async def test_of_100ms_and_slack_the_one_that_the_database_confirms_counts() -> None:
    world = World()
    await world.clock.set()
    world.hear(HMS, ahead_s=3_600.0)
    assert not world.clock.sure
    world.hear(SLACK)
    assert world.off_s == 0 and world.clock.sure
    assert abs(world.clock.of(HMS) - world.true - 3_600.0) < 2


async def test_whole_seconds_and_small_differences_move_nothing() -> None:
    world = World()
    await world.clock.set()
    world.ahead[DATABASE] = 1.5
    for second in range(20):
        world.steady += 0.37
        await world.clock.set()
        world.hear(ahead_s=-0.4 * (second % 2))
        assert world.off_s == 1.5 and world.clock.sure


@pytest.mark.parametrize("date", ["", "soon", "Fri, 1 Jan 99999999999 00:00:00 GMT"])
def test_a_date_that_is_none_says_nothing(date: str) -> None:
    world = World()
    world.clock.hear(SLACK, date)
    assert world.off_s == 0 and not world.clock.sure


async def test_a_service_that_says_no_time_keeps_nothing_waiting() -> None:
    """As behind a proxy that leaves the Date out."""
    world = World()
    await world.clock.set()
    world.ahead[DATABASE] = 3_600.0
    await world.clock.set()
    assert world.clock.doubtful
    world.clock.hear(SLACK, "")
    assert not world.clock.doubtful and not world.clock.sure
