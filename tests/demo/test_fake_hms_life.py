"""The life of the demo's account: what it starts with, its bounds, and that it repeats itself."""

from __future__ import annotations

import asyncio
import re

import pytest

from bot.demo.fake_hms import Account, Life, Session

NOW = 1_790_000_000.0


def state(account: Account) -> list[Session]:
    return list(account.sessions.values())


@pytest.fixture
def account() -> Account:
    return Account()


@pytest.fixture
def life(account: Account) -> Life:
    """The account's, which has just begun."""
    return Life(account, seed=1, now=NOW)


def test_the_demo_starts_with_what_is_promised(account: Account, life: Life) -> None:
    active = account.active_sessions()
    assert len(active) >= 35
    assert account.count(active=False) >= 400
    names = [room.name for room in account.rooms.values()]
    assert sum(room.enabled for room in account.rooms.values()) == 12, "those that GET /rooms lists"
    assert len(names) == 13
    assert sum(one != other and one in other for one in names for other in names) == 1
    assert all(re.fullmatch(r"[A-Za-z0-9.:_-]+", name) for name in names)
    assert sum(len(name) == 36 and name.count("-") == 4 for name in names) == 1
    lessons = [room for room in account.rooms.values() if re.fullmatch(r"lesson-01[0-9A-HJKMNP-TV-Z]{24}", room.name)]
    assert [account.count(room_id=room.id) for room in lessons] == [1, 1, 1]
    peopled = [session for session in state(account) if session.peers]
    assert all(NOW - 7 * 86_400 <= session.created_at < session.updated_at <= NOW for session in peopled)
    assert max(len(session.present()) for session in active) >= 200
    assert min(len(session.present()) for session in active) == 0
    assert 8 * 3600 < NOW - active[0].created_at < 12 * 3600
    assert all(peer.left_at for session in state(account) if not session.active for peer in session.peers.values())


def test_rooms_have_templates_and_their_roles(account: Account, life: Life) -> None:
    assert {room.template for room in account.rooms.values()} == {"teaching", "event", "support"}
    assert len({(room.template, room.template_id) for room in account.rooms.values()}) == 3
    roles = [{peer.role for peer in session.present()} for session in account.active_sessions()]
    assert any("recorder" in each for each in roles)
    assert {"student"} in roles, "a class without its teacher"


def test_lessons_go_on_in_rooms_of_their_own(account: Account, life: Life) -> None:
    life.advance(NOW + 1_800)
    lessons = [room for room in account.rooms.values() if room.name.startswith("lesson-")]
    assert len(lessons) > 5
    assert {account.count(room_id=room.id) for room in lessons} == {1}


@pytest.mark.parametrize("name", ["Town hall", "Q&A <!channel> *live*", "Zoë", "a/b", "a\n"])
def test_a_name_that_100ms_does_not_allow_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="room name"):
        Account().add_room(name)
    assert Account(any_names=True).add_room(name).name == name


def test_people_are_of_all_kinds(account: Account, life: Life) -> None:
    stays = [peer for session in state(account) for peer in session.peers.values()]
    assert {"host", "guest", "viewer"} <= {peer.role for peer in stays}
    assert any(peer.user_id is None for peer in stays)
    assert {"مريم حسن", "Zoë 🎧", ""} <= {peer.name for peer in stays}
    users = [[peer.user_id for peer in session.peers.values() if peer.user_id] for session in account.active_sessions()]
    assert any(len(set(each)) < len(each) for each in users)
    assert len({peer.id for peer in stays}) == len(stays)


@pytest.mark.parametrize("seed", range(3))
def test_one_seed_gives_one_life_whatever_the_steps(seed: int) -> None:
    stepped, leaped, other = Account(), Account(), Account()
    in_steps = Life(stepped, seed=seed, now=NOW)
    at_once = Life(leaped, seed=seed, now=NOW)
    Life(other, seed=seed + 100, now=NOW)
    assert state(stepped) == state(leaped)
    assert state(stepped) != state(other)
    for second in range(0, 3600, 7):
        in_steps.advance(NOW + second)
    in_steps.advance(NOW + 3600)
    at_once.advance(NOW + 3600)
    assert state(stepped) == state(leaped)


