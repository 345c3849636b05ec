"""What Slack sends to an app: slash commands, block actions and events, as wire values.

https://docs.slack.dev/interactivity/implementing-slash-commands
https://docs.slack.dev/reference/interaction-payloads/block_actions-payload
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
    payload: Json = {
        "type": "block_actions",
        "user": {"id": user.id, "username": user.name, "name": user.name, "team_id": user.home or team},
        "api_app_id": site.workspace.app_id,
        "token": VERIFICATION_TOKEN,
        "container": container,
        "trigger_id": site.grants.trigger_id(),
        "team": None if site.workspace.org_wide else {"id": team, "domain": TEAM_DOMAIN},
        "enterprise": {"id": ORG_ID, "name": ORG_NAME} if site.workspace.org_wide else None,
        "is_enterprise_install": site.workspace.org_wide,
        "channel": {"id": channel.id, "name": channel.payload_name},
        "state": {"values": _state(message, action)},
        "response_url": site.url + url,
        "actions": [{**action, "action_ts": site.workspace.next_ts()}],
    }
    if not message.ephemeral:
        payload["message"] = message.as_api(team, site.workspace.app_id)
    return payload


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
