"""Lines mended as the bot mends them, those of lists unless another command is named."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bot.app import FEATURES
from bot.errors import QueryError
from bot.query import command_lines
from bot.query.filters import LIST
from bot.slack.registry import Registry

LINES = Registry(FEATURES).lines


def corrected(
    error: QueryError, now: datetime, zone: str, *, scope: str = LIST, commands: Sequence[str] = ()
) -> command_lines.Mended:
    error.scope = scope
    return command_lines.corrected(error, now, zone, LINES, commands=commands)
