"""What the doctor found, for a terminal and for Slack."""

from __future__ import annotations

import html
from collections.abc import Iterator, Sequence
from datetime import datetime

from bot.core.finding import Finding, State
from bot.render.blocks import Message, context, section
from bot.render.escape import mrkdwn, plain
from bot.render.lines import packed
from bot.render.phrases import clock, count

SEEN_CHARS = 300
_COLOURS: dict[State, str] = {"ok": "32", "warn": "33", "fail": "31"}
_MARKS: dict[State, str] = {"fail": "🔴", "warn": "🟠", "ok": "🟢"}
"""The worst first."""
_WORD_CHARS = max(map(len, _COLOURS))


def terminal(findings: Sequence[Finding], *, colour: bool) -> Iterator[str]:
    """A line for each, without its end."""
    what_chars = max((len(finding.what) for finding in findings), default=0)
    for finding in findings:
        word = finding.state.ljust(_WORD_CHARS)
        if colour:
            word = f"\033[{_COLOURS[finding.state]}m{word}\033[0m"
        seen = plain(" ".join(filter(None, (finding.place, finding.seen))), SEEN_CHARS)
        do = html.unescape(finding.do).replace("*", "")
        yield f"{word}  {finding.what.ljust(what_chars)}  {seen}" + (f"  → {do}" if do else "")


def doctor_message(findings: Sequence[Finding], *, here: str, as_of: datetime) -> Message:
    """For the one who asked, in the channel `here`: the worst first. Other conversations are named where everybody may
    know of them, and counted where not."""
    shown = [each for each in findings if each.place in ("", here) or each.public]
    lines = [_line(each) for state in _MARKS for each in shown if each.state == state]
    if hidden := len(findings) - len(shown):
        others = count(hidden, "conversation that isn't public", "conversations that aren't public")
        lines.insert(
            0, f"{_MARKS['warn']} *Channels* · {others} can't be told all · → `python -m bot doctor` names them"
        )
    states = [each.state for each in findings]
    sums = [
        count(states.count("fail"), "thing fails", "things fail"),
        count(states.count("warn"), "warning", "warnings"),
        f"{states.count('ok')} fine",
    ]
    head = f"*How the bot is:* {', '.join(each for each in sums if not each.startswith('0 '))}"
    blocks = [section(head), *(section(text) for text in packed(lines)), context(f"As of {clock(as_of, as_of)}.")]
    return Message("\n".join([head, *lines])[:2_900], blocks)


def _line(finding: Finding) -> str:
    seen = mrkdwn(finding.seen, SEEN_CHARS)
    place = f"<#{finding.place}> " if finding.place else ""
    return f"{_MARKS[finding.state]} *{finding.what}* {place}· {seen}" + (
        f"\n      → {finding.do}" if finding.do else ""
    )
