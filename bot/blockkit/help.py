"""The help, generated from `FILTERS` and the commands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.blockkit import actions as ids
from bot.blockkit.blocks import Message, actions, button, context, divider, section
from bot.blockkit.escape import code, entities
from bot.blockkit.limits import SECTION_TEXT_CHARS
from bot.query.filters import FILTERS, STATES
from bot.query.parse import LINE_CHARS

COMMAND = "/sessions"
STATE_HELP = {"active": "live sessions (the default)", "ended": "sessions that are over", "all": "both"}
EXAMPLES = (
    ("active", "what is live now"),
    ("ended room:town-hall after:3d", "a room's sessions of the last three days"),
    ("all role:host -user:ada peers:>=5 longer:45m", "filters together: all must hold, `-` excludes"),
)
_RULES = (
    "A comma between values is *or*, different filters are *and*, a `-` in front is *not*. Quotes keep spaces together."
)

TYPED_CHARS = SECTION_TEXT_CHARS - 100
"""Most characters of a shown line; the rest is for the words above it."""

Row = tuple[str, str]


def help_message(commands: Sequence[Row], *, closed: Sequence[str] = ()) -> Message:
    """Return the answer of `/sessions help`. `closed`: commands that this person may not use here."""
    states = "\n".join(f"`{state}` – {STATE_HELP[state]}" for state in STATES)
    filters = [f"`{entities(entry.form)}` – {entities(entry.help)}" for entry in FILTERS.values()]
    others = "\n".join(f"`{COMMAND} {entities(usage)}` – {entities(text)}" for usage, text in commands)
    examples = "\n".join(f"`{COMMAND} {entities(line)}` – {text}" for line, text in EXAMPLES)
    blocks = [
        section("*Sessions of 100ms, in Slack*\n`/sessions [active|ended|all] [key:value …]`"),
        section(f"*State*\n{states}"),
        section("*Filters*\n" + "\n".join(filters)),
        context(_RULES),
        divider(),
        section(f"*Examples*\n{examples}"),
        section(f"*Also*\n{others}"),
    ]
    if closed:
        blocks.append(context(f"Not for you in this channel: {', '.join(f'`{name}`' for name in closed)} (ACCESS)."))
    text = "How to ask: /sessions [active|ended|all] [key:value …]. Filters: " + ", ".join(FILTERS)
    return Message(text[:SECTION_TEXT_CHARS], blocks)


def command_help(form: str, text: str, examples: Sequence[Row]) -> Message:
    """Return the help of one command or filter, with examples."""
    shown = [f"`{COMMAND} {entities(line)}`{f' – {what}' if what else ''}" for line, what in examples]
    about = f"`{entities(form)}` – {entities(text)}"
    return Message("\n".join([about, *shown]), [section(about), section("\n".join(shown))])


def asked(question: str, answers: Mapping[str, str]) -> Message:
    """Return a question with a button for each answer, which runs its line."""
    buttons = [
        button(label, f"{ids.RUN}.{number}", ids.write(line)) for number, (label, line) in enumerate(answers.items())
    ]
    return Message(f"{question} {', '.join(answers)}", [section(question), actions(*buttons)])


def typed(line: str) -> str:
    """Return the line with its command, for a code span; "" if it is too long to type, or escaped too long to show."""
    shown = f"{COMMAND} {code(line)}"
    return shown if len(line) <= LINE_CHARS and len(shown) <= TYPED_CHARS else ""
