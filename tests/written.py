"""The parts of README.md and manifest.yml that are made from the parser's table. `python -m tests.written` writes them."""

from __future__ import annotations

import re
from pathlib import Path

from bot.render.help import markdown_table, usage_hint
from bot.slack.commands import command_rows

ROOT = Path(__file__).parent.parent
TABLE = re.compile(r"(<!-- query table -->\n).*?(<!-- end -->)", re.DOTALL)
HINT = re.compile(r'(usage_hint: ").*?(")')


def written(name: str) -> str:
    """What the file ought to hold."""
    text = (ROOT / name).read_text()
    if name == "README.md":
        return TABLE.sub(lambda match: match[1] + markdown_table(command_rows()) + match[2], text)
    return HINT.sub(lambda match: match[1] + usage_hint(command_rows()) + match[2], text)


FILES = ("README.md", "manifest.yml")

if __name__ == "__main__":
    for name in FILES:
        (ROOT / name).write_text(written(name))
