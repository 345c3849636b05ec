"""Time zones as people name them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given

from bot.query.filters import FILTERS, STATE_WORDS, STATES, SYNONYMS
from bot.query.zones import _CITIES, _SHORT, BadZone, exact_zone, read_zone, sayable_zone
from tests import strategies

REAL = sorted(available_timezones() - {"Factory", "localtime", "EST", "MST", "HST"})


READ = {
    **dict.fromkeys((
        "Europe/Berlin", "europe/berlin", " EUROPE/BERLIN ", "Berlin", "munich", "Berlin time",
    ), "Europe/Berlin"),
    **dict.fromkeys(("america/new york", "America/New_York", "new york", "new_york"), "America/New_York"),
    **dict.fromkeys(("UTC", "utc", "Z"), "UTC"),
    "america/north dakota/new salem": "America/North_Dakota/New_Salem", "port-au-prince": "America/Port-au-Prince",
    "buenos aires": "America/Argentina/Buenos_Aires", "istanbul": "Europe/Istanbul", "gmt": "GMT",
    "etc/gmt+5": "Etc/GMT+5", "us/eastern": "US/Eastern", "CET": "CET", "Beijing": "Asia/Shanghai",
    "San Francisco": "America/Los_Angeles", "bombay": "Asia/Kolkata",
}  # fmt: skip


@pytest.mark.parametrize("said", READ)
def test_read(said: str) -> None:
    assert read_zone(said) == READ[said]


NEAR = {
    "Europe/Berln": "Europe/Berlin", "Germany/Berlin": "Europe/Berlin", "New-York": "America/New_York",
    "lodon": "Europe/London", "Asia/Beijing": "Asia/Shanghai", "san fransisco": "America/Los_Angeles",
    "londdon": "Europe/London", "lnodon": "Europe/London",
}  # fmt: skip
UNLIKE = ("Mars/Olympus", "", "hall", "room", "other", "22", "Factory", "localtime", "portlnad")
"""`room` isn't Rome, nor `other` this Antarctica/Rothera."""


@pytest.mark.parametrize(
    ("said", "says", "fix", "example"),
    [
        *((said, "that is not a time zone I know; name a city", None, "") for said in UNLIKE),
        *((said, f"the nearest is {zone}", zone, zone) for said, zone in NEAR.items()),
        ("CST", "America/Chicago, Asia/Shanghai or America/Havana; name the city", None, "America/Chicago"),
        ("ist", "could be Asia/Kolkata, Europe/Dublin or Asia/Jerusalem", None, "Asia/Kolkata"),
        ("BST", "could be Europe/London or Asia/Dhaka", None, "Europe/London"),
        ("PST", "could be America/Los_Angeles or Asia/Manila", None, "America/Los_Angeles"),
        ("AST", "could be America/Halifax or Asia/Riyadh", None, "America/Halifax"),
        ("EST", "no daylight saving; name the city, America/New_York", "America/New_York", "America/New_York"),
        ("MST", "no daylight saving; name the city", "America/Denver", "America/Denver"),
        ("hst", "no daylight saving; name the city", "Pacific/Honolulu", "Pacific/Honolulu"),
        ("JST", "short for a zone; name its city, Asia/Tokyo", "Asia/Tokyo", "Asia/Tokyo"),
        ("Eastern", "could be America/New_York or Australia/Sydney", None, "America/New_York"),
        ("US Eastern Time", "name its city, America/New_York", "America/New_York", "America/New_York"),
        ("central", "could be America/Chicago or Australia/Adelaide", None, "America/Chicago"),
        ("Mountain", "short for a zone; name its city", "America/Denver", "America/Denver"),
        ("pacific standard time", "name its city, America/Los_Angeles", "America/Los_Angeles", "America/Los_Angeles"),
        ("Portland", "could be America/Los_Angeles or America/New_York", None, "America/Los_Angeles"),
        ("amstrdm", "the nearest is Europe/Amsterdam", None, "Europe/Amsterdam"),  # two letters are more than a slip
        ("UTC+2", "an offset doesn't follow daylight saving", None, "UTC"),
        ("+05:30", "an offset doesn't follow daylight saving", None, "UTC"),
        ("gmt-0530", "an offset doesn't follow daylight saving", None, "UTC"),
    ],
)
def test_not_read(said: str, says: str, fix: str | None, example: str) -> None:
    with pytest.raises(BadZone) as caught:
        read_zone(said)
    assert says in str(caught.value)
    assert (caught.value.fix, caught.value.example) == (fix, example)


def test_every_name_reads_as_itself_in_any_spelling() -> None:
    for name in REAL:
        assert read_zone(name) == read_zone(name.lower()) == read_zone(name.upper().replace("_", " ")) == name


def test_every_city_alone_is_a_zone_of_that_name_and_only_of_those() -> None:
    """Two names of a city are one zone."""
    moments = [datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=days) for days in range(730)]
    cities = [name for name in REAL if name.startswith(("Africa/", "America/", "Asia/", "Europe/", "Pacific/"))]
    for name in cities:
        meant = read_zone(name.rpartition("/")[2])
        if meant != name:
            one, other = ZoneInfo(name), ZoneInfo(meant)
            assert [when.astimezone(one).utcoffset() for when in moments] == [
                when.astimezone(other).utcoffset() for when in moments
            ], (name, meant)


def test_a_city_without_a_zone_of_its_name_has_one_that_is() -> None:
    names = {name.rpartition("/")[2].replace("_", " ").lower() for name in REAL}
    for zone, cities in _CITIES.items():
        assert exact_zone(zone) == zone
        for city in cities:
            assert read_zone(city.title()) == zone
            assert city not in names


def test_every_zone_that_an_error_proposes_is_one() -> None:
    for names in _SHORT.values():
        assert [read_zone(name) for name in names] == list(names)


def test_every_zone_of_settings_and_profiles_can_be_said() -> None:
    """As it is, but for the three that mean another zone where people say them: they are cities on the same clock."""
    moments = [datetime(2024, 1, 1, tzinfo=UTC) + timedelta(days=days) for days in range(0, 1_460, 30)]
    for name in available_timezones() - {"Factory", "localtime"}:
        assert exact_zone(name) == name
        zone = sayable_zone(name)
        assert read_zone(zone) == exact_zone(zone) == zone
        assert zone == name or name in ("EST", "MST", "HST")
        one, other = ZoneInfo(name), ZoneInfo(zone)
        assert [when.astimezone(one).utcoffset() for when in moments] == [
            when.astimezone(other).utcoffset() for when in moments
        ], name


@pytest.mark.parametrize(
    "name", ["Factory", "localtime", "", "Berlin", "europe/berlin", "est", "Europe", "../etc/passwd", "right/UTC", "\0"]
)
def test_no_other_is_exact(name: str) -> None:
    for read in (exact_zone, sayable_zone):
        with pytest.raises(BadZone, match="not an IANA time zone"):
            read(name)


def test_no_word_of_the_query_line_is_a_zone() -> None:
    for word in (*STATES, *STATE_WORDS, *FILTERS, *SYNONYMS):
        with pytest.raises(BadZone):
            read_zone(word)


@given(strategies.texts)
def test_anything_else_is_a_sentence(text: str) -> None:
    try:
        assert read_zone(text) in REAL
    except BadZone as error:
        assert str(error)
        assert error.fix is None or read_zone(error.fix) == error.fix
