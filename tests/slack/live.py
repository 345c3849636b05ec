"""Accounts for end-to-end tests, near the real time that the bot runs in."""

from __future__ import annotations

import time

from bot.demo.fake_hms import Account
from bot.demo.fake_hms.records import Room, Session
from bot.demo.fake_slack import Message


def fill(account: Account, count: int, *, room: Room | None = None, ended_every: int = 0) -> list[Session]:
    """`count` sessions a minute apart, newest first; every so-many-th one ended."""
    room = room or account.add_room("Town hall")
    began = time.time() - count * 60 - 600
    made = []
    for number in range(count):
        at = began + number * 60
        session = account.open_session(room, at)
        account.join(
            session, name=f"Person {number}", role="host" if number % 2 else "guest", user_id=f"u{number}", at=at
        )
        if ended_every and number % ended_every == 0:
            account.end(session, at + 30)
        made.append(session)
    return made[::-1]


def shown(message: Message) -> list[str]:
    """The ids of the sessions in a message, in order."""
    values = [
        element["value"]
        for block in message.blocks
        for element in [block.get("accessory") or {}]
        if element.get("action_id") == "sessions.show"
    ]
    for block in message.blocks:
        for element in block.get("elements", ()):
            if element.get("type") == "static_select":
                values += [option["value"] for option in element["options"]]
    return [value.partition("|")[2] for value in values]
