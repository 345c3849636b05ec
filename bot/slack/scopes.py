"""`NEEDS`: Slack's scopes, each with what needs it. `manifest.yml` asks for the same, and a test compares them;
`make docs` writes the table of docs/alerts.md."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Need:
    """`lost`: what doesn't work where one of `scopes` isn't granted; `needed`: nobody can do without it; `groups`: the
    doctor only misses it where ACCESS names user groups."""

    scopes: tuple[str, ...]
    lost: str
    needed: bool = False
    groups: bool = False


NEEDS = (
    Need(("commands",), "nobody can type /sessions", needed=True),
    Need(("chat:write",), "no alert and no digest can be posted", needed=True),
    Need(
        ("channels:history", "groups:history"),
        "a message whose arrival Slack didn't confirm can't be looked up in its channel, and may be shown twice",
    ),
    Need(
        ("im:history", "im:write"),
        "a direct message whose arrival Slack didn't confirm can't be looked up",
    ),
    Need(
        ("channels:read", "groups:read"),
        "the bot doesn't hear that it was invited, and the doctor can't tell which channels it is missing from",
    ),
    Need(
        ("usergroups:read",),
        "who is in the user groups of ACCESS isn't known, so they are refused; `notify:` takes no user groups",
        groups=True,
    ),
    Need(
        ("users:read",),
        "nobody's time zone is known (what is stored asks for a city unless DEFAULT_TIMEZONE is set), guests may do "
        "what members may, people of other workspaces are told by what Slack sends alone, and `notify:` takes no "
        "people",
    ),
)
