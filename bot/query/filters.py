"""`FILTERS`: every key of the query line. A new filter is one entry here; the parser, the help, the README's table,
the usage hint, the request to 100ms and the local check all derive from it.

Filters with `param` are sent to List sessions (100ms docs, server-side/v2, Sessions/list-sessions); the others, and
a negated or repeated `room:`, are evaluated locally with `test`.
"""

from __future__ import annotations

from bot.query.filter_entry import (
    SCOPES,
    Filter,
    grows_longer,
    has_people,
    has_role,
    has_user,
    in_room,
    longer_than,
    of_template,
)
from bot.query.kinds import DEFAULT_KINDS, ON
from bot.query.lasting import alone, ending, idle, missing, parse_ending, parse_lasting, parse_missing
from bot.query.notify import NOTIFY_WORDS, parse_every, parse_notify, write_notify
from bot.query.times import parse_length, print_length
from bot.query.values import (
    LIMIT_DEFAULT,
    LIMIT_MAX,
    LIMIT_MIN,
    RoomId,
    parse_bool,
    parse_count,
    parse_empty,
    parse_id,
    parse_kind,
    parse_limit,
    parse_room,
    parse_template,
    parse_when,
)

STATES = {"active": True, "ended": False, "all": None}
"""List sessions' `active` parameter for each state; None leaves it out."""
LIST, SUBSCRIBE, DIGEST, MUTE = SCOPES
STATE_WORDS = {
    **dict.fromkeys(("live", "running", "open", "current", "ongoing", "now"), "active"),
    **dict.fromkeys(("finished", "over", "past", "closed", "done", "inactive"), "ended"),
    **dict.fromkeys(("everything", "any", "both"), "all"),
}
"""Synonyms of the states."""

ROOM_KEYS = frozenset({"room", "template"})
"""Filters that depend only on a session's room, which never changes."""


