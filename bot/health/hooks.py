"""Judge 100ms's webhooks, in the same words for /readyz and the doctor. Pure."""

from __future__ import annotations

from bot.health.check_result import CheckResult
from bot.health.judge import span

SILENT = "polls see changes of which 100ms sends no webhook"


def judge_hooks(age_s: float | None, lead_s: float | None, *, silent: bool) -> CheckResult:
    """The result for webhooks that are set up. `age_s`: since the last one, None for never; `lead_s`: the median by
    which they were ahead of polls, None without one; `silent`: polls see changes of which none tells."""
    name = "Webhooks"
    last = "none has come here yet" if age_s is None else f"the last came {span(age_s)} ago"
    if silent:
        fix = "compare the URL and the header `X-Sessions-Secret` in the 100ms dashboard, Developer, with the bot's"
        return CheckResult(name, "warn", f"{SILENT}: {last}", fix)
    lead = f", {lead_s:.1f} s ahead of polls (median)" if lead_s is not None else ""
    return CheckResult(name, "ok", f"{last}{lead}")
