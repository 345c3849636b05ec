"""Draw the doctor's results for a terminal and for Slack."""

from __future__ import annotations

import html
from collections.abc import Iterator, Sequence
from datetime import datetime

from bot.blockkit import actions as ids
from bot.blockkit.blocks import Message, actions, button, context, section
from bot.blockkit.escape import mrkdwn, plain
from bot.blockkit.fit import fitting, packed
from bot.blockkit.limits import ALL_TEXT_CHARS
from bot.blockkit.phrases import clock, count
from bot.health.check_result import CheckResult, State
from bot.program import PROGRAM

DETAILS = "details"
DETAIL_CHARS = 240
_AROUND_CHARS = 500
"""Reserve for the head, the foot, and the note on lines that are left out."""
_NAMED = f"`{PROGRAM} doctor` names them"
_COLOURS: dict[State, str] = {"ok": "32", "warn": "33", "fail": "31"}
_MARKS: dict[State, str] = {"fail": "🔴", "warn": "🟠", "ok": "🟢"}
"""The worst first."""
_WORD_CHARS = max(map(len, _COLOURS))


def terminal(findings: Sequence[CheckResult], *, colour: bool) -> Iterator[str]:
    """A line for each result and a summary, without line ends."""
    name_chars = max((len(finding.name) for finding in findings), default=0)
    for finding in findings:
        word = finding.state.ljust(_WORD_CHARS)
        if colour:
            word = f"\033[{_COLOURS[finding.state]}m{word}\033[0m"
        detail = plain(" ".join(filter(None, (finding.place, finding.detail))), DETAIL_CHARS)
        fix = html.unescape(finding.fix).replace("*", "")
        yield f"{word}  {finding.name.ljust(name_chars)}  {detail}" + (f"  → {fix}" if fix else "")
    yield summary(findings)


def summary(findings: Sequence[CheckResult]) -> str:
    """One line on all results, as plain text."""
    checks = count(len(findings), "check", "checks")
    failed, warned = (_named(findings, state) for state in ("fail", "warn"))
    if failed:
        number = sum(each.state == "fail" for each in findings)
        return f"❌ {number} of {checks} failed: {failed}" + (f"; look at {warned}" if warned else "")
    return f"⚠️ It works ({checks}), but look at {warned}" if warned else f"✅ Everything works ({checks})"


def _named(findings: Sequence[CheckResult], state: State) -> str:
    return ", ".join(dict.fromkeys(each.name for each in findings if each.state == state))


def doctor_message(findings: Sequence[CheckResult], *, here: str, as_of: datetime, details: bool = False) -> Message:
    """The answer in the channel `here`: failures and warnings, the worst first, or with `details` every check. Other
    conversations are named if they are public, else counted."""
    shown = [each for each in findings if each.place in ("", here) or each.public]
    if hidden := len(findings) - len(shown):
        others = count(hidden, "conversation that isn't public", "conversations that aren't public")
        shown.append(CheckResult("Channels", "warn", f"something is wrong with {others}", _NAMED))
    worst_first = sorted(shown, key=lambda each: list(_MARKS).index(each.state))
    if not details:
        worst_first = [each for each in worst_first if each.state != "ok"]
    more = [] if details else [actions(button("Details", ids.RUN, ids.write(f"doctor {DETAILS}")))]
    head = summary(findings)
    lines = [_line(each) for each in worst_first]
    shown_lines = fitting(lines, ALL_TEXT_CHARS - _AROUND_CHARS)
    if left := len(lines) - len(shown_lines):
        shown_lines.append(f"… and {left} more, which `{PROGRAM} doctor` shows")
    blocks = [
        section(f"*{head}*"),
        *(section(text) for text in packed(shown_lines)),
        *more,
        context(f"As of {clock(as_of, as_of)}."),
    ]
    return Message(head, blocks)


def _line(finding: CheckResult) -> str:
    place = f" <#{finding.place}>" if finding.place else ""
    line = f"{_MARKS[finding.state]} *{finding.name}*{place} · {mrkdwn(finding.detail, DETAIL_CHARS)}"
    return f"{line}\n      → {finding.fix}" if finding.fix else line
