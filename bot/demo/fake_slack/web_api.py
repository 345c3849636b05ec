"""`/api/<method>`: tokens, scopes, arguments, faults and the record, around the methods themselves.

https://docs.slack.dev/apis/web-api
"""

import asyncio
import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import formatdate

from aiohttp import web

from bot.demo.fake_slack import methods_blocks, methods_chat, methods_read, methods_views
from bot.demo.fake_slack.faults import ApiError, Dropped, Fault, HttpError, RateLimited, Stalled
from bot.demo.fake_slack.model import Call, Json
from bot.demo.fake_slack.site import Refused, Site

# Arguments that are JSON text when the call is form-encoded.
_JSON_ARGUMENTS = ("blocks", "attachments", "metadata", "view")


@dataclass(frozen=True, slots=True)
class Method:
    """A Web API method: the scopes of which it needs any one, whose token it takes, and its work.  A public one takes
    no token, and its arguments as they come.

    `tier` is that of its page; 0 for those with limits of their own.
    """

    run: Callable[[Site, Json], Json]
    scopes: tuple[str, ...] = ()
    tier: int = 0
    app_token: bool = False
    post_only: bool = False
    public: bool = False


PER_MINUTE = {2: 20, 3: 50, 4: 100}  # "20+", "50+", "100+": https://docs.slack.dev/apis/web-api/rate-limits


_READ = ("channels:read", "groups:read", "im:read", "mpim:read")
_HISTORY = ("channels:history", "groups:history", "im:history", "mpim:history")

METHODS: Mapping[str, Method] = {
    "apps.connections.open": Method(methods_read.connections_open, app_token=True, post_only=True),
    "blocks.validate": Method(methods_blocks.validate, public=True, post_only=True),
    "auth.test": Method(methods_read.auth_test),
    "chat.delete": Method(methods_chat.delete, ("chat:write",), tier=3),
    "chat.getPermalink": Method(methods_chat.get_permalink),
    "chat.postEphemeral": Method(methods_chat.post_ephemeral, ("chat:write",), tier=4),
    "chat.postMessage": Method(methods_chat.post_message, ("chat:write",)),
    "chat.update": Method(methods_chat.update, ("chat:write",), tier=3),
    "conversations.history": Method(methods_read.conversations_history, _HISTORY, tier=3),
    "conversations.info": Method(methods_read.conversations_info, _READ, tier=3),
    "conversations.join": Method(methods_read.conversations_join, ("channels:join",), tier=3),
    "conversations.list": Method(methods_read.conversations_list, _READ, tier=2),
    "conversations.members": Method(methods_read.conversations_members, _READ, tier=4),
    "conversations.open": Method(methods_read.conversations_open, ("im:write", "mpim:write"), tier=3),
    "conversations.replies": Method(methods_read.conversations_replies, _HISTORY, tier=3),
    "usergroups.list": Method(methods_read.usergroups_list, ("usergroups:read",), tier=2),
    "usergroups.users.list": Method(methods_read.usergroups_users_list, ("usergroups:read",), tier=2),
    "users.conversations": Method(methods_read.users_conversations, _READ, tier=3),
    "users.info": Method(methods_read.users_info, ("users:read",), tier=4),
    "users.list": Method(methods_read.users_list, ("users:read",), tier=2),
    "views.open": Method(methods_views.open_view, tier=4),
    "views.publish": Method(methods_views.publish, tier=4),
    "views.update": Method(methods_views.update, tier=4),
}


