"""The methods about the app, people and conversations.  https://docs.slack.dev/reference/methods

Each takes the site and the call's arguments (decoded), returns the answer without `ok`, and raises `Refused`.
"""

import base64
import secrets
from collections.abc import Callable, Sequence
from typing import Any

from bot.demo.fake_slack.model import Channel, Json, Message
from bot.demo.fake_slack.seed import ORG_ID, ORG_NAME, TEAM_DOMAIN, TEAM_NAME
from bot.demo.fake_slack.site import Refused, Site

_READ_SCOPES = {"public_channel": "channels:read", "private_channel": "groups:read", "im": "im:read"}


def auth_test(site: Site, args: Json) -> Json:
    workspace = site.workspace
    if workspace.org_wide:
        org = {"team": ORG_NAME, "team_id": ORG_ID, "enterprise_id": ORG_ID, "is_enterprise_install": True}
        return {**org, "user": workspace.users[workspace.bot_user].name, "user_id": workspace.bot_user}
    return {
        "url": f"https://{TEAM_DOMAIN}.slack.com/",
        "team": TEAM_NAME,
        "user": workspace.users[workspace.bot_user].name,
        "team_id": workspace.team_id,
        "user_id": workspace.bot_user,
        "bot_id": workspace.bot_id,
        "is_enterprise_install": False,
    }


def connections_open(site: Site, args: Json) -> Json:
    """A websocket address with a ticket for one connection."""
    ticket = secrets.token_hex(16)
    site.tickets.add(ticket)
    base = site.url.replace("http://", "ws://", 1)
    return {"url": f"{base}/link/?ticket={ticket}&app_id={site.workspace.app_id}"}


def users_info(site: Site, args: Json) -> Json:
    user = site.workspace.users.get(str(args.get("user")))
    if user is None:
        raise Refused("user_not_found")
    return {"user": user.as_api(site.workspace.team_id)}


def users_list(site: Site, args: Json) -> Json:
    users = sorted(site.workspace.users.values(), key=lambda user: user.id)
    page, metadata = _page(users, args)
    return {"members": [user.as_api(site.workspace.team_id) for user in page], **metadata}


def usergroups_list(site: Site, args: Json) -> Json:
    """Disabled ones only with include_disabled: https://docs.slack.dev/reference/methods/usergroups.list"""
    every = _true(args.get("include_disabled"))
    groups = [group for group in site.workspace.groups.values() if every or not group.is_disabled]
    return {"usergroups": [group.as_api(site.workspace.team_id) for group in groups]}


def usergroups_users_list(site: Site, args: Json) -> Json:
    group = site.workspace.groups.get(str(args.get("usergroup")))
    if group is None:
        raise Refused("no_such_subteam")
    return {"users": sorted(group.members)}


def conversations_info(site: Site, args: Json) -> Json:
    channel = _visible(site, args)
    return {"channel": channel.as_api(site.workspace.bot_user)}


def conversations_list(site: Site, args: Json) -> Json:
    """Public channels, and those private ones and direct conversations that the bot is in."""
    return _listed(site, args, lambda channel: _type(channel) == "public_channel")


def users_conversations(site: Site, args: Json) -> Json:
    """Those of these kinds that the bot is in. A kind whose scope isn't granted refuses the whole."""
    return _listed(site, args, lambda channel: False)


def _listed(site: Site, args: Json, also: Callable[[Channel], bool]) -> Json:
    kinds = [name.strip() for name in str(args.get("types", "public_channel")).split(",")]
    for kind in kinds:
        if (scope := _READ_SCOPES.get(kind, "mpim:read")) not in site.scopes:
            raise site.lacking(scope, breach=True)
    found = [
        channel
        for channel in sorted(site.workspace.channels.values(), key=lambda channel: channel.id)
        if _type(channel) in kinds
        and (also(channel) or site.workspace.bot_user in channel.members)
        and not (channel.is_archived and _true(args.get("exclude_archived")))
    ]
    page, metadata = _page(found, args)
    return {"channels": [channel.as_api(site.workspace.bot_user) for channel in page], **metadata}


def conversations_members(site: Site, args: Json) -> Json:
    page, metadata = _page(sorted(_visible(site, args).members), args)
    return {"members": list(page), **metadata}


def conversations_open(site: Site, args: Json) -> Json:
    """The direct conversation with one person."""
    user = site.workspace.users.get(str(args.get("users")))
    if user is None:
        raise Refused("user_not_found")
    return {"channel": {"id": site.workspace.direct(user.id).id}}


