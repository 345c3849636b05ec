"""The `doctor` command."""

from __future__ import annotations

from bot.blockkit.blocks import Message
from bot.health.render import DETAILS, doctor_message
from bot.query.command_lines import check_alone
from bot.slack.registry import Command, Feature
from bot.slack.request import Request

NO_GUESTS = "The bot's health is shown to full members of the workspace only: please ask one of them."


async def doctor(request: Request, line: str) -> Message:
    """The answer to `doctor`: failed checks and warnings, or with `details` every check."""
    details = line.strip(" ,").lower() == DETAILS
    if not details:
        check_alone("doctor", line)
    await request.no_guests(NO_GUESTS)
    findings = await request.workspace.examine()
    return doctor_message(findings, here=request.channel_id, as_of=request.now, details=details)


FEATURE = Feature(
    commands=(
        Command(
            "doctor",
            "doctor [details]",
            "whether everything works: Slack, 100ms, the database, the clock, waiting messages; `details`: each check",
            doctor,
            examples=(("doctor", "what isn't well"), ("doctor details", "each check")),
            reads=True,
            anywhere=True,
        ),
    )
)