class WebApi:
    """The aiohttp handler of all methods."""

    def __init__(self, site: Site) -> None:
        self._site = site

    async def handle(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["method"]
        arguments, token, malformed = await _arguments(request)
        self._check_patience(name, arguments)
        fault = self._site.faults.take(name)
        status, answer = await faulty(fault, lambda: self._run(request.method, name, arguments, token, malformed))
        if isinstance(fault, RateLimited):
            self._site.limiter.told_to_wait(_patience_key(name, arguments), fault.retry_after_s)
        self._site.ledger.call(Call(name, arguments, self._site.clock(), status, answer))
        if isinstance(fault, HttpError):
            return web.Response(status=fault.status, text=fault.body, content_type=fault.content_type)
        if status == 0:
            return hang_up(request)
        return self._response(name, arguments, status, answer)

    def _run(self, verb: str, name: str, arguments: Json, token: str | None, malformed: bool) -> tuple[int, Json]:
        try:
            if malformed:
                raise Refused("invalid_json", breach=True)
            method = self._admit(verb, name, token)
            self._check_tier(name, method.tier)
            return 200, {"ok": True, **method.run(self._site, arguments if method.public else _decoded(arguments))}
        except Refused as refused:
            if refused.breach:
                details = refused.extra.get("response_metadata", {}).get("messages", [])
                self._site.ledger.violation("; ".join([f"{name}: {refused.error}", *details]))
            return refused.status, {"ok": False, "error": refused.error, **refused.extra}

    def _admit(self, verb: str, name: str, token: str | None) -> Method:
        site, method = self._site, METHODS.get(name)
        if method is None:
            raise Refused("unknown_method", breach=True, req_method=name)
        if method.public:
            return method
        if not token:
            raise Refused("not_authed", breach=True)
        if token not in (site.bot_token, site.app_token):
            raise Refused("invalid_auth", breach=True)
        if method.app_token != (token == site.app_token):
            raise Refused("not_allowed_token_type", breach=True)
        if method.post_only and verb != "POST":
            raise Refused("method_not_allowed", breach=True)
        if method.scopes and not site.scopes.intersection(method.scopes):
            raise site.lacking(method.scopes[0], breach=True)
        return method

    def _check_tier(self, name: str, tier: int) -> None:
        """Refuses what is too much for a method's tier, which is counted for each method, workspace and app."""
        if not self._site.tiers or tier not in PER_MINUTE:
            return
        per_s = PER_MINUTE[tier] / 60
        if not self._site.limiter.admit(name, burst=PER_MINUTE[tier], per_s=per_s):
            self._site.limiter.told_to_wait(name, math.ceil(1 / per_s))
            raise Refused("ratelimited", status=429)

    def _check_patience(self, name: str, arguments: Json) -> None:
        if (left := self._site.limiter.too_soon_s(_patience_key(name, arguments))) > 0:
            self._site.ledger.violation(f"{name}: called {left:.1f} s before Retry-After was over")

    def _response(self, name: str, arguments: Json, status: int, answer: Json) -> web.Response:
        headers = {
            "X-OAuth-Scopes": ",".join(sorted(self._site.scopes)),
            "Date": formatdate(self._site.clock(), usegmt=True),
        }
        if status == 429:
            headers["Retry-After"] = str(self._site.limiter.retry_after_s(_patience_key(name, arguments)))
        return web.json_response(answer, status=status, headers=headers)


async def faulty(fault: Fault | None, run: Callable[[], tuple[int, Json]]) -> tuple[int, Json]:
    """Do the work as far as the fault lets it be done; the status and body of the answer, 0 for a dropped
    connection."""
    if isinstance(fault, Stalled) and not fault.after_doing:
        await asyncio.sleep(fault.seconds)
    done = fault is None or isinstance(fault, Stalled) or getattr(fault, "after_doing", False)
    status, answer = run() if done else (0, {})
    if isinstance(fault, Stalled) and fault.after_doing:
        await asyncio.sleep(fault.seconds)
    match fault:
        case RateLimited():
            return 429, {"ok": False, "error": "ratelimited"}
        case HttpError():
            return fault.status, {"body": fault.body}
        case ApiError():
            return 200, {"ok": False, "error": fault.error, **fault.extra}
        case Dropped():
            return 0, answer
    return status, answer


def hang_up(request: web.Request) -> web.Response:
    """Closes the connection so that the client sees no answer."""
    if request.transport is not None:
        request.transport.close()
    return web.Response()


def _patience_key(name: str, arguments: Json) -> str:
    """chat.postMessage is limited for each channel, everything else for each method."""
    return f"{name} {arguments.get('channel')}" if name == "chat.postMessage" else name


async def _arguments(request: web.Request) -> tuple[Json, str | None, bool]:
    """A call's arguments, its token, and whether its JSON body was malformed.

    Arguments come in the query, a form or a JSON body; a token in the header, or (except with JSON) beside them.
    """
    arguments: Json = dict(request.query)
    if request.content_type == "application/json":
        try:
            body = json.loads(await request.text() or "{}")
        except ValueError:
            return arguments, None, True
        if not isinstance(body, dict):
            return arguments, None, True
        arguments |= {key: value for key, value in body.items() if key != "token"}
    else:
        form = await request.post()
        arguments |= {key: value for key, value in form.items() if isinstance(value, str)}
    header = request.headers.get("Authorization", "")
    given = arguments.pop("token", None)
    return arguments, header.removeprefix("Bearer ").strip() or given, False


def _decoded(arguments: Json) -> Json:
    decoded = dict(arguments)
    for name in _JSON_ARGUMENTS:
        if isinstance(decoded.get(name), str):
            try:
                decoded[name] = json.loads(decoded[name])
            except ValueError:
                error = "invalid_blocks_format" if name == "blocks" else "invalid_arguments"
                raise Refused(error, breach=True) from None
    return decoded
