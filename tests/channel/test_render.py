"""Texts about digests, mutes, quiet hours and settings: inside every limit, and harmless whatever the names."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import date

import pytest

from bot.alerts.subscription import Subscription
from bot.blockkit.blocks import Message
from bot.blockkit.fit import NOTE_CHARS
from bot.blockkit.limits import ALL_TEXT_CHARS
from bot.blockkit.sizes import texts
from bot.channel.render import CHANGES_MOST, ChannelSettings, changes_list, settings_card
from bot.db.setting_change import SettingChange
from bot.digests import list_render as digests
from bot.digests.lines import digest_line, read_digest
from bot.digests.model import Digest
from bot.outbox.message import Channel
from bot.query.command_lines import terms
from bot.query.parse import parse
from bot.query.schedule_parser import read_schedule
from bot.silence import mute_render as mutes
from bot.silence.lines import mute_line, quiet_line, read_hours, read_silence
from bot.silence.mute import Mute
from bot.silence.quiet_hours import QuietHours, read_quiet
from bot.silence.quiet_store import QUIETS_MOST
from tests.accounts import NOW, name
from tests.alerts.test_subscription_render import hostile, some_health
from tests.blockkit.judge import harmless, inside_limits

ZONE = "America/Argentina/Buenos_Aires"
NOW_MS = int(NOW.timestamp() * 1000)
HOURS = [f"{hour:02}:00-{hour:02}:30 mon,tue,wed,thu,fri,sat" for hour in range(QUIETS_MOST)]


def quiets() -> list[tuple[QuietHours, str]]:
    return [(read_quiet(hours, ZONE), "U123ABC") for hours in HOURS]


def some(
    rng: random.Random, digests_most: int, mutes_most: int, subscriptions_most: int
) -> tuple[list[Digest], list[Mute], list[Subscription], dict[str, str]]:
    names: dict[str, str] = {}
    queries = []
    for _ in range(max(digests_most, mutes_most, subscriptions_most)):
        subscription, more = hostile(rng, rng.randrange(1, 999_999_999))
        names |= more
        queries.append(subscription)
    made = [
        Digest(
            each.team_id, each.channel_id, replace(each.query, state="all"), read_schedule("weekly mon,wed,fri 9:00", ZONE)[0],
            "skip", "U123ABC", 0, each.number, rng.random() < 0.3, date(2026, 11, 20), rng.choice(("", "HmsAuth", name(rng))),
            status=rng.choice(("", "sent", "dead")), cause=name(rng),
        )
        for each in queries[:digests_most]
    ]  # fmt: skip
    muted = [
        Mute(each.team_id, each.channel_id, each.query, "", NOW_MS + 86_400_000, "U123ABC", 0, each.number)
        for each in queries[:mutes_most]
    ]
    return made, muted, queries[:subscriptions_most], names


def every(rng: random.Random, most: int) -> Iterator[Message]:
    made, muted, subscriptions, names = some(rng, min(most, 20), min(most, 50), min(most, 100))
    health = some_health(rng)
    yield digests.digests_list(made, health, names=names, as_of=NOW, stale=name(rng), invite="/invite @x")
    yield mutes.mutes_list(muted, quiets(), names=names, zone=ZONE, as_of=NOW)
    yield settings_card(
        ChannelSettings("C123ABC", health, subscriptions, made, muted, quiets(), False, name(rng)),
        names=names,
        zone=ZONE,
        as_of=NOW,
    )
    for digest in made[:1]:
        for how in ("new", "same", "changed"):
            paused = rng.choice(("", "not_in_channel"))
            yield digests.made(digest, how, names=names, now=NOW, invite="/invite @x", paused=paused, heard=False)
        yield digests.ended(digest, names)
        yield digests.halted_or_resumed(digest, names, NOW)
    for mute in muted[:1]:
        for how in ("new", "same", "changed"):
            yield mutes.muted(mute, how, replace(mute, until_ms=NOW_MS + 1), names=names, zone=ZONE)
        for left, hours in (([], []), (muted, []), (muted, quiets())):
            yield mutes.unmuted(muted, left, hours, names=names, zone=ZONE, now=NOW)
            yield mutes.unmuted([mute], left, hours, names=names, zone=ZONE, now=NOW)
        yield mutes.muted(replace(mute, session_id="6" * 24), "new", names=names, zone=ZONE)
    changes = [SettingChange(NOW_MS, "U123ABC", digest_line(each)) for each in made]
    yield changes_list(changes[:CHANGES_MOST], names=names, as_of=NOW)


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("most", [0, 1, 7, 100])
def test_hostile_names_at_any_number(seed: int, most: int) -> None:
    for message in every(random.Random(seed), most):
        inside_limits(message)
        harmless(message)


@pytest.mark.parametrize("seed", range(10))
def test_lists_leave_room_for_a_note(seed: int) -> None:
    rng = random.Random(seed)
    made, muted, subscriptions, names = some(rng, 20, 50, 100)
    health = Channel()
    has = ChannelSettings("C123ABC", health, subscriptions, made, muted, quiets(), stale="x" * 400)
    for message in (
        digests.digests_list(made, health, names=names, as_of=NOW, stale="x" * 400),
        mutes.mutes_list(muted, quiets(), names=names, zone=ZONE, as_of=NOW),
        settings_card(has, names=names, zone=ZONE, as_of=NOW),
    ):
        assert len(message.blocks) < 50
        assert sum(map(len, texts(message.blocks))) <= ALL_TEXT_CHARS - NOTE_CHARS


@pytest.mark.parametrize(
    ("counts", "lines"), [((8, 8, 8), 24), ((20, 0, 0), 20), ((0, 20, 0), 20), ((10, 5, 9), 24), ((20, 20, 20), 34)]
)
def test_each_ordinary_entry_shows_its_line(counts: tuple[int, int, int], lines: int) -> None:
    schedule, _ = read_schedule("weekdays 9:00", "Europe/Berlin")
    roles = [parse(f'role:host-{number} user:"Ada Lovelace"') for number in range(20)]
    subscribed = [
        Subscription("T1", "C123ABC", role, frozenset({"start", "end"}), "U123ABC", 0, number)
        for number, role in enumerate(roles[: counts[0]], start=1)
    ]
    made = [
        Digest("T1", "C123ABC", role, schedule, "say", "U123ABC", 0, number, last=NOW.date())
        for number, role in enumerate(roles[: counts[1]], start=30)
    ]
    muted = [
        Mute("T1", "C123ABC", role, "", NOW_MS + 7_200_000, "U123ABC", 0, number)
        for number, role in enumerate(roles[: counts[2]], start=60)
    ]
    has = ChannelSettings("C123ABC", Channel(), subscribed, made, muted)
    card = settings_card(has, names={}, zone=ZONE, as_of=NOW)
    inside_limits(card)
    assert sum("\n`/sessions" in text for text in texts(card.blocks)) == lines + 1  # and that of threads
    assert sum("more filter" in text for text in texts(card.blocks)) == 0


@pytest.mark.parametrize("seed", range(40))
def test_the_lines_that_are_shown_make_the_same(seed: int) -> None:
    made, muted, _, _ = some(random.Random(seed), 5, 5, 0)
    for digest, mute in zip(made, muted, strict=True):
        query = parse(terms(mute.query), most_chars=10_000)  # as it is stored: `@here` is a user `here`
        line = digest_line(replace(digest, query=query)).removeprefix("digest ")
        schedule, read = read_digest(line, "UTC")
        assert (schedule, read.without("empty"), read.only("empty")) == (digest.schedule, query, "skip")
        line = mute_line(replace(mute, query=query), ZONE).removeprefix("mute ")
        end, read, _ = read_silence(line, NOW, "UTC")
        assert (int(end.timestamp() * 1000), read) == (mute.until_ms, query)
    for quiet, _ in quiets():
        assert read_hours(quiet_line(quiet).removeprefix("quiet "), "UTC") == (quiet, False)


def test_an_end_with_seconds() -> None:
    _, (mute,), _, _ = some(random.Random(1), 0, 1, 0)
    assert mute_line(replace(mute, until_ms=NOW_MS + 59_000), "Asia/Kolkata").endswith(":59+05:30")
