"""The command line: `python -m bot COMMAND`, or `sessions-bot COMMAND` once installed.

A wrong command, option or setting prints one line and exits with 2. A command imports what it needs when it runs."""

from __future__ import annotations

import asyncio
import difflib
import gc
import re
import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Literal, NoReturn

from bot import __version__
from bot.errors import ConfigError
from bot.program import PROGRAM

FROM_SETTINGS = "Its settings come from the environment or the file .env; README has them all."


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command, by default from sys.argv. Returns the exit code."""
    try:
        options = parse(sys.argv[1:] if arguments is None else list(arguments))
        code: int | None = options.run(options)
    except ConfigError as error:
        from bot import log  # imported late, to keep --help fast

        print(f"sessions-bot: {log.redacted(error.text)}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    return code or 0


def parse(arguments: list[str]) -> Namespace:
    """Parse the options of one command. Raises ConfigError for wrong ones; exits for help and the version."""
    parser, commands = _parsers()
    if arguments[:1] == ["help"]:
        arguments = [*arguments[1:], "--help"]
    if not arguments:
        parser.error(f"a command is missing: {', '.join(commands)}")
    name = arguments[0]
    if name not in (known := [*commands, "-h", "--help", "--version"]):
        parser.error(f"{name!r} is not a command{_near(name, known) or ': there are ' + ', '.join(commands)}")
    options, unknown = parser.parse_known_args(arguments)
    if unknown:
        command = commands[name]
        takes = re.findall(r"--[\w-]+", command.format_usage())
        if not takes:
            command.error(f"{name} takes no arguments: its settings come from the environment")
        command.error(f"unrecognized argument {unknown[0]!r}{_near(unknown[0], takes)}")
    return options


class _Parser(ArgumentParser):
    def error(self, message: str) -> NoReturn:
        end = "" if message.endswith("?") else "."
        raise ConfigError(" ".join(f"{message}{end} {self.format_usage()}".split()))


def _parsers() -> tuple[ArgumentParser, dict[str, ArgumentParser]]:
    """Return the parser of the command line, and that of each command."""
    parser = _Parser(
        prog=PROGRAM,
        allow_abbrev=False,
        description="Slack bot for 100ms video sessions.",
        epilog=f"{PROGRAM} COMMAND --help has a command's options.",
    )
    parser.add_argument("--version", action="version", version=f"sessions-bot {__version__}")
    adding = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    commands: dict[str, ArgumentParser] = {}

    def add(name: str, run: Callable[[Namespace], int | None], summary: str, more: str = "") -> ArgumentParser:
        about = " ".join(filter(None, (f"{summary[0].upper()}{summary[1:]}.", more)))
        commands[name] = adding.add_parser(name, help=summary, description=about, allow_abbrev=False)
        commands[name].set_defaults(run=run)
        return commands[name]

    add("web", lambda _: _serve("web"), "run the bot in HTTP mode: Slack sends requests to it", FROM_SETTINGS)
    add("socket", lambda _: _serve("socket"), "run the bot in Socket Mode, without a public address", FROM_SETTINGS)
    add("migrate", _migrate, "create or upgrade the database", "The bot does the same at start. " + FROM_SETTINGS)

    doctor = add(
        "doctor",
        _doctor,
        "check settings, Slack, 100ms, the database and the clock",
        "Prints a line for each check; the exit code is 1 if any fails. Nothing is written anywhere. " + FROM_SETTINGS,
    )
    doctor.add_argument("--slack", action="store_true", help="also ask Slack whether it takes the bot's messages")

    manifest = add("manifest", _manifest, "print the app's manifest, ready to paste at https://api.slack.com/apps")
    mode = manifest.add_mutually_exclusive_group(required=True)
    mode.add_argument("--url", help="the bot's public address, for HTTP mode: https://bot.example.com")
    mode.add_argument("--socket", action="store_true", help="for Socket Mode, which needs no address")

    demo = add("demo", _demo, "run the bot in a make-believe Slack, with a 100ms that lives", "No account is needed.")
    demo.add_argument("--port", type=_port, default=8100, help="where the page is (default %(default)s; 0 picks one)")
    demo.add_argument("--seed", type=int, default=7, help="another seed is another account (default %(default)s)")
    demo.add_argument("--speed", type=_speed, default=1.0, help="how fast the account lives (default 1)")
    demo.add_argument("--no-browser", dest="browser", action="store_false", help="don't open the page")
    return parser, commands


def _near(word: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(word, list(known), n=1)
    return f": did you mean {near[0]}?" if near else ""


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) <= 65_535):
        raise ArgumentTypeError("takes 0 to 65535")
    return int(text)


def _speed(text: str) -> float:
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if not 0 < speed <= 1_000:
        raise ArgumentTypeError("takes a number above 0, up to 1000")
    return speed


def _serve(mode: Literal["web", "socket"]) -> None:
    from bot.app import serve
    from bot.settings import load

    gc.freeze()  # imported modules stay: collecting them would block the event loop for 0.1 s
    asyncio.run(serve(load(mode), mode))


def _migrate(_: Namespace) -> None:
    from bot import log
    from bot.db.database import Database
    from bot.settings import read

    settings = read()
    log.set_up(settings.log_level, settings.log_format, settings.secrets)

    async def migrate() -> None:
        store = await Database.open(settings.database_url)
        await store.close()

    asyncio.run(migrate())
    print("The database is up to date.")


def _doctor(options: Namespace) -> int:
    from bot import log
    from bot.app import FEATURES
    from bot.doctor import doctor
    from bot.health.render import terminal
    from bot.settings import read_all
    from bot.slack.registry import Registry

    settings, _ = read_all()
    log.set_up("WARNING", settings.log_format, settings.secrets)  # the findings go to standard output
    found = asyncio.run(doctor(Registry(FEATURES), ask_slack=options.slack))
    findings = [replace(each, detail=log.redacted(each.detail)) for each in found]
    for line in terminal(findings, colour=sys.stdout.isatty()):
        print(line)
    return int(any(finding.state == "fail" for finding in findings))


def _manifest(options: Namespace) -> None:
    from bot.manifest import manifest

    print(manifest(options.url), end="")


def _demo(options: Namespace) -> None:
    from bot.demo.run import run  # a development part that no other command imports

    asyncio.run(run(options.port, options.seed, options.speed, browser=options.browser))


if __name__ == "__main__":
    sys.exit(main())
