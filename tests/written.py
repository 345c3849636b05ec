"""The parts of README.md, manifest.yml and docs/alerts.md that are made from tables of the code. `python -m tests.written`
writes them."""

from __future__ import annotations

import re
from pathlib import Path

from bot.app import FEATURES
from bot.blockkit.help import markdown_table, usage_hint
from bot.slack.registry import Registry
from bot.slack.scopes import NEEDS

ROWS = Registry(FEATURES).rows
ROOT = Path(__file__).parent.parent
TABLE = re.compile(r"(<!-- query table -->\n).*?(<!-- end -->)", re.DOTALL)
SCOPES = re.compile(r"(<!-- scopes -->\n).*?(<!-- end -->)", re.DOTALL)
HINT = re.compile(r'(usage_hint: ").*?(")')


def written(name: str) -> str:
    """What the file ought to hold."""
    text = (ROOT / name).read_text()
    if name == "README.md":
        return TABLE.sub(lambda match: match[1] + markdown_table(ROWS) + match[2], text)
    if name == "docs/alerts.md":
        return SCOPES.sub(lambda match: match[1] + scopes_table() + match[2], text)
    return HINT.sub(lambda match: match[1] + usage_hint(ROWS) + match[2], text)


def scopes_table() -> str:
    """What each feature needs of Slack."""
    lines = ["| scope | without it |", "|---|---|"]
    for need in NEEDS:
        lost = f"**needed**: {need.lost}" if need.needed else need.lost
        lines.append(f"| {', '.join(f'`{scope}`' for scope in need.scopes)} | {lost} |")
    return "\n".join(lines) + "\n"


FILES = ("README.md", "manifest.yml", "docs/alerts.md")

if __name__ == "__main__":
    for name in FILES:
        (ROOT / name).write_text(written(name))
