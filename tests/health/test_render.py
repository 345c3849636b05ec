"""The doctor's findings in a terminal and in Slack: text from outside does nothing, and any number of them fits."""

from __future__ import annotations

from datetime import UTC, datetime

from bot.demo.fake_slack.judge import problems
from bot.health.check_result import CheckResult
from bot.health.render import doctor_message, terminal
from bot.health.samples import samples

NOW = datetime(2025, 11, 24, 16, tzinfo=UTC)


def test_text_from_outside_does_nothing() -> None:
    evil = CheckResult(
        "Slack token", "ok", "<!channel> *x* @here\n\033[31m `y` <https://x.example|z>", "*Do* `a &amp; b`"
    )
    line, _ = terminal([evil], colour=False)
    assert "\n" not in line and "\033" not in line and line.endswith("→ Do `a & b`")
    (section,) = [
        block for block in doctor_message([evil], here="C1", as_of=NOW, details=True).blocks if "token" in str(block)
    ]
    shown = section["text"]["text"]
    assert "<!channel>" not in shown and "@here" not in shown and "*x*" not in shown and "<https" not in shown
    assert "*Do* `a &amp; b`" in shown


def test_colours_on_a_terminal() -> None:
    findings = [CheckResult("A", "ok", "x"), CheckResult("Bcd", "fail", "y", "z", place="C1")]
    assert list(terminal(findings, colour=False)) == [
        "ok    A    x", "fail  Bcd  C1 y  → z", "❌ 1 of 2 checks failed: Bcd",
    ]  # fmt: skip
    assert list(terminal(findings, colour=True))[1].startswith("\033[31mfail\033[0m  Bcd")


def test_the_last_line_sums_up() -> None:
    ok, warn, fail = (CheckResult(f"What {state}", state, "x") for state in ("ok", "warn", "fail"))
    for findings, said in (
        ([ok], "✅ Everything works (1 check)"),
        ([ok] * 10, "✅ Everything works (10 checks)"),
        ([ok, warn, warn], "⚠️ It works (3 checks), but look at What warn"),
        ([ok, fail, fail, warn], "❌ 2 of 4 checks failed: What fail; look at What warn"),
        ([fail, CheckResult("Other", "fail", "x")], "❌ 2 of 2 checks failed: What fail, Other"),
    ):
        assert list(terminal(findings, colour=True))[-1] == said
        assert doctor_message(findings, here="C1", as_of=NOW).head == said


def test_many_long_findings_fit() -> None:
    findings = [CheckResult("Slack scopes", "fail", "<" * 500, "w" * 150, place="C1") for _ in range(20)]
    message = doctor_message(findings, here="C1", as_of=NOW)
    assert problems(message.blocks, text=message.text) == []
    shown = str(message.blocks).count("🔴")
    assert 10 < shown < 20 and f"… and {20 - shown} more" in str(message.blocks)


def test_each_sample_for_slacks_validator_is_a_message_that_slack_would_take() -> None:
    for kind, message in samples().items():
        assert problems(message.blocks, text=message.text) == [], kind


def test_every_kind_of_block_that_the_bot_sends_is_among_the_samples() -> None:
    kinds = {block["type"] for message in samples().values() for block in message.blocks}
    assert kinds == {"header", "section", "context", "divider", "actions", "data_table", "data_visualization"}
