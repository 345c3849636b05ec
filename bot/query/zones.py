"""Time zones as people write them: `Europe/Berlin`, `america/new york`, `Berlin`, `utc`."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from zoneinfo import available_timezones

from bot.errors import QueryError
from bot.query.times import BadValue
from bot.text import closest, fold

UNKNOWN = "that is not a time zone I know; name a city, such as Europe/Berlin"
_AREAS = (
    "Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific",
)  # fmt: skip
"""Areas of `Area/City` names. Other prefixes, such as `US/`, are legacy names whose cities mean little alone."""
_NO_PLACE = {"Factory", "localtime"}
_FIXED = {"EST": "America/Panama", "MST": "America/Phoenix", "HST": "Pacific/Honolulu"}
"""Abbreviations that are also tz zones without daylight saving, and a city on the same clock."""
_SHORT = {
    "est": ("America/New_York",), "edt": ("America/New_York",), "et": ("America/New_York",),
    "cst": ("America/Chicago", "Asia/Shanghai", "America/Havana"), "cdt": ("America/Chicago", "America/Havana"),
    "ct": ("America/Chicago",),
    "mst": ("America/Denver", "America/Phoenix"), "mdt": ("America/Denver",), "mt": ("America/Denver",),
    "pst": ("America/Los_Angeles", "Asia/Manila"), "pdt": ("America/Los_Angeles",), "pt": ("America/Los_Angeles",),
    "akst": ("America/Anchorage",), "hst": ("Pacific/Honolulu",),
    "ast": ("America/Halifax", "Asia/Riyadh"), "adt": ("America/Halifax",), "nst": ("America/St_Johns",),
    "bst": ("Europe/London", "Asia/Dhaka"), "ist": ("Asia/Kolkata", "Europe/Dublin", "Asia/Jerusalem"),
    "cest": ("Europe/Berlin", "Europe/Paris"), "eest": ("Europe/Athens", "Europe/Helsinki"),
    "west": ("Europe/Lisbon",), "msk": ("Europe/Moscow",), "sast": ("Africa/Johannesburg",),
    "gst": ("Asia/Dubai",), "pkt": ("Asia/Karachi",), "sgt": ("Asia/Singapore",), "hkt": ("Asia/Hong_Kong",),
    "jst": ("Asia/Tokyo",), "kst": ("Asia/Seoul",), "brt": ("America/Sao_Paulo",),
    "aest": ("Australia/Sydney", "Australia/Brisbane"), "aedt": ("Australia/Sydney",),
    "acst": ("Australia/Adelaide", "Australia/Darwin"), "awst": ("Australia/Perth",),
    "nzst": ("Pacific/Auckland",), "nzdt": ("Pacific/Auckland",),
    "nyc": ("America/New_York",), "sf": ("America/Los_Angeles",),
    "eastern": ("America/New_York", "Australia/Sydney"), "central": ("America/Chicago", "Australia/Adelaide"),
    "mountain": ("America/Denver",), "pacific": ("America/Los_Angeles",),
    "us eastern": ("America/New_York",), "us central": ("America/Chicago",),
    "us mountain": ("America/Denver",), "us pacific": ("America/Los_Angeles",),
    "birmingham": ("Europe/London", "America/Chicago"), "georgia": ("America/New_York", "Asia/Tbilisi"),
    "portland": ("America/Los_Angeles", "America/New_York"), "san jose": ("America/Los_Angeles", "America/Costa_Rica"),
    "washington": ("America/New_York", "America/Los_Angeles"),
}  # fmt: skip
"""Ambiguous abbreviations and names, and the zones they may mean, likeliest first."""
_CITIES = {
    "Africa/Johannesburg": ("cape town", "durban", "pretoria"), "Africa/Lagos": ("abuja",),
    "America/Bogota": ("medellin",), "America/Chicago": ("austin", "dallas", "houston", "minneapolis", "new orleans"),
    "America/Denver": ("salt lake city",), "America/Edmonton": ("calgary",), "America/Guayaquil": ("quito",),
    "America/Los_Angeles": ("las vegas", "san diego", "san francisco", "seattle"),
    "America/New_York": ("atlanta", "boston", "miami", "philadelphia", "washington dc"),
    "America/Mexico_City": ("guadalajara",), "America/Sao_Paulo": ("brasilia", "rio de janeiro"),
    "America/Toronto": ("ottawa", "quebec"), "Asia/Dubai": ("abu dhabi",), "Asia/Ho_Chi_Minh": ("hanoi",),
    "Asia/Jakarta": ("bandung", "surabaya"), "Asia/Karachi": ("islamabad", "lahore"), "Asia/Manila": ("cebu",),
    "Asia/Riyadh": ("jeddah", "mecca"),
    "Asia/Kolkata": (
        "ahmedabad", "bangalore", "bengaluru", "bombay", "chennai", "delhi", "hyderabad", "mumbai", "new delhi", "pune",
    ),
    "Asia/Seoul": ("busan",), "Asia/Shanghai": ("beijing", "chengdu", "guangzhou", "shenzhen", "tianjin", "wuhan"),
    "Asia/Tokyo": ("kyoto", "nagoya", "osaka", "sapporo", "yokohama"),
    "Europe/Amsterdam": ("eindhoven", "hague", "rotterdam", "utrecht"), "Europe/Brussels": ("antwerp", "ghent"),
    "Europe/Berlin": (
        "cologne", "dusseldorf", "frankfurt", "hamburg", "köln", "leipzig", "munich", "münchen", "stuttgart",
    ),
    "Europe/Istanbul": ("ankara", "izmir"), "Europe/Lisbon": ("porto",),
    "Europe/London": ("edinburgh", "glasgow", "leeds", "liverpool", "manchester"),
    "Europe/Madrid": ("barcelona", "seville", "valencia"), "Europe/Moscow": ("saint petersburg",),
    "Europe/Paris": ("lyon", "marseille", "toulouse"), "Europe/Prague": ("brno",), "Europe/Rome": ("milan", "turin"),
    "Europe/Stockholm": ("gothenburg", "malmo"), "Europe/Warsaw": ("gdansk", "krakow", "wroclaw"),
    "Europe/Zurich": ("basel", "bern", "geneva", "lausanne"), "Pacific/Auckland": ("christchurch", "wellington"),
}  # fmt: skip
"""Large cities without a zone of their own name."""
_TIME = re.compile("(?: standard| daylight)? time$")
"""Words after a zone: `Pacific time`."""
_OFFSET = re.compile(r"(?:utc|gmt)? ?[-+−–]\d{1,2}(?::?\d{2})?")


class BadZone(BadValue):
    """An unknown or ambiguous zone. `example` is a candidate, or ""; `fix` is set only if it is certain."""

    def __init__(self, text: str, fix: str | None = None, *, example: str = "") -> None:
        super().__init__(text, fix)
        self.example = fix or example


def exact_zone(name: str) -> str:
    """Return an exactly spelt IANA name, such as a stored one. Raises BadZone."""
    if name not in _names():
        raise BadZone("that is not an IANA time zone such as Europe/Berlin")
    return name


def sayable_zone(name: str) -> str:
    """Return a name that `read_zone` accepts for an IANA name: a city for `EST`, by which people mean New York. Raises
    BadZone."""
    return _FIXED.get(exact_zone(name), name)


def depends_on_zone(read: Callable[[str], object]) -> bool:
    """True if the parsed value depends on the zone, as for a time of day without a city."""
    try:
        return read("UTC") != read("Pacific/Kiritimati")  # 14 hours apart all year
    except QueryError:  # for example a mute that is too long in one of them
        return True


def read_zone(text: str) -> str:
    """Return the IANA name meant: any case, spaces for underscores, or the city alone. Raises BadZone."""
    said = _TIME.sub("", _key(text))
    if said in _SHORT:
        raise _ambiguous(said)
    zones = _zones()
    if said in zones:
        return zones[said]
    if _OFFSET.fullmatch(said):
        raise BadZone("an offset doesn't follow daylight saving; name a city, such as Europe/Berlin", example="UTC")
    place = said.rpartition("/")[2]
    places = [key for key in zones if "/" not in key and key[:1] == place[:1]]
    if near := closest(place, places, cutoff=0.8):
        meant = zones[near]
        sure = meant if _slip(place, near) else None
        raise BadZone(f"that is not a time zone I know; the nearest is {meant}", sure, example=meant)
    raise BadZone(UNKNOWN)


def _ambiguous(said: str) -> BadZone:
    names = _SHORT[said]
    choice = ", ".join(names[:-1]) + " or " + names[-1] if len(names) > 1 else names[0]
    if said.upper() in _FIXED:
        return BadZone(f"that has no daylight saving; name the city, {choice}", names[0])
    if len(names) > 1:
        return BadZone(f"that could be {choice}; name the city", example=names[0])
    return BadZone(f"that is short for a zone; name its city, {choice}", names[0])


def _slip(said: str, meant: str) -> bool:
    """True if at most one letter is missing, extra, wrong, or swapped with the next."""
    while said and said[0] == meant[:1]:
        said, meant = said[1:], meant[1:]
    swapped = meant[:2][::-1] + meant[2:]
    return said in (meant[1:], swapped) or said[1:] in (meant, meant[1:])


def _key(name: str) -> str:
    return fold(name.replace("_", " "))


@cache
def _names() -> frozenset[str]:
    return frozenset(available_timezones() - _NO_PLACE)


@cache
def _zones() -> dict[str, str]:
    """Return IANA names by their spellings. A whole name wins over a city. A city's several names are one zone, the
    longer the newer: `America/Argentina/Cordoba`."""
    names = sorted(_names(), key=lambda name: (name.count("/"), name))
    cities = {_key(name.rpartition("/")[2]): name for name in names if name.startswith(_AREAS)}
    others = {city: zone for zone, aliases in _CITIES.items() for city in aliases}
    return others | cities | {_key(name): name for name in names} | {"z": "UTC"}
