"""The rules of an app's manifest that Slack's published schema doesn't have.

https://docs.slack.dev/reference/app-manifest
"""

from collections.abc import Collection, Mapping
from typing import Any

_CHANNELS = ("channels:read", "groups:read")
# Any one of these scopes has to be granted, else the event isn't sent: https://docs.slack.dev/reference/events
EVENT_SCOPES: Mapping[str, tuple[str, ...]] = {
    "app_home_opened": (),
    "app_mention": ("app_mentions:read",),
    "app_uninstalled": (),
    "channel_archive": ("channels:read",),
    "channel_id_changed": _CHANNELS,
    "channel_rename": ("channels:read",),
    "channel_unarchive": ("channels:read",),
    "entity_details_requested": (),
    "function_executed": (),
    "group_archive": ("groups:read",),
    "group_rename": ("groups:read",),
    "group_unarchive": ("groups:read",),
    "link_shared": ("links:read",),
    "member_joined_channel": _CHANNELS,
    "member_left_channel": _CHANNELS,
    "message.im": ("im:history",),
    "tokens_revoked": (),
}


def problems(manifest: Mapping[str, Any]) -> list[str]:
    """Why Slack would refuse the manifest, or give an app that doesn't do what it asks for; a line each."""
    settings, features = manifest.get("settings", {}), manifest.get("features", {})
    asked = manifest.get("oauth_config", {}).get("scopes", {})
    scopes = asked.get("bot", ())
    # authentication/installing-with-oauth#optional-scopes: "must also be listed in the corresponding bot fields"
    found = [f"bot_optional: {each} is not in bot" for each in asked.get("bot_optional", ()) if each not in scopes]
    for event in settings.get("event_subscriptions", {}).get("bot_events", ()):
        if event not in EVENT_SCOPES:
            found.append(f"bot_events: {event} is not known here")
        elif not may_hear(event, scopes):
            found.append(f"bot_events: {event} needs {' or '.join(EVENT_SCOPES[event])} in bot")
    if (features.get("slash_commands") or features.get("shortcuts")) and "commands" not in scopes:
        found.append("slash_commands and shortcuts need commands in bot")
    if not settings.get("socket_mode_enabled"):
        found += [f"{where}: no https URL" for where, url in _urls(manifest) if not str(url).startswith("https://")]
    return found


def may_hear(event: str, scopes: Collection[str]) -> bool:
    """True if an app with these scopes is told of such events."""
    wanted = EVENT_SCOPES.get(event, ())
    return not wanted or any(scope in scopes for scope in wanted)


def _urls(manifest: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Each place of a request URL, and what stands there."""
    settings = manifest.get("settings", {})
    found = [
        (each.get("command", "?"), each.get("url")) for each in manifest.get("features", {}).get("slash_commands", ())
    ]
    if settings.get("interactivity", {}).get("is_enabled"):
        found.append(("interactivity", settings["interactivity"].get("request_url")))
    if "event_subscriptions" in settings:
        found.append(("event_subscriptions", settings["event_subscriptions"].get("request_url")))
    return found
