"""The demo's rooms, people and the roles they take."""

from __future__ import annotations

import random
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scene:
    """A room and what goes on in it.

    `roles` are the first joiner's role and the roles of the rest, all of `template`; `people` the usual number
    of stays in a session; `minutes` the usual length; `weight` how often it is used against the others, 0 for
    a room of one session.
    """

    name: str | None
    template: str
    roles: tuple[str, ...]
    people: int
    minutes: int
    weight: int
    description: str = ""
    enabled: bool = True
    large: bool = False


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who joins; without `user_id` the account knows only the name they gave."""

    name: str
    user_id: str | None


TEMPLATES = {
    "teaching": (("teacher",), ("student", "assistant"), ""),
    "event": (("host",), ("guest", "viewer"), "recorder"),
    "support": (("agent", "supervisor"), ("customer",), ""),
}
"""By name: the roles that host, the others, and the one that its browser recordings join with."""
RECORDER = Person("Recorder", None)

SCENES = (
    Scene("morning-standup", "event", ("host", "guest"), 8, 15, 12, "Every team, every weekday"),
    Scene("physics-101", "teaching", ("teacher", "student", "student", "student", "assistant"), 22, 50, 9),
    Scene("physics-101-lab", "teaching", ("teacher", "student"), 9, 80, 5, "Name contains that of the lecture"),
    Scene("algebra-9a", "teaching", ("teacher", "student"), 14, 45, 8),
    Scene("town-hall", "event", ("host", "guest", "viewer", "viewer", "viewer", "viewer"), 60, 45, 3, large=True),
    Scene("sales.demo:eu", "event", ("host", "guest"), 4, 30, 10),
    Scene("support_escalations", "support", ("agent", "customer", "supervisor"), 3, 20, 12),
    Scene("design-critique", "event", ("host", "guest", "viewer"), 6, 45, 6),
    Scene(None, "support", ("agent", "customer"), 2, 14, 14, "Made without a name"),
    Scene("hiring-loop-2025", "support", ("agent", "customer"), 3, 55, 3, enabled=False),
)
LESSON = Scene("lesson", "teaching", ("teacher", "student"), 4, 40, 0, "A room for one session")

STRANGE = (
    Person("Zoë 🎧", "zoe"),
    Person("مريم حسن", "maryam.hassan"),
    Person("דנה כהן", "dana-cohen"),
    Person("王小明", "wang.xm"),
    Person("<!here> Bob & *friends*", "bob"),
    Person("`rm` _Nina_ ~K~", None),
    Person("Maximiliana von Württemberg-Hohenlohe (Regional Director, EMEA)", "mvwh@example.com"),
    Person("👩🏽‍🚀👨‍👩‍👧", None),
    Person("", "Batch1-student1"),
)

_FIRST_NAMES = """
Aarav Ada Amara Anouk Ben Carla Chidi Daiyu Diego Elif Emeka Fatima Femi Grace Hana Hugo Ines Ivan Jonas Kavya
Kwame Lars Leila Lucía Mateo Mei Mina Nadia Noor Omar Pia Priya Ravi Rosa Sanjay Sofia Tariq Uma Viktor Wren
Yara Zane
"""
_LAST_NAMES = """
Abara Andersen Banerjee Castillo Chen Demir Diallo Eriksson Fernández Ferrari Haddad Ibrahim Iyer Johansson
Kaya Kim Kowalski Larsen Mensah Moreau Nakamura Novák Okafor Petrov Quispe Rao Rossi Silva Tanaka Weber
"""


def people(rng: random.Random, count: int) -> list[Person]:
    """Return `count` people with different names, the strange ones first; about one in seven has no user id."""
    names = [f"{first} {last}" for first in _FIRST_NAMES.split() for last in _LAST_NAMES.split()]
    rng.shuffle(names)
    plain = [
        Person(name, None if rng.random() < 0.15 else f"user-{1000 + number}")
        for number, name in enumerate(names[: count - len(STRANGE)])
    ]
    return [*STRANGE, *plain]


_BASE32 = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def lesson_name(rng: random.Random, at: float) -> str:
    """`lesson-` and a ULID (github.com/ulid/spec) of that moment, as accounts with a room for each session have."""
    number = (round(at * 1000) << 80) | rng.getrandbits(80)
    return "lesson-" + "".join(_BASE32[number >> 5 * place & 31] for place in reversed(range(26)))
