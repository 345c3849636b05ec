"""Structured logs: one line per event, `time level event key=value … ref=…` or JSON, without secrets or line breaks."""

from __future__ import annotations

import contextvars
import json
import logging
import re
import secrets
import sys
import threading
import warnings
from collections.abc import Iterable
from datetime import UTC, datetime
from types import TracebackType
from typing import Any

from bot import metrics

reference: contextvars.ContextVar[str] = contextvars.ContextVar("reference", default="")
"""The current request's id; error messages show it to the person."""

VALUE_CHARS = 300
SECRET_CHARS = 6
"""Minimum length of a secret setting: shorter ones would redact ordinary text."""
_EXAMPLE = "postgresql://user:password@host:5432/name"
"""Our own example URL, whose parts are no secrets."""
_SHAPES = (
    r"xox[a-z]-[\w-]+|xapp-[\w-]+"  # Slack tokens
    r"|eyJ[\w-]{8,}\.[\w-]+\.[\w-]*"  # JSON Web Tokens
    r"|(?<=Bearer )\S+"
    r"|(?<=/commands/)[\w/-]+|(?<=/actions/)[\w/-]+|(?<=/response/)[\w/.-]+"  # response_urls
    r"|(?<=ticket=)[\w%.-]+"  # of a socket's address
)
_secret = re.compile(_SHAPES)
_struck: set[str] = set()
_VALUES = re.compile(r"[^\w ,.!-]")
"""The end of a library message's constant part."""
_logger = logging.getLogger("bot")


def new_reference() -> str:
    """Set a new short id for the current task and those it starts; return it."""
    made = secrets.token_hex(4)
    reference.set(made)
    return made


def info(event: str, **fields: Any) -> None:
    _logger.info(event, extra={"fields": fields})


def warning(event: str, **fields: Any) -> None:
    _logger.warning(event, extra={"fields": fields})


def error(event: str, *, exc_info: bool = False, **fields: Any) -> None:
    _logger.error(event, extra={"fields": fields}, exc_info=exc_info)


def redacted(text: str) -> str:
    """Return the text with secrets redacted: those of the settings, and whatever looks like one."""
    return _secret.sub("[secret]", text)


def safe(value: object) -> str:
    """Return the value as one short line, secrets redacted."""
    text = "".join(char if char.isprintable() else " " for char in redacted(str(value)))
    return text if len(text) <= VALUE_CHARS else text[: VALUE_CHARS - 1] + "…"


def set_up(level: str, form: str, secrets: Iterable[str] = ()) -> None:
    """Log to standard error with `secrets` redacted, and silence libraries, which log URLs and bodies. Uncaught
    exceptions and Python's warnings become log lines, too."""
    _struck.clear()
    strike_out(secrets)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Lines(as_json=form == "json"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler, _Counter()], force=True)
    logging.raiseExceptions = False  # a failing write must not print the record
    _logger.setLevel(level)
    for name in ("httpx", "httpcore", "slack_sdk", "aiohttp.access"):
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger("slack_bolt").setLevel(logging.ERROR)  # it warns of a token that it ignores on purpose
    warnings.showwarning = _warned  # type: ignore[assignment]  # Python names none of the arguments
    sys.excepthook = _crashed
    threading.excepthook = lambda args: _crashed(args.exc_type, args.exc_value, args.exc_traceback)


def strike_out(secrets: Iterable[str]) -> None:
    """Redact these secrets, too, from now on."""
    global _secret
    _struck.update(secret for secret in secrets if len(secret) >= SECRET_CHARS and secret not in _EXAMPLE)
    longest_first = sorted(_struck, key=len, reverse=True)
    _secret = re.compile("|".join([*map(re.escape, longest_first), _SHAPES]))


def _crashed(kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> None:
    if issubclass(kind, Exception):
        _logger.error("crashed", exc_info=(kind, error or kind(), trace))


def _warned(message: Warning | str, category: type[Warning], filename: str, lineno: int, *_: Any) -> None:
    """Log a warning's class and place; its message may hold untrusted text."""
    fields = {"kind": category.__name__, "at": f"{filename.rpartition('/')[2]}:{lineno}"}
    _logger.warning("warned", extra={"fields": fields})


class _Counter(logging.Handler):
    """Counts log lines."""

    def emit(self, record: logging.LogRecord) -> None:
        metrics.log_lines.labels(record.levelname.lower()).inc()


class _Lines(logging.Formatter):
    def __init__(self, *, as_json: bool) -> None:
        super().__init__()
        self._as_json = as_json

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": safe(record.getMessage()) if record.name == "bot" else _words(record),
        }
        if record.name != "bot":
            line["logger"] = safe(record.name)
        line |= {key: safe(value) for key, value in getattr(record, "fields", {}).items()}
        if current := reference.get():
            line["ref"] = current
        if record.exc_info and record.exc_info[0]:
            line["error"] = record.exc_info[0].__name__
            line["at"] = _place(record)
        if self._as_json:
            return json.dumps(line, ensure_ascii=False)
        head = " ".join(_quoted(line.pop(key)) for key in ("time", "level", "event"))
        return " ".join([head, *(f"{key}={_quoted(value)}" for key, value in line.items())])


def _words(record: logging.LogRecord) -> str:
    """Return the constant start of a library's message; the rest may be untrusted or a URL with a secret."""
    said = record.msg.partition("\n")[0] if isinstance(record.msg, str) else ""
    return _VALUES.split(safe(said), maxsplit=1)[0].strip() or record.funcName or "something"


def _place(record: logging.LogRecord) -> str:
    """Return an exception's innermost frames as files and lines; its message may hold untrusted text."""
    trace = record.exc_info[2] if record.exc_info else None
    frames = []
    while trace is not None:
        name = trace.tb_frame.f_code.co_filename.rpartition("/")[2]
        frames.append(f"{name}:{trace.tb_lineno}")
        trace = trace.tb_next
    return " ".join(frames[-6:])


def _quoted(value: str) -> str:
    return json.dumps(value, ensure_ascii=False) if re.search(r'[\s"=]', value) or not value else value
