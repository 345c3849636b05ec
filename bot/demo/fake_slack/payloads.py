"""Payloads for an app: slash commands, block actions and events, as wire values.

https://docs.slack.dev/interactivity/implementing-slash-commands
https://docs.slack.dev/reference/interaction-payloads
https://docs.slack.dev/apis/events-api
"""

import secrets
from typing import Any

from bot.demo.fake_slack.model import Channel, Json, Message, User
from bot.demo.fake_slack.seed import ORG_ID, ORG_NAME, TEAM_DOMAIN
from bot.demo.fake_slack.site import Site

VERIFICATION_TOKEN = "demo-verification-token"  # noqa: S105  deprecated by Slack, still sent, never checked


def slash_command(site: Site, command: str, text: str, user: User, channel: Channel) -> Json:
    """The form fields of a slash command; `text` as the composer leaves it."""
    team = site.workspace.team_id
    return {
        "token": VERIFICATION_TOKEN,
        "team_id": user.home or team,
        "team_domain": TEAM_DOMAIN,
        "channel_id": channel.id,
        "channel_name": channel.payload_name,
        "user_id": user.id,
        "user_name": user.name,
        "command": command,
        "text": text,
        "api_app_id": site.workspace.app_id,
        **_organisation(site),
        "is_enterprise_install": str(site.workspace.org_wide).lower(),
        "response_url": site.url + site.grants.response_url("commands", team, channel.id, user.id, None),
        "trigger_id": site.grants.trigger_id(),
    }


def block_action(site: Site, message: Message, action: Json, user: User, channel: Channel) -> Json:
    """A press on an element of `message`; `action` is an entry of `actions` without its time.

    An ephemeral message itself is not sent, as in Slack: the app cannot read it back.
    """
    team = site.workspace.team_id
    url = site.grants.response_url("actions", team, channel.id, user.id, message.ts)
    container: Json = {
        "type": "message",
        "message_ts": message.ts,
        "channel_id": channel.id,
        "is_ephemeral": message.ephemeral,
    }
    if message.thread_ts:
        container["thread_ts"] = message.thread_ts
    payload = _interaction(site, "block_actions", user) | {
        "container": container,
        "channel": {"id": channel.id, "name": channel.payload_name},
        "state": {"values": _state(message, action)},
        "response_url": site.url + url,
        "actions": [{**action, "action_ts": site.workspace.next_ts()}],
    }
    if not message.ephemeral:
        payload["message"] = message.as_api(team, site.workspace.app_id)
    return payload


def view_action(site: Site, view: Json, action: Json, user: User) -> Json:
    """A press in a modal or in the Home tab: there is neither a message, a channel nor a response_url.
    https://docs.slack.dev/reference/interaction-payloads/block_actions-payload
    """
    container = {"type": "view", "view_id": view["id"]}
    action = {**action, "action_ts": site.workspace.next_ts()}
    return _interaction(site, "block_actions", user) | {"container": container, "view": view, "actions": [action]}


def view_closing(site: Site, kind: str, view: Json, user: User) -> Json:
    """A form that a person submits or closes; `kind` is `view_submission` or `view_closed`.
    https://docs.slack.dev/reference/interaction-payloads/view-interactions-payload
    """
    return _interaction(site, kind, user) | {"view": view}


def shortcut(site: Site, callback_id: str, user: User, message: Message | None) -> Json:
    """A global shortcut, or one of a message, which alone has a channel and a response_url.
    https://docs.slack.dev/reference/interaction-payloads/shortcuts-interaction-payload
    """
    if message is None:
        return _interaction(site, "shortcut", user) | {"callback_id": callback_id}
    team, channel = site.workspace.team_id, site.workspace.channel(message.channel)
    return _interaction(site, "message_action", user) | {
        "callback_id": callback_id,
        "channel": {"id": channel.id, "name": channel.payload_name},
        "message_ts": message.ts,
        "message": message.as_api(team, site.workspace.app_id),
        "response_url": site.url + site.grants.response_url("actions", team, channel.id, user.id, None),
    }


def _interaction(site: Site, kind: str, user: User) -> Json:
    """The fields that all interactions have."""
    team = site.workspace.team_id
    return {
        "type": kind,
        "user": {"id": user.id, "username": user.name, "name": user.name, "team_id": user.home or team},
        "api_app_id": site.workspace.app_id,
        "token": VERIFICATION_TOKEN,
        "trigger_id": site.grants.trigger_id(),
        "team": None if site.workspace.org_wide else {"id": team, "domain": TEAM_DOMAIN},
        "enterprise": {"id": ORG_ID, "name": ORG_NAME} if site.workspace.org_wide else None,
        "is_enterprise_install": site.workspace.org_wide,
    }


def action_of(block: Json, element: Json, option: Json | None) -> Json:
    """The entry of `actions` for an element, with the chosen option of a menu."""
    action: Json = {"type": element["type"], "block_id": block["block_id"], "action_id": element["action_id"]}
    for name in ("text", "value", "style", "placeholder"):
        if name in element:
            action[name] = element[name]
    if option is not None:
        action["selected_option"] = option
    return action


def _organisation(site: Site) -> Json:
    return {"enterprise_id": ORG_ID, "enterprise_name": ORG_NAME} if site.workspace.org_wide else {}


def _state(message: Message, action: Json) -> Json:
    """The choices of all selects in the message, by block and action; buttons and overflow menus have none."""
    values: dict[str, dict[str, Any]] = {}
    for block, element in message.elements():
        if element["type"] == "static_select":
            pressed = (block["block_id"], element["action_id"]) == (action["block_id"], action["action_id"])
            chosen = action.get("selected_option") if pressed else element.get("initial_option")
            entry = {"type": "static_select", "selected_option": chosen}
            values.setdefault(block["block_id"], {})[element["action_id"]] = entry
    return values


def event_callback(site: Site, event: Json, event_id: str | None) -> Json:
    """The envelope of one event; redeliveries carry the same `event_id`."""
    team = site.workspace.team_id
    channel = site.workspace.channels.get(str(event.get("channel")))
    return {
        "token": VERIFICATION_TOKEN,
        "team_id": team,
        "api_app_id": site.workspace.app_id,
        "event": {"event_ts": site.workspace.next_ts(), **event},
        "type": "event_callback",
        "event_id": event_id or f"Ev{secrets.token_hex(5).upper()}",
        "event_time": int(site.clock()),
        "authorizations": [
            {
                "team_id": None if site.workspace.org_wide else team,
                "enterprise_id": ORG_ID if site.workspace.org_wide else None,
                "is_enterprise_install": site.workspace.org_wide,
                "user_id": site.workspace.bot_user,
                "is_bot": True,
            }
        ],
        "is_ext_shared_channel": channel is not None and channel.is_ext_shared,
    }
