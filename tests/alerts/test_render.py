"""Cards, replies and roll-ups: true, inside every limit and free of live markup, whatever the names."""

from __future__ import annotations

import random
import re
from datetime import timedelta

import pytest
from msgspec import structs

from bot.alerts.render import ROLL_UP_LINES, final_card, live_card, recap, roll_up, went
from bot.blockkit import actions as ids
from bot.blockkit.blocks import Message
from bot.blockkit.fit import fair
from bot.blockkit.phrases import NO_BREAK
from bot.sessions.model import Peer, Session
from bot.sessions.peak import peak
from tests.accounts import HOSTILE, NOW, name, object_id, session
from tests.alerts.parts import says, shown
from tests.blockkit.judge import inside_limits, proper
from tests.effort import effort

START = NOW - timedelta(minutes=65)
HALL = "631a0f990e6ffae22efa610c"
NAMES = {HALL: "Town hall"}


def town_hall(*, active: bool) -> Session:
    people = (
        ("Ann", "host", "u1", 0, None),
        ("Bob", "guest", "u2", 0, 5),
        ("Bob", "guest", "u2", 9, None),
        ("Gus", "guest", "u3", 10, 11),
    )
    peers = {
        place: Peer(
            id=place, name=name, role=role, user_id=user_id, joined_at=START + timedelta(minutes=joined),
            left_at=NOW if left is None and not active else left and START + timedelta(minutes=left),
        )
        for place, (name, role, user_id, joined, left) in zip("abcd", people, strict=True)
    }  # fmt: skip
    return Session("631a0fa23e3d9fdb00832596", HALL, active, peers, START, NOW)


def details_button(message: Message) -> tuple[str, str, str]:
    button = next(block["accessory"] for block in message.blocks if "accessory" in block)
    return button["text"]["text"], button["action_id"], button["value"]


def test_a_live_card_says_everything() -> None:
    message = live_card(town_hall(active=True), NAMES, reopened=0)
    text = says(
        message, "🟢 Live", "*Town hall*", "2 in now, 3 in all", "peak 3", "in now: host 1, guest 1", "hosted by Ann",
        f"started <!date^{int(START.timestamp())}^{{date_short_pretty}} at {{time}}, {{ago}}|", "session 631a0fa23e3d9fdb00832596",
    )  # fmt: skip
    assert "reopened" not in text
    assert details_button(message) == ("Details", ids.SHOW, "1|631a0fa23e3d9fdb00832596")
    assert message.text.startswith("*Town hall* started, hosted by Ann.\n")


def test_a_final_card_says_everything() -> None:
    message = final_card(town_hall(active=False), NAMES, reopened=0)
    peak_at = int((START + timedelta(minutes=10)).timestamp())
    says(
        message, "⚪ Ended", "*Town hall*", "lasted 1 h 05 min", "127.0 participant-minutes", "3 people", f"peak 3 at <!date^{peak_at}^",
        f"started <!date^{int(START.timestamp())}^", f"ended <!date^{int(NOW.timestamp())}^", "roles: host 1, guest 2",
        "hosted by Ann", "session 631a0fa23e3d9fdb00832596",
    )  # fmt: skip
    assert details_button(message) == ("Details", ids.SHOW, "1|631a0fa23e3d9fdb00832596")
    assert message.text.replace(NO_BREAK, " ").startswith("*Town hall* ended after 1 h 05 min, 3 people.\n")


@pytest.mark.parametrize(("often", "said"), [(1, "reopened 1 time"), (3, "reopened 3 times")])
def test_a_session_that_came_back_says_how_often(often: int, said: str) -> None:
    assert shown(live_card(town_hall(active=True), NAMES, reopened=often)).partition("\nMute")[0].endswith(f" · {said}")
    assert said in shown(final_card(town_hall(active=False), NAMES, reopened=often))


def test_nobody_is_in() -> None:
    empty = Session(id="6" * 24, room_id="", active=True, created_at=START)
    says(live_card(empty, {}, reopened=0), "a room not known · nobody yet · peak 0")
    ended = structs.replace(empty, active=False, updated_at=NOW)
    assert "peak" not in says(final_card(ended, {}, reopened=0), "nobody came")


@pytest.mark.parametrize(
    ("joined", "left", "said"),
    [
        (["Ann", "Bob"], ["Cem"], "Ann and Bob joined, Cem left"),
        (["Ann"], [], "Ann joined"),
        ([], ["Ann"], "Ann left"),
        ([], ["Ann", "Bob", "Cem"], "Ann, Bob and Cem left"),
        ([f"P{n}" for n in range(14)], [], "P0, P1, P2, P3, P4, P5, P6, P7, P8, P9 and 4 more joined"),
        (["Ann", "", "\u200b"], [""], "Ann and 2 more joined, 1 person left"),
        ([""] * 1_200, [], "1,200 people joined"),
    ],
)
def test_who_came_and_went(joined: list[str], left: list[str], said: str) -> None:
    assert went(town_hall(active=False), joined, left).text == f"👥 {said} · nobody in now"
    message = went(town_hall(active=True), joined, left)
    assert message.text == f"👥 {said} · 2 in now"
    assert shown(message) == message.text
    inside_limits(message)


