"""blocks.validate: https://docs.slack.dev/reference/methods/blocks.validate"""

import json
import re

from bot.demo.fake_slack.judge import problems
from bot.demo.fake_slack.model import Json
from bot.demo.fake_slack.site import Refused, Site

_DATA = {"data_table", "data_visualization"}
# What Slack's own validator doesn't see (seen, 2026-09-25).
_UNSEEN = ("needs text or fields", "has neither text nor blocks")


def validate(site: Site, args: Json) -> Json:
    """Takes anybody's blocks, without a token.  The arguments are those of a form: each is JSON text."""
    given = [name for name in ("blocks", "view", "message") if name in args]
    if len(given) != 1 or not isinstance(args[given[0]], str):
        raise Refused("invalid_arguments", breach=True)
    try:
        value = json.loads(args[given[0]])
    except ValueError:
        raise Refused("invalid_arguments", breach=True) from None
    blocks = value if given == ["blocks"] else value.get("blocks") if isinstance(value, dict) else None
    lines = [line for line in problems(blocks) if not line.endswith(_UNSEEN)]  # type: ignore[arg-type]
    if not site.workspace.data_blocks and isinstance(blocks, list):
        lines += [
            f"blocks[{place}]: unsupported block type" for place, each in enumerate(blocks) if each["type"] in _DATA
        ]
    if lines:
        raise Refused("invalid_blocks", errors=[_error(line) for line in lines])
    return {}


def _error(line: str) -> Json:
    """`blocks[3].accessory: too long` as Slack says it."""
    path, _, message = line.partition(": ")
    pointer = re.sub(r"\[(\d+)\]", r"/\1", path.removeprefix("blocks")).replace(".", "/")
    return {"pointer": pointer, "message": message, "code": "invalid_value"}
