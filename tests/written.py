"""The parts of README.md, manifest.yml and docs/alerts.md that are made from tables of the code. `python -m tests.written`
writes them."""

from __future__ import annotations

import re
from pathlib import Path

from bot.app import FEATURES
from bot.blockkit.help import STATE_HELP
from bot.query.filters import FILTERS, LIST, STATES
from bot.slack.registry import Registry
from bot.slack.scopes import NEEDS

ROWS = Registry(FEATURES).rows
ROOT = Path(__file__).parent.parent
TABLE = re.compile(r"(<!-- query table -->\n).*?(<!-- end -->)", re.DOTALL)
SCOPES = re.compile(r"(<!-- scopes -->\n).*?(<!-- end -->)", re.DOTALL)
HINT = re.compile(r'(usage_hint: ").*?(")')


def written(name: str) -> str:
    """Return the text that the file ought to hold."""
    text = (ROOT / name).read_text()
    if name == "README.md":
        return TABLE.sub(lambda match: match[1] + query_table() + match[2], text)
    if name == "docs/alerts.md":
        return SCOPES.sub(lambda match: match[1] + scopes_table() + match[2], text)
    return HINT.sub(lambda match: match[1] + usage_hint() + match[2], text)


def query_table() -> str:
    """Every state, filter and command, and what each is for."""
    filters = [(entry.form, entry.help) for entry in FILTERS.values()]
    rows = [*((state, STATE_HELP[state]) for state in STATES), *filters, *ROWS]
    lines = ["| type | for |", "|---|---|"]
    for form, text in rows:
        escaped = form.replace("|", r"\|")
        lines.append(f"| `{escaped}` | {text} |")
    return "\n".join(lines) + "\n"


def usage_hint() -> str:
    """The hint in Slack's composer (manifest schema: at most 1,000 characters)."""
    filters = " ".join(f"[{entry.form}]" for entry in FILTERS.values() if not entry.becomes and LIST in entry.scopes)
    return f"[{'|'.join(STATES)}] {filters} | " + " | ".join(usage for usage, _ in ROWS)


def scopes_table() -> str:
    """Return the table of what each feature needs of Slack."""
    lines = ["| scope | without it |", "|---|---|"]
    for need in NEEDS:
        lost = f"**needed**: {need.lost}" if need.needed else need.lost
        lines.append(f"| {', '.join(f'`{scope}`' for scope in need.scopes)} | {lost} |")
    return "\n".join(lines) + "\n"


FILES = ("README.md", "manifest.yml", "docs/alerts.md")

if __name__ == "__main__":
    for name in FILES:
        (ROOT / name).write_text(written(name))