def storm(rng: random.Random, size: int, *, active: bool) -> list[Session]:
    return [structs.replace(session(rng, 3), active=active) for _ in range(size)]


@pytest.mark.parametrize(
    ("opened", "ended", "said", "lines"),
    [
        (14, 3, "14 sessions opened, 3 ended", (14, 3)),
        (11, 0, "11 sessions opened", (11, 0)),
        (0, 12, "12 sessions ended", (0, 12)),
        (1, 10, "1 session opened, 10 ended", (1, 10)),
        (1_200, 900, "1,200 sessions opened, 900 ended", (10, 10)),
        (300, 4, "300 sessions opened, 4 ended", (16, 4)),
    ],
)
def test_one_message_in_place_of_many(opened: int, ended: int, said: str, lines: tuple[int, int]) -> None:
    rng = random.Random(opened)
    news, olds = storm(rng, opened, active=True), storm(rng, ended, active=False)
    names = {each.room_id: name(rng) for each in news}
    message = roll_up(news, olds, names)
    assert message.text.startswith(f"{said}.\n")
    text = says(message, "So many at once are one message")
    assert text.startswith(f"*{said}*\n")
    listed = re.findall(r"^(\d+) (🟢 Live|⚪ Ended) .* session ([0-9a-f]{24})$", text, re.MULTILINE)
    here = [*news[: lines[0]], *olds[: lines[1]]]
    assert [each for _, _, each in listed] == [each.id for each in here]
    assert [int(number) for number, _, _ in listed] == list(range(1, len(here) + 1))
    options = message.blocks[-1]["elements"][0]
    assert options["action_id"] == ids.SHOW
    assert [option["value"] for option in options["options"]] == [f"1|{each.id}" for each in here]
    more = opened + ended - len(here)
    assert (f"… and {more:,} more" in text) is bool(more)


@pytest.mark.parametrize("told", [0, 1, 30])
@pytest.mark.parametrize(
    ("live", "ended", "head"),
    [
        (2, 3, "*2 sessions are live* that you didn't hear of while it was quiet here. 3 others have ended since."),
        (1, 1, "*1 session is live* that you didn't hear of while it was quiet here. 1 other has ended since."),
        (1_200, 0, "*1,200 sessions are live* that you didn't hear of while it was quiet here."),
        (0, 1, "*1 session has ended* while it was quiet here."),
        (0, 1_200, "*1,200 sessions have ended* while it was quiet here."),
    ],
)
def test_one_message_at_the_end_of_a_mute(live: int, ended: int, head: str, told: int) -> None:
    rng = random.Random(live)
    some, known = storm(rng, live, active=True), storm(rng, min(told, ended), active=False)
    message = recap(some, known, ended, {each.room_id: name(rng) for each in (*some, *known)})
    assert message.text.startswith(head.replace("*", ""))
    text = says(message, "A mute or quiet hours kept this back.")
    assert text.startswith(f"{head}\n")
    shares = fair([len(some), len(known)], ROLL_UP_LINES)
    here = [each.id for each in (*some[: shares[0]], *known[: shares[1]])]
    assert re.findall(r"^\d+ (?:🟢 Live|⚪ Ended) .* session ([0-9a-f]{24})$", text, re.MULTILINE) == here
    assert "nobody came" not in text  # who was in is not known any more
    more = len(some) + len(known) - len(here)
    assert (f"… and {more:,} more" in text) is bool(more)
    menus = [block["elements"][0]["options"] for block in message.blocks if block["type"] == "actions"]
    assert [[option["value"] for option in options] for options in menus] == (
        [[f"1|{id_}" for id_ in here]] if here else []
    )


@pytest.mark.drawn
def test_hostile_accounts() -> None:
    for seed in range(effort(150)):
        rng = random.Random(seed)
        each = session(rng, rng.randrange(8))
        names = {each.room_id: name(rng)} if rng.random() < 0.9 else {}
        draw = live_card if each.active else final_card
        joined, left = ([name(rng) for _ in range(rng.choice((0, 1, 2, 5, 30)))] for _ in range(2))
        for message in (draw(each, names, reopened=rng.randrange(3)), went(each, joined, left)):
            proper(message)


def test_the_worst_names_at_their_most() -> None:
    for word in HOSTILE:
        each = structs.replace(session(random.Random(1), 60, (word,)), room_id=HALL)
        draw = live_card if each.active else final_card
        many = [word] * 40
        some = [structs.replace(each, id=object_id(random.Random(n))) for n in range(40)]
        for message in (
            draw(each, {HALL: word}, reopened=1),
            went(each, many, many),
            roll_up(some, some, {HALL: word}),
            recap(some, some, 1, {HALL: word}),
        ):
            proper(message)


@pytest.mark.parametrize("active", [True, False])
def test_2500_peers(active: bool) -> None:
    crowd = structs.replace(session(random.Random(2), 2_500), active=active)
    message = (live_card if active else final_card)(crowd, {}, reopened=0)
    says(message, f"peak {peak(crowd)[0]:,}", f"{crowd.people_count():,}")
