"""One addition for each row of CONTRIBUTING's table: in which files, behind which text, it puts what."""

from __future__ import annotations

from typing import NamedTuple


class Put(NamedTuple):
    """`text` goes before the first `before` of the file, or to its end where that is ""."""

    path: str
    before: str
    text: str


PINGS = "bot/pings.py"
_FEATURE = "    commands="
ADDITIONS: dict[str, tuple[Put, ...]] = {
    "a feature": (
        Put(
            PINGS,
            "",
            '''"""Pings, and what comes of them."""

from bot import metrics
from bot.blockkit import actions as ids
from bot.blockkit.blocks import Message, actions, button, section
from bot.errors import TooLate
from bot.slack.registry import Action, Command, Event, Feature


async def ping(request, line):
    if line == "late":
        raise TooLate("It is too late for that.")
    again = button("Again", ids.AGAIN, line or "you"), button("What is live", ids.RUN, ids.write("active"))
    return Message("Pong", [section(f"Pong for {line or 'nobody'}"), actions(*again)])


async def again(request, value):
    await request.reply(await ping(request, f"{value} again"))


async def renamed(bot, workspace, event):
    metrics.pings.inc()


FEATURE = Feature(
    commands=(),
)
''',
        ),
        Put("bot/app.py", "LINES, BROWSE, ALERTS", "PINGS, "),
        Put("bot/app.py", "FEATURES = (", "from bot.pings import FEATURE as PINGS\n\n"),
    ),
    "a subcommand": (
        Put(
            PINGS,
            "),\n)\n",
            'Command("ping", "ping [name]", "says pong", ping, examples=(("ping", "pong"),), reads=True),',
        ),
    ),
    "another button": (
        Put("bot/blockkit/actions.py", "MORE = ", 'AGAIN = "sessions.again"\n'),
        Put(PINGS, _FEATURE, '    actions=(Action(ids.AGAIN, again, commands=("ping",)),),\n'),
    ),
    "an event of Slack": (
        Put(PINGS, _FEATURE, '    events=(Event("team_rename", renamed),),\n'),
        Put("manifest.yml", "      - tokens_revoked", "      - team_rename\n"),
    ),
    "an error": (Put("bot/errors.py", "", '\n\nclass TooLate(UserError):\n    """It is too late."""\n'),),
    "a metric": (Put("bot/metrics.py", "OUTBOX_MESSAGES =", 'pings = Counter("sessions_bot_pings_total", "Pings")\n'),),
    "a filter": (
        Put(
            "bot/query/filters.py",
            '        Filter(\n            "limit",',
            """        Filter(
            "odd",
            form="odd:<yes>",
            help="an odd number of people came",
            example="yes",
            parse=str,
            say=("with odd people {}", "without odd people {}"),
            test=lambda _: lambda session, facts: session.people_count() % 2 == 1,
        ),
""",
        ),
    ),
    "an alert kind": (
        Put("bot/query/kinds.py", '    "leave": Kind(', '    "pair": Kind("two", "join at once", ("pairs",)),\n'),
        Put(
            "bot/alerts/decide.py",
            '("join" in kinds)',
            '("pair" in kinds and len(change.joined) == 2) or change.joined * ',
        ),
    ),
    "a check of the doctor": (
        Put("bot/health/checks.py", "CHECKS: ", "async def _moon(asked):\n    return [health.judge_moon(0.5)]\n\n\n"),
        Put("bot/health/checks.py", '    "Blocks": blocks,', '    "Moon": _moon,\n'),
        Put(
            "bot/health/judge.py",
            "",
            '\n\ndef judge_moon(full: float) -> CheckResult:\n    return CheckResult("Moon", "ok", f"{full:.0%} full")\n',
        ),
    ),
    "a scope of Slack's": (
        Put(
            "bot/slack/scopes.py",
            '    Need(("chat:write",)',
            '    Need(("reactions:write",), "nobody sees that the bot has heard"),\n',
        ),
        Put("manifest.yml", "      - usergroups:read", "      - reactions:write\n"),
        Put("manifest.yml", "      - usergroups:read\n      - users:read\n", "      - reactions:write\n"),
    ),
    "a kind of message": (
        Put("bot/health/samples.py", '        "help": ', '        "a pong": Message("Pong", [{"type": "divider"}]),\n'),
    ),
    "a job": (
        Put("bot/jobs/background.py", '            Job("prune"', '            Job("beat", TICK_S, self._beat, 1.0),\n'),
        Put(
            "bot/jobs/background.py",
            "    async def _prune",
            '    async def _beat(self) -> None:\n        log.info("beat")\n\n',
        ),
    ),
    "a button that does what a line does": (Put(PINGS, "ids.RUN", ""),),
    "a command whose line is more than a query": (
        Put(PINGS, "reads=True", 'line=Line(lambda line, now, zone: parse(line), "active"), '),
        Put(
            PINGS,
            "from bot.slack.registry",
            "from bot.query.command_lines import Line\nfrom bot.query.parse import parse\n",
        ),
    ),
    "something to attack": (
        Put(
            "tests/fuzz/targets.py",
            '    "button value": Target(',
            '    "pong": Target(["ping"], ["pong"], _pure(lambda text: text[:1]), share=1),\n',
        ),
    ),
    "a setting": (Put("bot/settings.py", "    poll_interval_s: float", "    pings_most: int = 3\n"),),
}