@pytest.mark.parametrize(("seed", "speed", "hours"), [(1, 1.0, 24), (2, 5.0, 13), (3, 0.01, 24)])
def test_bounds_hold_for_longer_than_a_session_may_take(seed: int, speed: float, hours: int) -> None:
    account = Account()
    life = Life(account, seed=seed, now=NOW, speed=speed)
    for minute in range(hours * 60):
        now = NOW + minute * 60
        life.advance(now)
        active = account.active_sessions()
        assert 35 <= len(active) <= 60
        assert all(now - session.created_at < 12 * 3600 for session in active)
    assert all(session.updated_at >= session.created_at for session in state(account))


@pytest.mark.parametrize("count", [35, 60])
def test_bounds_hold_at_the_bounds(account: Account, life: Life, count: int) -> None:
    while account.count(active=True) > count:
        account.end(account.active_sessions()[-1], NOW + 1)
    while account.count(active=True) < count:
        account.open_session(next(iter(account.rooms.values())), NOW)
    for second in range(2, 300):
        life.advance(NOW + second)
        assert 35 <= account.count(active=True) <= 60


def test_an_overdue_session_ends_though_few_are_active() -> None:
    account = Account()
    life = Life(account, seed=1, now=NOW, speed=1e-6)
    for session in account.active_sessions()[35:]:
        account.end(session, NOW + 1)
    oldest = account.active_sessions()[0]
    life.advance(oldest.created_at + 12 * 3600)
    assert not oldest.active
    assert oldest.updated_at == oldest.created_at + 11.5 * 3600
    assert account.count(active=True) == 35


def test_life_goes_on_whatever_others_do_to_the_account(account: Account, life: Life) -> None:
    for session in account.active_sessions():
        account.join(session, name="Ahead", role="host", at=NOW + 300)
    life.advance(NOW + 200)
    for session in account.active_sessions():
        account.end(session, NOW + 400)
    assert account.count(active=True) == 0
    life.advance(NOW + 3600)
    assert account.count(active=True) >= 35


def test_something_happens_every_few_seconds_and_more_with_speed() -> None:
    slow = Life(Account(), seed=1, now=NOW).advance(NOW + 600)
    fast = Life(Account(), seed=1, now=NOW, speed=10).advance(NOW + 600)
    assert 80 <= slow <= 180
    assert 8 * slow <= fast <= 14 * slow


def test_all_kinds_of_events_happen(account: Account, life: Life) -> None:
    before = account.count(), account.count(active=False)
    stays = sum(len(session.peers) for session in state(account))
    life.advance(NOW + 600)
    assert account.count() > before[0]
    assert account.count(active=False) > before[1]
    assert sum(len(session.peers) for session in state(account)) > stays
    left = [peer for session in state(account) for peer in session.peers.values() if (peer.left_at or 0) > NOW]
    assert left


async def test_run_follows_the_clock_until_cancelled(account: Account, life: Life) -> None:
    changes = sum(session.version for session in state(account))
    task = asyncio.create_task(life.run(lambda: NOW + 120))
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert sum(session.version for session in state(account)) > changes


def test_speed_is_checked() -> None:
    with pytest.raises(ValueError, match="speed"):
        Life(Account(), seed=1, now=NOW, speed=0)


def test_a_lecture_loses_its_teacher_for_a_while_and_a_call_its_people(account: Account, life: Life) -> None:
    def live(room: str) -> list[Session]:
        return [each for each in account.active_sessions() if account.rooms[each.room_id].name == room]

    def taught() -> int:
        return sum(any(peer.role == "teacher" for peer in each.present()) for each in live("physics-101"))

    before = taught()
    assert all(each.present() for each in live("sales.demo:eu"))
    life.advance(NOW + 13)
    assert taught() == before - 1
    life.advance(NOW + 25)
    assert not all(each.present() for each in live("sales.demo:eu"))
    life.advance(NOW + 41)
    assert taught() == before
