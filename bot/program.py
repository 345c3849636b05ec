"""The program's command, for advice that a person can type."""

from __future__ import annotations

import sys
from pathlib import PurePath

PROGRAM = "sessions-bot" if PurePath(sys.argv[0]).stem == "sessions-bot" else "python -m bot"
