"""The program in processes of its own, each a fork of one that has imported it: importing takes longer than most runs."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryFile

import bot.app
import bot.doctor
import bot.health.render  # noqa: F401
from bot.__main__ import main
from tests.conftest import ROOT


class Forks:
    """Runs the program, one process at a time."""

    def __init__(self) -> None:
        self._parent = subprocess.Popen(
            [sys.executable, "-m", "tests.health.forks"],
            cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True,
        )  # fmt: skip

    def run(self, arguments: Sequence[str], folder: Path, env: Mapping[str, str]) -> tuple[int, str, str]:
        """The exit code, standard output and standard error of a run in that folder, with that environment."""
        assert self._parent.stdin and self._parent.stdout
        print(json.dumps([arguments, str(folder), dict(env)]), file=self._parent.stdin, flush=True)
        code, out, err = json.loads(self._parent.stdout.readline())
        return code, out, err

    def close(self) -> None:
        os.killpg(self._parent.pid, signal.SIGKILL)
        self._parent.communicate()


def serve() -> None:
    for line in sys.stdin:
        arguments, folder, env = json.loads(line)
        with TemporaryFile() as out, TemporaryFile() as err:
            if (child := os.fork()) == 0:
                os.chdir(folder)
                os.environ.clear()
                os.environ.update(env)
                os.dup2(out.fileno(), 1)
                os.dup2(err.fileno(), 2)
                sys.exit(main(arguments))
            _, status = os.waitpid(child, 0)
            written = [os.pread(file.fileno(), 1_000_000, 0).decode() for file in (out, err)]
        print(json.dumps([os.waitstatus_to_exitcode(status), *written]), flush=True)


if __name__ == "__main__":
    serve()