FILTERS: dict[str, Filter] = {
    entry.key: entry
    for entry in (
        Filter(
            "room",
            form="room:<id, name or start*>",
            help="sessions of that room, or with a `*` at the end of every room whose name begins so",
            example="town-hall",
            parse=parse_room,
            say=("in {}", "not in {}"),
            param="room_id",
            test=in_room,
            names=True,
            also=("in", "room_name", "channel"),
        ),
        Filter(
            "template",
            form="template:<id or name>",
            help="sessions of rooms made from that template",
            example="teaching",
            parse=parse_template,
            say=("of the template {}", "not of the template {}"),
            test=of_template,
            names=True,
            also=("template_id", "policy"),
        ),
        Filter(
            "after",
            form="after:<time>",
            help="started then or later: `2h`, `3d`, `1w`, `today`, `monday 9:30`, `14:00`, `2pm`, `2026-11-23`, "
            "`2026-11-23T09:30Z`; a weekday or time of day is the latest such",
            example="2h",
            parse=parse_when,
            say=("started from {}", ""),
            param="after",
            once=True,
            also=("since", "from", "started", "last", "past", "within"),
            scopes=(LIST,),
            spaced=True,
        ),
        Filter(
            "before",
            form="before:<time>",
            help="started then or earlier; the same spellings, and with `after:` the next such weekday or time",
            example="2h",
            parse=parse_when,
            say=("started until {}", ""),
            param="before",
            once=True,
            also=("until", "to", "till", "by"),
            scopes=(LIST,),
            spaced=True,
        ),
        Filter(
            "role",
            form="role:<role>",
            help="someone with that role was in",
            example="host",
            parse=str,
            say=("with the role {}", "without the role {}"),
            test=has_role,
            names=True,
        ),
        Filter(
            "user",
            form="user:<id or name>",
            help="someone with that user id, or with that in their name, was in",
            example="ada",
            parse=lambda text: text.lstrip("@").strip() or text,
            say=("with {}", "without {}"),
            test=has_user,
            names=True,
            also=("name", "person", "host", "peer", "participant", "username", "user_id"),
        ),
        Filter(
            "peers",
            form="peers:>=<number>",
            help="so many people: in now if it is live, in all if it has ended; also `>` `=` `<` `<=` `5+` `3..5`",
            example=">=2",
            parse=parse_count,
            say=("with {} people", "without {} people"),
            test=has_people,
            also=("people", "users", "participants", "members", "size", "count"),
        ),
        Filter(
            "longer",
            form="longer:<length>",
            help="lasts or lasted longer than `45m`, `2h`, `1h30m`; `-longer:45m` is at most that",
            example="45m",
            parse=lambda text: parse_length(text.lstrip(">=≥ ")),
            write=print_length,
            say=("longer than {}", "not longer than {}"),
            test=longer_than,
            due=grows_longer,
            also=("duration", "length", "lasted", "over", "longer_than"),
            opposite=("shorter", "under", "shorter_than"),
            spaced=True,
        ),
        Filter(
            "idle",
            form="idle:<length>",
            help="nobody has been in for `10m` or longer, people who record aside; of an ended session: ever",
            example="10m",
            parse=parse_lasting,
            write=print_length,
            say=("with nobody in for {}", "unless nobody is in for {}"),
            lasting=idle,
            also=("nobody", "vacant", "deserted", "unattended", "abandoned"),
            spaced=True,
        ),
        Filter(
            "alone",
            form="alone:<length>",
            help="the same one person has been in alone for `15m` or longer",
            example="15m",
            parse=parse_lasting,
            write=print_length,
            say=("with one person alone for {}", "unless one person is alone for {}"),
            lasting=alone,
            also=("solo", "lonely", "by_myself"),
            spaced=True,
        ),
        Filter(
            "missing",
            form="missing:<role>[>length]",
            help="somebody is in, but nobody of that role, with `missing:host>2m` for so long; "
            "`missing:host` is whoever hosts",
            example="host>2m",
            parse=parse_missing,
            say=("with no {}", "unless there is no {}"),
            lasting=missing,
            also=("lacking", "lacks", "absent", "nohost", "no_host", "hostless"),
            bounded=True,
        ),
        Filter(
            "ending",
            form="ending:<length>",
            help="reaches the longest duration of its room, else 12 hours, within `15m`",
            example="15m",
            parse=parse_ending,
            write=print_length,
            say=("ending within {}", "not ending within {}"),
            lasting=ending,
            by_room=True,
            also=("expires", "expiring", "expires_in", "ends_in", "ending_in", "time_left"),
            spaced=True,
        ),
        Filter(
            "limit",
            form=f"limit:{LIMIT_MIN}..{LIMIT_MAX}",
            help=f"sessions on a page, {LIMIT_DEFAULT} by default",
            example=str(LIMIT_DEFAULT),
            parse=parse_limit,
            once=True,
            also=("max", "top", "page_size", "per_page"),
            scopes=(LIST,),
        ),
        Filter(
            "start",
            form="start:<session id>",
            help="begin after that session, as the API's `last` says",
            example="63172c2d3e3d9fdb008322e1",
            parse=parse_id,
            say=("after session {}", ""),
            once=True,
            names=True,
            also=("cursor",),
            scopes=(LIST,),
        ),
        Filter(
            "on",
            form=ON,
            help=f"with `subscribe`: what to be told about, `{','.join(DEFAULT_KINDS)}` by default",
            example="start",
            parse=parse_kind,
            within="subscribe",
            scopes=(SUBSCRIBE,),
        ),
        Filter(
            "notify",
            form="notify:@ada,@oncall",
            help="with `subscribe`: people and user groups to mention when it tells of a session, up to 5",
            example="@oncall",
            parse=parse_notify,
            write=write_notify,
            also=NOTIFY_WORDS,
            within="subscribe",
            scopes=(SUBSCRIBE,),
        ),
        Filter(
            "every",
            form="every:10m..12h",
            help="with `subscribe`: how often to remind in the thread while something is wrong",
            example="30m",
            parse=parse_every,
            write=print_length,
            once=True,
            also=("remind", "repeat"),
            within="subscribe idle:5m",
            scopes=(SUBSCRIBE,),
            spaced=True,
        ),
        Filter(
            "empty",
            form="empty:say|skip",
            help="with `digest`: what comes if there were no sessions, one line (the default) or nothing",
            example="skip",
            parse=parse_empty,
            once=True,
            within="digest weekdays 9:00 Berlin",
            scopes=(DIGEST,),
        ),
        Filter(
            "active",
            form="active:true|false",
            help="the API's spelling of `active` and `ended`",
            example="true",
            parse=lambda text: STATE_WORDS.get(text.lower()) or parse_bool(text),
            becomes="state",
            also=("state", "status"),
            scopes=(LIST,),
        ),
        Filter(
            "room_id",
            form="room_id:<id>",
            help="the API's spelling of `room:<id>`",
            example="627cda81ab4f3b56a077dc33",
            parse=lambda text: RoomId(parse_id(text)),
            becomes="room",
            names=True,
        ),
    )
}
SYNONYMS = {
    word: f"{'-' * away}{entry.key}"
    for entry in FILTERS.values()
    for away in (False, True)
    for word in (entry.opposite if away else entry.also)
}
"""Maps synonyms to keys: `since` to `after`, `shorter` to `-longer`."""
