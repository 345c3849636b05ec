"""The first minute of the demo: a lecture that its teacher leaves for a while, and a session whose people all go."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from .account import Account
from .cast import Person, Scene
from .records import Peer, Session

TEACHER_GOES_S, TEACHER_RETURNS_S, ALL_GO_S = 12.0, 40.0, 18.0
"""Seconds after the beginning of the demo."""
STUDENTS = 7


@dataclass(frozen=True, slots=True)
class Step:
    """What happens at `at`, Unix seconds, in a session."""

    at: float
    session: Session
    act: Callable[[], object]


def begin(
    account: Account, scenes: Mapping[str, Scene], cast: list[Person], rng: random.Random, now: float
) -> list[Step]:
    """Open the two sessions before `now`; returns what happens in them afterwards, in order."""
    lecture = _opened(account, scenes, "physics-101", rng.sample(cast, 1 + STUDENTS), now - 20 * 60)
    teacher, *_ = lecture.present()
    call = _opened(account, scenes, "sales.demo:eu", rng.sample(cast, 2), now - 6 * 60)

    def leaves(session: Session, peer: Peer, at: float) -> Step:
        return Step(at, session, lambda: account.leave(session, peer, at))

    def returns() -> None:
        account.join(lecture, name=teacher.name, role=teacher.role, user_id=teacher.user_id, at=now + TEACHER_RETURNS_S)

    return [
        leaves(lecture, teacher, now + TEACHER_GOES_S),
        *(leaves(call, peer, now + ALL_GO_S + second) for second, peer in enumerate(call.present())),
        Step(now + TEACHER_RETURNS_S, lecture, returns),
    ]


def _opened(account: Account, scenes: Mapping[str, Scene], name: str, people: list[Person], at: float) -> Session:
    """A session in the room of that name; the first of the people hosts it."""
    room_id, scene = next((room_id, scene) for room_id, scene in scenes.items() if scene.name == name)
    session = account.open_session(account.rooms[room_id], at)
    for number, person in enumerate(people):
        role = scene.roles[min(number, 1)]
        account.join(session, name=person.name, role=role, user_id=person.user_id, at=at + 5 * number)
    return session
