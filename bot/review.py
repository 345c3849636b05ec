"""The doctor's checks of the settings: missing, invalid, misspelt or swapped values."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from difflib import get_close_matches

from bot.health.check_result import CheckResult
from bot.program import PROGRAM
from bot.settings import HMS_KEYS, Mode, Settings, Wrong, lacking

HMS_SECRET_CHARS = 32
"""Minimum length of an HS256 key (RFC 7518, 3.2); 100ms's are longer."""
_HMS_ACCESS_KEY = re.compile(r"[0-9a-f]{24}")
"""The form of all keys seen; 100ms's docs promise none."""
_SIGNING_SECRET = re.compile(r"[0-9a-f]{32}")
_ALIKE = 0.75
"""Minimum similarity for a name in `.env` to count as a misspelt setting."""
_ALIKE_OUTSIDE = 0.85
"""The same for the environment, which holds other programs' names."""
_NAME = re.compile(r"[A-Z][A-Z0-9_]{7,}")
"""Names long enough to compare; shorter ones resemble many others."""


def review(settings: Settings, of: Sequence[Mode], wrong: Sequence[Wrong] = ()) -> list[CheckResult]:
    """Return a finding for each setting that is missing for these modes, suspicious, or in `wrong`."""
    missing = [each for mode in of for each in lacking(settings, mode)]
    found = [CheckResult(each.name, "fail", each.why, each.do) for each in dict.fromkeys([*wrong, *missing])]
    failed = {each.name for each in found}
    found += [each for each in _odd(settings) if each.name not in failed]
    said = " or ".join(f"{PROGRAM} {mode}" for mode in of)
    return found or [CheckResult("Settings", "ok", f"all there for {said}")]


def misspelt(settings: Settings, environment: Collection[str], file: Collection[str]) -> Iterator[CheckResult]:
    """Yield a finding for each unknown name close to an unset setting; names as returned by `names_given`."""
    fields = {name.upper() for name in Settings.model_fields}
    unset = {name.upper() for name in Settings.model_fields if name not in settings.model_fields_set}
    for names, where, alike in ((file, " in .env", _ALIKE), (environment, "", _ALIKE_OUTSIDE)):
        for name in sorted(set(names) - fields):
            meant = get_close_matches(name, unset, 1, alike) if _NAME.fullmatch(name) else []
            if meant:
                yield CheckResult(name, "warn", f"is set{where}, and is no setting", f"did you mean `{meant[0]}`?")


def _odd(settings: Settings) -> Iterator[CheckResult]:
    """Yield findings of suspicious values, which may still be right."""
    signing, secret = settings.slack_signing_secret, settings.hms_secret
    if signing is not None and not _SIGNING_SECRET.fullmatch(signing.get_secret_value()):
        seen = "doesn't look like one, which has 32 digits and letters a to f"
        yield CheckResult("SLACK_SIGNING_SECRET", "warn", seen, "compare it with the one on page Basic Information")
    if secret is None:
        return
    key, text = settings.hms_access_key or "", secret.get_secret_value()
    if _HMS_ACCESS_KEY.fullmatch(text) and key and not _HMS_ACCESS_KEY.fullmatch(key):
        yield CheckResult(
            HMS_KEYS, "warn", "look exchanged: the secret has the form of an access key", "exchange the two"
        )
    elif len(text) < HMS_SECRET_CHARS:
        seen = f"is short, with less than {HMS_SECRET_CHARS} characters: a part of it may be missing"
        yield CheckResult("HMS_SECRET", "warn", seen, "compare it with the one on the Developer page of 100ms")
