"""The week before the demo starts: ended sessions, and those that are open when it begins."""

from __future__ import annotations

import random
from collections.abc import Iterator

from .account import Account
from .cast import SCENES, Person, Scene
from .records import Room, Session

ENDED = 460
ACTIVE = 42
PAST_S = 7 * 86_400
LONG_OPEN_S = 9 * 3600
CROWD = 320

_LATEST_END_S = 60


def add_rooms(account: Account, now: float) -> dict[str, Scene]:
    """Make the rooms of the demo, weeks before `now`; returns each room's scene by room id."""
    scenes = {}
    for number, scene in enumerate(SCENES):
        room = account.add_room(
            scene.name,
            enabled=scene.enabled,
            at=now - (60 - 3 * number) * 86_400,
            description=scene.description,
            large_room=scene.large,
        )
        scenes[room.id] = scene
    return scenes


def add_ended(account: Account, scenes: dict[str, Scene], cast: list[Person], rng: random.Random, now: float) -> None:
    """Add the ended sessions, over the seven days up to a minute before `now`."""
    for room in _pick_rooms(account, scenes, rng, ENDED):
        scene = scenes[room.id]
        length = max(45.0, rng.gauss(scene.minutes, scene.minutes / 3) * 60)
        opened = now - _LATEST_END_S - length - rng.random() * (PAST_S - _LATEST_END_S - length)
        session = account.open_session(room, opened)
        ended = opened + length
        for stay in range(_stays(scene, rng)):
            joined = opened + (0.1 if stay == 0 else rng.random() ** 3 * length * 0.8)
            _stay(account, session, scene, rng, rng.choice(cast), joined, ended, first=stay == 0)
        account.end(session, ended + 0.006)


def add_active(
    account: Account, scenes: dict[str, Scene], cast: list[Person], rng: random.Random, now: float
) -> set[str]:
    """Add the sessions open at `now`: one since nine hours, one empty, one crowded, and everyday ones.

    Returns the ids of the long and the empty one, which life leaves as they are.
    """
    by_name = {scene.name: account.rooms[room_id] for room_id, scene in scenes.items()}
    usable = {room_id: scene for room_id, scene in scenes.items() if scene.enabled}
    long_one = account.open_session(by_name["Support escalations"], now - LONG_OPEN_S)
    _fill(account, long_one, scenes, rng, cast[:4], now)
    empty = account.open_session(by_name["Design critique"], now - 25 * 60)
    crowd = account.open_session(by_name["Town hall"], now - 35 * 60)
    _fill(account, crowd, scenes, rng, rng.sample(cast, CROWD), now)
    for room in _pick_rooms(account, usable, rng, ACTIVE - 3):
        session = account.open_session(room, now - 40 - rng.random() * scenes[room.id].minutes * 80)
        _fill(account, session, scenes, rng, rng.sample(cast, _stays(scenes[room.id], rng)), now)
    return {long_one.id, empty.id}


def _pick_rooms(account: Account, scenes: dict[str, Scene], rng: random.Random, count: int) -> Iterator[Room]:
    weights = [scene.weight for scene in scenes.values()]
    for room_id in rng.choices(list(scenes), weights, k=count):
        yield account.rooms[room_id]


def _stays(scene: Scene, rng: random.Random) -> int:
    return max(1, round(rng.lognormvariate(0, 0.5) * scene.people))


def _fill(
    account: Account,
    session: Session,
    scenes: dict[str, Scene],
    rng: random.Random,
    who: list[Person],
    now: float,
) -> None:
    age = now - session.created_at
    for number, person in enumerate(who):
        joined = session.created_at + (0.1 if number == 0 else rng.random() ** 2 * age * 0.95)
        _stay(account, session, scenes[session.room_id], rng, person, joined, now, first=number == 0)


def _stay(
    account: Account,
    session: Session,
    scene: Scene,
    rng: random.Random,
    person: Person,
    joined: float,
    until: float,
    *,
    first: bool,
) -> None:
    """Let a person in; one in five of the others leaves before `until`, and half of those come back."""
    role = scene.roles[0] if first else rng.choice(scene.roles[1:])
    peer = account.join(session, name=person.name, role=role, user_id=person.user_id, at=joined)
    if first or rng.random() > 0.2:
        return
    left = joined + rng.random() * 0.9 * (until - joined)
    account.leave(session, peer, left)
    if rng.random() < 0.5:
        back = left + rng.random() * (until - left)
        account.join(session, name=person.name, role=role, user_id=person.user_id, at=back)
