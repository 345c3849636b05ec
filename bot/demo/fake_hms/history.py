"""The week before the demo starts: ended sessions, and those that are open when it begins."""

from __future__ import annotations

import random
from collections.abc import Iterator

from .account import Account
from .cast import LESSON, RECORDER, SCENES, TEMPLATES, Person, Scene, lesson_name
from .records import Room, Session

ENDED = 460
ACTIVE = 42
PAST_S = 7 * 86_400
LONG_OPEN_S = 9 * 3600
CROWD = 320

_LATEST_END_S = 60


def add_rooms(account: Account, now: float) -> dict[str, Scene]:
    """Make the templates of the demo and its rooms that are used again and again, weeks before `now`; returns each
    room's scene by room id."""
    for name, (hosts, others, recorder) in TEMPLATES.items():
        account.add_template(name, hosts=hosts, others=others, recorder=recorder)
    return dict(
        _add_room(account, scene, scene.name, now - (60 - 3 * number) * 86_400) for number, scene in enumerate(SCENES)
    )


def add_lesson(account: Account, scenes: dict[str, Scene], rng: random.Random, at: float) -> Session:
    """A session that begins at `at` in a room made for it alone."""
    room_id, scene = _add_room(account, LESSON, lesson_name(rng, at - 1), at - 1)
    scenes[room_id] = scene
    return account.open_session(account.rooms[room_id], at)


def add_ended(account: Account, scenes: dict[str, Scene], cast: list[Person], rng: random.Random, now: float) -> None:
    """Add the ended sessions, over the seven days up to a minute before `now`."""
    for room in _pick_rooms(account, scenes, rng, ENDED):
        scene = scenes[room.id]
        length = max(45.0, rng.gauss(scene.minutes, scene.minutes / 3) * 60)
        opened = now - _LATEST_END_S - length - rng.random() * (PAST_S - _LATEST_END_S - length)
        _add_ended(account, account.open_session(room, opened), scene, cast, rng, opened + length)
    for opened in (now - 44 * 3600, now - 20 * 3600):
        _add_ended(account, add_lesson(account, scenes, rng, opened), LESSON, cast, rng, opened + LESSON.minutes * 60)


def add_active(
    account: Account, scenes: dict[str, Scene], cast: list[Person], rng: random.Random, now: float
) -> set[str]:
    """Add the sessions open at `now`: one since nine hours, one whose people have all gone, a crowd with a recorder,
    a class without its teacher, a lesson in a room of its own, and everyday ones.

    Returns the ids of the long and the empty one and the class, which life leaves as they are.
    """
    by_name = {scene.name: account.rooms[room_id] for room_id, scene in scenes.items()}
    usable = {room_id: scene for room_id, scene in scenes.items() if scene.enabled and scene.weight}
    long_one = account.open_session(by_name["support_escalations"], now - LONG_OPEN_S)
    _fill(account, long_one, scenes, rng, cast[:4], now)
    empty = account.open_session(by_name["design-critique"], now - 25 * 60)
    for person, left in zip(rng.sample(cast, 2), (now - 15 * 60, now - 13 * 60), strict=True):
        gone = account.join(empty, name=person.name, role="guest", user_id=person.user_id, at=empty.created_at + 1)
        account.leave(empty, gone, left)
    crowd = account.open_session(by_name["town-hall"], now - 35 * 60)
    _fill(account, crowd, scenes, rng, rng.sample(cast, CROWD), now)
    account.join(crowd, name=RECORDER.name, role=TEMPLATES["event"][2], at=crowd.created_at + 30)
    leaderless = account.open_session(by_name["algebra-9a"], now - 8 * 60)
    for number, person in enumerate(rng.sample(cast, 6)):
        at = leaderless.created_at + 20 * number
        account.join(leaderless, name=person.name, role="student", user_id=person.user_id, at=at)
    lesson = add_lesson(account, scenes, rng, now - 11 * 60)
    _fill(account, lesson, scenes, rng, rng.sample(cast, 3), now)
    for room in _pick_rooms(account, usable, rng, ACTIVE - 5):
        session = account.open_session(room, now - 40 - rng.random() * scenes[room.id].minutes * 80)
        _fill(account, session, scenes, rng, rng.sample(cast, _stays(scenes[room.id], rng)), now)
    return {long_one.id, empty.id, leaderless.id}


def _add_room(account: Account, scene: Scene, name: str | None, at: float) -> tuple[str, Scene]:
    template = next(each for each in account.templates.values() if each.name == scene.template)
    room = account.add_room(
        name,
        enabled=scene.enabled,
        at=at,
        description=scene.description,
        large_room=scene.large,
        template_id=template.id,
        template=template.name,
    )
    return room.id, scene


def _add_ended(
    account: Account, session: Session, scene: Scene, cast: list[Person], rng: random.Random, ended: float
) -> None:
    length = ended - session.created_at
    for stay in range(_stays(scene, rng)):
        joined = session.created_at + (0.1 if stay == 0 else rng.random() ** 3 * length * 0.8)
        _stay(account, session, scene, rng, rng.choice(cast), joined, ended, first=stay == 0)
    account.end(session, ended + 0.006)


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
