"""All the bot's transactions, by name."""

from __future__ import annotations

import importlib
import pkgutil

import bot
from bot.db.transaction import Transaction


def transactions() -> dict[str, Transaction[..., object]]:
    """Those of every module but the stand-ins."""
    found: dict[str, Transaction[..., object]] = {}
    for each in pkgutil.walk_packages(bot.__path__, "bot."):
        if each.name.startswith(("bot.demo", "bot.db.migrations", "bot.__main__")):
            continue
        some = vars(importlib.import_module(each.name)).values()
        found |= {value.name: value for value in some if isinstance(value, Transaction)}
    return found
