"""The Slack workspaces being served, each with its 100ms account."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from slack_sdk.web.async_client import AsyncWebClient

from bot.hms.client import Hms
from bot.rooms.names import Rooms
from bot.slack.access_rules import Access
from bot.slack.bot_identity import Who
from bot.slack.groups import Groups
from bot.slack.people import People
from bot.slack.places import Places
from bot.slack.reply import Replies

if TYPE_CHECKING:
    from bot.health.check_result import CheckResult


@dataclass(frozen=True, slots=True)
class Workspace:
    """One workspace, created after auth.test. `stale` returns why its alerts wait, or ""; `examine` runs the doctor."""

    who: Who
    slack: AsyncWebClient
    hms: Hms
    rooms: Rooms
    people: People
    groups: Groups
    places: Places
    replies: Replies
    access: Access
    stale: Callable[[], Awaitable[str]]
    examine: Callable[[], Awaitable[Sequence[CheckResult]]]

    @property
    def team_id(self) -> str:
        return self.who.team_id

    @property
    def invite(self) -> str:
        """The command that adds the bot to a channel."""
        return f"/invite @{self.who.name or 'Sessions'}"


class Workspaces:
    """Workspaces by team id. `waiting` counts accounts whose auth.test is pending."""

    def __init__(self, waiting: int) -> None:
        self.waiting = waiting
        self._known: dict[str, Workspace] = {}

    def add(self, workspace: Workspace) -> None:
        self._known[workspace.team_id] = workspace

    def get(self, team_id: str | None) -> Workspace | None:
        return self._known.get(team_id or "")
