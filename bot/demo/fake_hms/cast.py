"""Who appears in the demo: rooms, people and the roles they take."""

from __future__ import annotations

import random
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scene:
    """A room and what goes on in it.

    `roles` are the first joiner's role and the roles of the rest; `people` the usual number of stays in a
    session; `minutes` the usual length; `weight` how often it is used against the others.
    """

    name: str | None
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


SCENES = (
    Scene("Morning standup", ("host", "guest"), 8, 15, 12, "Every team, every weekday"),
    Scene("Physics 101", ("teacher", "student", "student", "student", "teaching-assistant"), 22, 50, 9),
    Scene("Physics 101 lab", ("teacher", "student"), 9, 80, 5, "Name contains that of the lecture"),
    Scene("Town hall", ("host", "speaker", "viewer", "viewer", "viewer", "viewer"), 60, 45, 3, large=True),
    Scene("Telehealth triage", ("doctor", "patient"), 2, 14, 14, "One nurse, one patient"),
    Scene("Sales demos", ("host", "guest"), 4, 30, 10),
    Scene("Support escalations", ("agent", "customer", "supervisor"), 3, 20, 10),
    Scene("Q&A <!channel> *live*", ("host", "viewer"), 18, 40, 4, "A name with markup in it"),
    Scene("Yoga with 山田さん 🧘", ("host", "viewer-realtime"), 12, 60, 4),
    Scene("Design critique", ("host", "guest", "backstage"), 6, 45, 6),
    Scene(None, ("host", "guest"), 3, 10, 6),
    Scene("Hiring loop (old)", ("interviewer", "candidate", "observer"), 3, 55, 3, enabled=False),
)

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
    """That many people with different names, the strange ones first; about one in seven has no user id."""
    names = [f"{first} {last}" for first in _FIRST_NAMES.split() for last in _LAST_NAMES.split()]
    rng.shuffle(names)
    plain = [
        Person(name, None if rng.random() < 0.15 else f"user-{1000 + number}")
        for number, name in enumerate(names[: count - len(STRANGE)])
    ]
    return [*STRANGE, *plain]
