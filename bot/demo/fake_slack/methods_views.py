"""The views.* methods: https://docs.slack.dev/reference/methods?family=views

Each takes the site and the call's arguments (decoded), returns the answer without `ok`, and raises `Refused`.
"""

import secrets
from collections.abc import Mapping

from bot.blockkit.limits import VIEW_BLOCKS
from bot.demo.fake_slack.model import Json
from bot.demo.fake_slack.site import Refused, Site, checked_content

VIEW_TITLE_CHARS = 24  # https://docs.slack.dev/reference/views/modal-views


def open_view(site: Site, args: Json) -> Json:
    view = _view(site, args, "modal")
    if error := site.grants.redeem_trigger(str(args.get("trigger_id"))):
        raise Refused(error, breach=True)
    site.views.append(view)
    return {"view": view}


def publish(site: Site, args: Json) -> Json:
    if site.workspace.users.get(str(args.get("user_id"))) is None:
        raise Refused("user_not_found")
    view = _view(site, args, "home")
    site.views.append(view)
    return {"view": view}


def update(site: Site, args: Json) -> Json:
    """Puts another modal in the place of one that is open: https://docs.slack.dev/reference/methods/views.update"""
    place = next((at for at, each in enumerate(site.views) if each["id"] == args.get("view_id")), None)
    if place is None:
        raise Refused("not_found")
    view = _view(site, args, "modal") | {"id": site.views[place]["id"]}
    site.views[place] = view
    return {"view": view}


def _view(site: Site, args: Json, kind: str) -> Json:
    view = args.get("view")
    blocks = view.get("blocks") if isinstance(view, Mapping) else None
    if not isinstance(view, Mapping) or view.get("type") != kind or not isinstance(blocks, list):
        raise Refused("invalid_arguments", breach=True)
    title = view.get("title") or {}
    long = kind == "modal" and not 0 < len(str(title.get("text", ""))) <= VIEW_TITLE_CHARS
    if long or len(blocks) > VIEW_BLOCKS:
        raise Refused("invalid_arguments", breach=True)
    for block in blocks:  # a view holds twice as many as a message
        checked_content(site, None, [block])
    return {"id": f"V{secrets.token_hex(5).upper()}", **view}
