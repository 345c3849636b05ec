"""Draw the setting for replies in threads."""

from __future__ import annotations

from bot.blockkit.blocks import Message, context, section
from bot.blockkit.help import COMMAND


def threads(on: bool, changed: bool | None, *, by: str = "") -> Message:
    """The setting, on or off. `changed`: True if it is new, None if it was only shown."""
    state = (
        "Joins and leaves are posted in the threads of cards, if a subscription asks for them."
        if on
        else "No replies are posted in threads: only cards show who is in."
    )
    new = {True: f" Changed by <@{by}>.", False: " Nothing to change.", None: ""}[changed]
    undo = f"`{COMMAND} threads {'off' if on else 'on'}` {'turns them off' if on else 'turns them on again'}."
    text = f"🧵 Threads are {'on' if on else 'off'}. {state}{new}"
    return Message(f"{text} {undo}", [section(text), context(undo)])
