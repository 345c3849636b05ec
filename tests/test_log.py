"""One line an event, without secrets, whatever goes in."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from prometheus_client import REGISTRY

from bot import log
from bot.demo.fake_hms import FakeHms, Status
from bot.demo.fake_slack import FakeSlack
from bot.settings import Settings
from tests.conftest import ROOT
from tests.live import say

SECRETS = (
    "xoxb-123-456-abcDEF",
    "xapp-1-A1-2-abc",  # kingfisher:ignore
    "eyJhbGciOiJIUzI1NiJ9.eyJhY2Nlc3Nfa2V5IjoiayJ9.c2lnbmF0dXJl",  # kingfisher:ignore
    "https://hooks.slack.com/commands/T1/2/sEcReTtOkEn",
    "https://hooks.slack.com/actions/T1/2/sEcReTtOkEn",
    "wss://wss-primary.slack.com/link/?app_id=1&ticket=sEcReTtOkEn",
)
OWN = Settings(
    _env_file=None,
    slack_bot_token="xoxb-own-token",
    slack_signing_secret="s1gning+secret.",
    hms_access_key="the-access-key",
    hms_secret="the(secret)of*100ms",
    database_url="postgresql://bot:pa/ss%20word@db.example/bot",
)
FIELD = re.compile(r'(?P<key>\w+)=(?P<value>"(?:[^"\\]|\\.)*"|[^\s="]+)(?: |$)')


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    """Undo what `set_up` does to the whole process."""
    root, own = logging.getLogger(), logging.getLogger("bot")
    before = root.handlers[:], root.level, own.level, sys.excepthook, logging.raiseExceptions
    yield
    log.set_up("INFO", "text")  # without the secrets of a test
    root.handlers[:], sys.excepthook, logging.raiseExceptions = before[0], before[3], before[4]
    root.setLevel(before[1])
    own.setLevel(before[2])


@contextmanager
def written(form: str) -> Iterator[list[str]]:
    """The lines that are written meanwhile, once it is over."""
    lines: list[str] = []
    stderr, sys.stderr = sys.stderr, StringIO()
    try:
        log.set_up("INFO", form, OWN.secrets)
        yield lines
        lines += sys.stderr.getvalue().split("\n")[:-1]
    finally:
        sys.stderr = stderr


def parsed(line: str, form: str) -> dict[str, str]:
    """The fields of a line; it must be one in which nothing but fields stands."""
    if form == "json":
        return json.loads(line)
    found = re.fullmatch(r'(\S+) (\w+) (\w+|"(?:[^"\\]|\\.)*")(?: (.*))?', line)
    assert found, line
    fields, place, rest = {"level": found[2], "event": found[3]}, 0, found[4] or ""
    while place < len(rest):
        field = FIELD.match(rest, place)
        assert field, line
        fields[field["key"]], place = field["value"], field.end()
    return fields


@given(st.text())
def test_safe_is_one_printable_line(text: str) -> None:
    assert log.safe(text).isprintable() or log.safe(text) == ""
    assert len(log.safe(text)) <= log.VALUE_CHARS


SAID = st.text() | st.sampled_from([*SECRETS, *OWN.secrets]) | st.from_regex(r"(user=|ref=|\x1b\[2J|\n|\"|\\| |@)*")


@pytest.mark.parametrize("form", ["text", "json"])
@given(text=SAID, more=SAID)
@example(text='x ref=00000000 event="y', more="\n2026-11-23T00:00:00.000+00:00 info command user=U1")
def test_whatever_is_said_is_one_line_with_its_own_fields(form: str, text: str, more: str) -> None:
    with written(form) as lines:
        log.info("an_event", cause=text, words=f"{more} and {text}")
        logging.getLogger("somebody.else").error("It broke: %s", text)
        logging.getLogger("somebody.else").error(f"It broke ({more})")
        try:
            raise ValueError(text, more)
        except ValueError:
            log.error("failed", exc_info=True)
            logging.getLogger("aiohttp.server").exception("Error handling request from %s", more)
    assert len(lines) == 5
    first, *others = [parsed(line, form) for line in lines]
    assert set(first) - {"time"} == {"level", "event", "cause", "words"}
    for fields in others:
        assert set(fields) - {"time"} <= {"level", "event", "logger", "error", "at"}
    assert [fields["event"].strip('"') for fields in others] == [
        "It broke", "It broke", "failed", "Error handling request from",
    ]  # fmt: skip
    assert all(line.isprintable() for line in lines)
    assert not any(secret in line for secret in OWN.secrets if secret for line in lines)


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("form", ["text", "json"])
def test_no_secret_gets_through(secret: str, form: str) -> None:
    def counted(level: str) -> float:
        return REGISTRY.get_sample_value("sessions_bot_log_lines_total", {"level": level}) or 0.0

    before = counted("error")
    with written(form) as lines:
        log.info("an_event", url=secret, words=f"Bearer {secret} and\nmore")
        logging.getLogger("somebody.else").warning("It broke: %s", secret)
        try:
            raise ValueError(secret)
        except ValueError:
            log.error("failed", exc_info=True)
    assert counted("error") == before + 1
    tail = re.split(r"[/.=]", secret)[-1]
    assert len(lines) == 3 and tail not in "".join(lines)
    assert parsed(lines[0], form)["event"] == "an_event"
    last = parsed(lines[2], form)
    assert last["error"] == "ValueError" and "test_log.py" in last["at"]


def test_the_settings_own_secrets_are_struck_out() -> None:
    assert len(set(OWN.secrets) - {""}) == 6
    with written("text") as lines:
        log.info("an_event", words=" ".join(OWN.secrets))
    assert [parsed(line, "text")["words"].count("[secret]") for line in lines] == [6]


def test_a_word_of_our_own_example_is_not_told_by_being_struck_out() -> None:
    log.set_up("INFO", "text", ["password", "postgres", "s3cret-w0rd"])
    assert log.redacted("as in postgresql://user:password@host, s3cret-w0rd") == (
        "as in postgresql://user:password@host, [secret]"
    )


async def test_what_a_task_dies_of_is_a_line_without_its_text() -> None:
    with written("text") as lines:
        asyncio.get_running_loop().call_exception_handler(
            {"message": "Task exception was never retrieved", "exception": ValueError("Ann's\nroom"), "future": "Ann"}
        )
    (line,) = lines
    fields = parsed(line, "text")
    assert fields["event"] == '"Task exception was never retrieved"' and fields["error"] == "ValueError"
    assert "Ann" not in line


def logged_by(code: str, exit_code: int = 0) -> dict[str, str]:
    """The one line of a process that runs this."""
    set_up = 'from bot import log; log.set_up("INFO", "text", ["the(secret)of*100ms"])\n'
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", set_up + code], capture_output=True, text=True, env=environment)
    assert done.returncode == exit_code
    (line,) = done.stderr.splitlines()
    assert "secret" not in line
    return parsed(line, "text")


@pytest.mark.parametrize(
    ("act", "exit_code"), [("fall()", 1), ("import threading; threading.Thread(target=fall).start()", 0)]
)
def test_what_ends_the_program_is_a_line_too(act: str, exit_code: int) -> None:
    fields = logged_by(
        f"""
