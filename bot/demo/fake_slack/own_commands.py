"""Slack's own slash commands, as far as they concern an app: who is in a channel, and whether it is still used.

https://slack.com/help/articles/201259356 lists them all.  What they change is told to the app, where the manifest
subscribes it to such events and it has the scope for them.
"""

from bot.demo.fake_slack.model import Channel, Json, User
from bot.demo.fake_slack.site import Site

COMMANDS: list[Json] = [
    {"command": "/invite", "usage_hint": "@someone", "description": "Invite people or an app to this channel"},
    {"command": "/remove", "usage_hint": "@someone", "description": "Remove someone or an app from this channel"},
    {"command": "/archive", "usage_hint": "", "description": "Archive this channel"},
]
NAMES = frozenset(each["command"] for each in COMMANDS)


def run(site: Site, command: str, text: str, person: User, channel: Channel) -> list[Json]:
    """Does what one of `NAMES` says, or has Slackbot say why not; the events that follow from it."""
    if channel.is_im or channel.is_mpim:
        return _said(site, person, channel, f"{command} does not work in direct messages.")
    if command == "/archive":
        site.workspace.set_archived(channel, True)
        return []
    names = text.split()
    if not names:
        return _said(site, person, channel, f"Say who: `{command} @someone`")
    return [event for name in names for event in _member(site, command, name, person, channel)]


def unarchived(site: Site, person: User, channel: Channel) -> list[Json]:
    """A person has made use of an archived channel possible again; the events that follow."""
    site.workspace.set_archived(channel, False)
    kind = "group_unarchive" if channel.is_private else "channel_unarchive"
    return [{"type": kind, "channel": channel.id, "user": person.id}]


def heard(site: Site, event: Json) -> bool:
    """True if the app is told: https://docs.slack.dev/reference/events"""
    channel = site.workspace.channel(event["channel"])
    return event["type"] in site.events and ("groups:read" if channel.is_private else "channels:read") in site.scopes


def _member(site: Site, command: str, name: str, person: User, channel: Channel) -> list[Json]:
    who = next((each for each in site.workspace.users.values() if each.name.lower() == name.lstrip("@").lower()), None)
    if who is None:
        return _said(site, person, channel, f"There is nobody called {name} in this workspace.")
    inside = who.id in channel.members
    if command == "/remove":
        if not inside or who == person:
            why = "You can't remove yourself." if inside else f"{who.real_name} is not in this channel."
            return _said(site, person, channel, why)
        site.workspace.leave(channel, who.id)
        return _said(site, person, channel, f"{who.real_name} was removed from this channel.")
    if inside:
        return _said(site, person, channel, f"{who.real_name} is already in this channel.")
    site.workspace.join(channel, who.id)
    site.workspace.post(channel.id, who.id, f"was added to #{channel.name} by <@{person.id}>.", [])
    kind = "G" if channel.is_private else "C"
    event = {"type": "member_joined_channel", "user": who.id, "channel": channel.id, "channel_type": kind}
    return [{**event, "team": site.workspace.team_id, "inviter": person.id}]


def _said(site: Site, person: User, channel: Channel, text: str) -> list[Json]:
    site.workspace.slackbot_says(channel.id, person.id, text)
    return []
