"""`python -m bot web | socket | migrate | doctor | manifest | demo`, or `sessions-bot …` once installed. A wrong
command or setting prints one line and exits with 2; the doctor prints a line for each check, and exits with 1 where one
fails."""

from __future__ import annotations

import asyncio
import gc
import sys
from collections.abc import Callable
from dataclasses import replace

from bot.errors import ConfigError
from bot.program import PROGRAM

USAGE = (
    f"usage: {PROGRAM} web | socket | migrate | doctor [--slack] | manifest --url https://bot.example.com | "
    "manifest --socket | demo [--port N] [--seed N] [--speed X] [--no-browser]"
)


def _web(arguments: list[str]) -> None:
    _serve("web", arguments)


def _socket(arguments: list[str]) -> None:
    _serve("socket", arguments)


def _serve(mode: str, arguments: list[str]) -> None:
    if arguments:
        raise ConfigError(f"{mode} takes no arguments: its settings come from the environment. {USAGE}")
    from bot.app import serve
    from bot.settings import load

    gc.freeze()  # what is imported stays: looking at it again would stop the event loop for a tenth of a second
    asyncio.run(serve(load(mode), mode))  # type: ignore[arg-type]


def _migrate(arguments: list[str]) -> None:
    if arguments:
        raise ConfigError(f"migrate takes no arguments: DATABASE_URL says what to upgrade. {USAGE}")
    from bot import log
    from bot.settings import read
    from bot.store.store import Store

    settings = read()
    log.set_up(settings.log_level, settings.log_format, settings.secrets)

    async def migrate() -> None:
        store = await Store.open(settings.database_url)
        await store.close()

    asyncio.run(migrate())
    print("The database is up to date.")


def _doctor(arguments: list[str]) -> None:
    if arguments not in ([], ["--slack"]):
        raise ConfigError(f"doctor takes --slack, which asks Slack about the bot's messages, or nothing. {USAGE}")
    from bot import log
    from bot.doctor import doctor
    from bot.render.doctor import terminal
    from bot.settings import read_all

    settings, _ = read_all()
    log.set_up("WARNING", settings.log_format, settings.secrets)  # what it finds is on standard output
    findings = [replace(each, seen=log.struck(each.seen)) for each in asyncio.run(doctor(ask_slack=bool(arguments)))]
    for line in terminal(findings, colour=sys.stdout.isatty()):
        print(line)
    if any(finding.state == "fail" for finding in findings):
        sys.exit(1)


def _manifest(arguments: list[str]) -> None:
    from bot.manifest import manifest

    print(manifest(arguments), end="")


def _demo(arguments: list[str]) -> None:
    from bot.demo.run import main  # a development part, which the other commands never import

    main(arguments, program=f"{PROGRAM} demo")


COMMANDS: dict[str, Callable[[list[str]], None]] = {
    "web": _web,
    "socket": _socket,
    "migrate": _migrate,
    "doctor": _doctor,
    "manifest": _manifest,
    "demo": _demo,
}


def main() -> int:
    """Run one command; the exit code."""
    name, *arguments = sys.argv[1:] or [""]
    if name in ("-h", "--help", "help"):
        print(USAGE)
        return 0
    try:
        if name not in COMMANDS:
            raise ConfigError(f"{name!r} is not a command. {USAGE}" if name else USAGE)
        COMMANDS[name](arguments)
    except ConfigError as error:
        from bot import log  # only now: the usage is there at once

        print(f"sessions-bot: {log.struck(error.text)}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