def fall():
    raise ValueError("the(secret)of*100ms\\n and more")
{act}
""",
        exit_code,
    )
    assert (fields["event"], fields["error"]) == ("crashed", "ValueError")


def test_what_a_library_warns_of_is_a_line_without_its_text() -> None:
    fields = logged_by("""
import warnings
warnings.warn("Ann's\\nroom, the(secret)of*100ms", UserWarning)
""")
    assert (fields["event"], fields["kind"], fields["at"]) == ("warned", "UserWarning", "<string>:4")


async def test_a_request_has_one_ref_which_the_person_sees(bot: str, slack: FakeSlack, hms: FakeHms) -> None:
    with written("json") as lines:
        hms.fail("/sessions*", Status(400))
        told = re.search(r"Reference `(\w+)`", (await say(slack, "active")).plain)
        page = await say(slack, "help")
        await slack.act(page, action_id="sessions.gone", value="Ann's room")
        await slack.reply()
        await slack.event({"type": "app_home_opened", "user": "U1"})
        await asyncio.sleep(0.1)
    events = [event for event in map(json.loads, lines) if event["event"] != "clock_stepped"]  # the test's own doing
    assert [event["event"] for event in events] == ["command", "command", "action", "unhandled"]
    refs = [event["ref"] for event in events]
    assert told and refs[0] == told[1] and len(set(refs)) == 4
    assert "Ann" not in str(events)
