"""One line an event, without secrets, whatever goes in."""

from __future__ import annotations

import json
import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import log

SECRETS = (
    "xoxb-123-456-abcDEF",
    "xapp-1-A1-2-abc",  # kingfisher:ignore
    "eyJhbGciOiJIUzI1NiJ9.eyJhY2Nlc3Nfa2V5IjoiayJ9.c2lnbmF0dXJl",  # kingfisher:ignore
    "https://hooks.slack.com/commands/T1/2/sEcReTtOkEn",
    "https://hooks.slack.com/actions/T1/2/sEcReTtOkEn",
)


@given(st.text())
def test_safe_is_one_printable_line(text: str) -> None:
    assert log.safe(text).isprintable() or log.safe(text) == ""
    assert len(log.safe(text)) <= log.VALUE_CHARS


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("form", ["text", "json"])
def test_no_secret_gets_through(secret: str, form: str, capsys: pytest.CaptureFixture[str]) -> None:
    root, level = logging.getLogger(), logging.getLogger("bot").level
    before = root.handlers[:]
    try:
        log.set_up("INFO", form)
        log.info("an_event", url=secret, words=f"Bearer {secret} and\nmore")
        logging.getLogger("somebody.else").warning("It broke: %s", secret)
        try:
            raise ValueError(secret)
        except ValueError:
            log.error("failed", exc_info=True)
    finally:
        root.handlers[:] = before
        logging.getLogger("bot").setLevel(level)
    printed = capsys.readouterr().err
    tail = secret.rpartition("/")[2].rpartition(".")[2]
    assert tail not in printed
    assert len(printed.splitlines()) == 3
    if form == "json":
        lines = [json.loads(line) for line in printed.splitlines()]
        assert lines[0]["event"] == "an_event"
        assert lines[2]["error"] == "ValueError" and "test_log.py" in lines[2]["at"]