def conversations_join(site: Site, args: Json) -> Json:
    channel = _visible(site, args)
    if channel.is_archived:
        raise Refused("is_archived")
    if channel.is_private or channel.is_im:
        raise Refused("method_not_supported_for_channel_type")
    site.workspace.join(channel, site.workspace.bot_user)
    return {"channel": channel.as_api(site.workspace.bot_user)}


def conversations_history(site: Site, args: Json) -> Json:
    """Newest first; of replies those that are broadcast: https://github.com/arjunattam/vscode-chat/issues/7.  Message
    metadata only with include_all_metadata.
    """
    _take_turn(site, "conversations.history")
    channel = _readable(site, args)
    messages = site.workspace.history(channel.id)
    found = [each for each in messages if each.broadcast or each.thread_ts in (None, each.ts)]
    return _messages(site, args, list(reversed(_within(found, args))))


def conversations_replies(site: Site, args: Json) -> Json:
    """A thread with its parent, oldest first."""
    _take_turn(site, "conversations.replies")
    channel = _readable(site, args)
    parent = site.workspace.find(channel.id, str(args.get("ts")))
    if parent is None or parent.ephemeral:
        raise Refused("thread_not_found")
    top = parent.thread_ts or parent.ts
    messages = site.workspace.history(channel.id)
    found = [each for each in messages if top in (each.ts, each.thread_ts)]
    return _messages(site, args, _within(found, args))


def _visible(site: Site, args: Json) -> Channel:
    channel = site.workspace.channels.get(str(args.get("channel")))
    if channel is None:
        raise Refused("channel_not_found")
    if (channel.is_private or channel.is_im) and site.workspace.bot_user not in channel.members:
        raise Refused("channel_not_found")
    return channel


def _readable(site: Site, args: Json) -> Channel:
    """The conversation, for the two methods that show messages: scopes by its kind, and the limits of reading.

    Whether a channel is private can't be told from its id, so to lack that one scope is no breach.
    """
    channel = _visible(site, args)
    scope = {"im": "im:history", "private_channel": "groups:history"}.get(_type(channel), "channels:history")
    if scope not in site.scopes:
        raise site.lacking(scope, breach=False)
    if site.workspace.bot_user not in channel.members:
        raise Refused("not_in_channel")
    return channel


def _within(messages: list[Message], args: Json) -> list[Message]:
    oldest, latest = str(args.get("oldest") or "0"), str(args.get("latest") or "9" * 10)
    inclusive = _true(args.get("inclusive"))
    return [
        each
        for each in messages
        if float(oldest) < float(each.ts) < float(latest) or (inclusive and each.ts in (oldest, latest))
    ]


def _messages(site: Site, args: Json, found: list[Message]) -> Json:
    page, metadata = _page(found, args, site.history_most)
    with_metadata = _true(args.get("include_all_metadata"))
    shown = []
    for each in page:
        shown.append(each.as_api(site.workspace.team_id, site.workspace.app_id, metadata=with_metadata))
        if replies := site.workspace.reply_count(each):
            shown[-1] |= {"reply_count": replies, "thread_ts": each.ts}
        if each.broadcast and (root := site.workspace.find(each.channel, each.thread_ts or "")):
            shown[-1]["root"] = root.as_api(site.workspace.team_id, site.workspace.app_id, metadata=False)
    return {"messages": shown, "has_more": "response_metadata" in metadata, **metadata}


def _take_turn(site: Site, method: str) -> None:
    left = site.limiter.wait_to_read_s(method, site.history_every_s)
    if left > 0:
        site.limiter.told_to_wait(method, left)
        raise Refused("ratelimited", status=429)


def _page(items: Sequence[Any], args: Json, most: int = 999) -> tuple[Sequence[Any], Json]:
    """One page by cursor: https://docs.slack.dev/apis/web-api/pagination"""
    try:
        limit = min(int(args.get("limit") or 100), most)
        start = int(base64.b64decode(str(args.get("cursor") or "")).decode().partition(":")[2] or 0)
    except ValueError:
        raise Refused("invalid_cursor" if args.get("cursor") else "invalid_limit", breach=True) from None
    if limit < 1:
        raise Refused("invalid_limit", breach=True)
    if start + limit >= len(items):
        return items[start:], {}
    cursor = base64.b64encode(f"next:{start + limit}".encode()).decode()
    return items[start : start + limit], {"response_metadata": {"next_cursor": cursor}}


def _type(channel: Channel) -> str:
    if channel.is_mpim:
        return "mpim"
    return "im" if channel.is_im else "private_channel" if channel.is_private else "public_channel"


def _true(value: Any) -> bool:
    return value in (True, 1, "1", "true", "True")
