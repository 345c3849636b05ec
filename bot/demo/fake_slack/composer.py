"""Slack's composer: rewrites the text that a person types, before anybody else sees it."""

import html
import re
from collections.abc import Mapping

_TOKEN = re.compile(
    r"(?P<url>https?://[^\s<>|]+)"
    r"|(?<![\w@.])(?P<domain>(?:[a-z0-9-]+\.)+(?:com|org|net|io|live|example|dev)(?:/[^\s<>|]*)?)(?![\w@])"
    r"|(?<![\w@])@(?P<user>[\w.-]*\w)"
    r"|(?<![\w#])#(?P<channel>[\w-]+)",
    re.IGNORECASE,
)
NOBODY: Mapping[str, str] = {}
_BROADCASTS = {"here", "channel", "everyone"}


def typed(
    text: str,
    users: Mapping[str, str],
    channels: Mapping[str, str],
    groups: Mapping[str, str] = NOBODY,
    *,
    rewrite: bool = True,
) -> str:
    """`text` as Slack passes it on: `&`, `<`, `>` as entities and, with `rewrite`, names and links marked up.

    `users`, `channels` and `groups` map names and handles to ids.  `@ada` becomes `<@U1|ada>`, `@oncall`
    `<!subteam^S1|@oncall>`, `#general` `<#C1|general>`, a link `<http://x|x>`; unknown names stay as typed.
    `rewrite` is `should_escape` of a slash command in the app's manifest:
    https://docs.slack.dev/interactivity/implementing-slash-commands
    """
    if not rewrite:
        return html.escape(text, quote=False)
    pieces, end = [], 0
    for match in _TOKEN.finditer(text):
        pieces += [html.escape(text[end : match.start()], quote=False), _marked(match, users, channels, groups)]
        end = match.end()
    return "".join([*pieces, html.escape(text[end:], quote=False)])


def _marked(
    match: re.Match[str], users: Mapping[str, str], channels: Mapping[str, str], groups: Mapping[str, str]
) -> str:
    whole = html.escape(match.group(), quote=False)
    name = match["user"] or match["channel"] or ""
    if match["url"]:
        return f"<{whole}|{whole}>"
    if match["domain"]:
        return f"<http://{whole}|{whole}>"
    if match["user"]:
        if name in _BROADCASTS:
            return f"<!{name}>"
        if name in groups:
            return f"<!subteam^{groups[name]}|@{name}>"
        return f"<@{users[name]}|{name}>" if name in users else whole
    return f"<#{channels[name]}|{name}>" if name in channels else whole
