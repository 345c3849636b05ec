"""One thing a person did: who, where, and how to answer. `answer` sees to it that they always get an answer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

from bot import log, metrics
from bot.blockkit.blocks import Block, Message, context
from bot.blockkit.phrases import Names, no_rooms_yet
from bot.db.database import Database
from bot.db.setting_change import SettingChange
from bot.errors import BotError, HmsUnavailable, ManyRooms, QueryError, StaleButton, UserError, WhichZone
from bot.query.command_lines import Mended, corrected
from bot.query.model import Query
from bot.query.times import ms
from bot.query.zones import depends_on_zone
from bot.slack.destination import Destination
from bot.slack.once import begun_before, sent_as
from bot.slack.registry import Registry
from bot.slack.render import problem, query_problem, restarting, room_choice, unexpected, which_zone
from bot.slack.reply import Replies
from bot.slack.reply_to import ReplyTo, reply_to
from bot.slack.work import Work
from bot.workspace import Workspace, Workspaces

T = TypeVar("T")

ANSWER_S = 25.0
"""Nobody waits longer than this for an answer, if only that there is none; waiting for a free place included."""
NO_GUESTS = "Guests can't change what a channel is told: please ask a member. `/sessions` itself is yours too."
NOT_YET = "I'm still finding out which workspace this is. Please try again in a moment."
ELSEWHERE = (
    "This request belongs to another workspace than this bot, so I did nothing. Please ask whoever runs the bot."
)
ORG_WIDE = (
    "This bot serves one workspace, and it is installed for a whole organisation. Please ask whoever runs the bot to "
    "install it in one workspace instead."
)
STRANGER = "This bot's answers are for people of its own workspace. You belong to another one, so I did nothing."
CANT_TELL = "Slack doesn't tell me just now who you are, so I did nothing. Please try again in a moment."
GROUP = "mpdm-"
"""The beginning of Slack's name for a group direct message, whose id begins as a channel's."""
_INSTEAD = "Please use a channel, or your direct message with me."
NOT_IN_GROUPS = f"I can't be in a group direct message, and an invitation wouldn't help. {_INSTEAD}"
NOT_IN_DIRECT = f"I can't be in a direct message between two people, and an invitation wouldn't help. {_INSTEAD}"
UNDELIVERED = "undelivered"
"""The outcome where Slack didn't take the last answer, or there is nobody to take it."""
LATE = "That took too long: 100ms is slow just now, or many are asking."


@dataclass(frozen=True, slots=True)
class Bot:
    """The shared parts that listeners use, built once in `app`."""

    workspaces: Workspaces
    replies: Replies  # to those of no workspace of its, with no token
    work: Work
    store: Database
    registry: Registry
    settled_s: float  # for which a person waits for the first message of what they set up
    zone: str = "UTC"  # of people whose own isn't known
    answer_s: float = ANSWER_S
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)


@dataclass(slots=True)
class Request:
    """`again` is the button that an error of 100ms offers, `note` stands above the answer; `in_place`: it replaces the
    message or view. `name` is what was asked for, as a table of ours calls it, "other" while that isn't known.
    `team_id` is the workspace that it was done in, `enterprise_id` the organisation around that, and `home_id` which of
    both the person belongs to, or another one: as Slack says, "" where it doesn't. `shown_to_all`: it is a press on a
    message of a channel. `org_wide`: the app is installed for a whole organisation. `sent` is what
    the request is known by, as in `once.sent_as`. `delivered`: Slack has taken its last answer, if there was one."""

    bot: Bot
    user_id: str
    to: ReplyTo
    now: datetime
    zone: str
    team_id: str = ""
    enterprise_id: str = ""
    home_id: str = ""
    org_wide: bool = False
    channel_id: str = ""
    channel_name: str = ""
    message_ts: str = ""
    in_place: bool = False
    shown_to_all: bool = False
    sent: str = ""
    name: str = "other"
    again: Block | None = None
    note: str = ""
    posting: asyncio.Task[bool] | None = None
    delivered: bool = True

    @classmethod
    def of(cls, bot: Bot, body: Mapping[str, Any], number: int = 0) -> Request:
        """From a slash command's form or an interaction's payload (docs.slack.dev/interactivity); `number` tells apart
        what is asked for in one."""
        user, team, enterprise, channel, container = (
            part if isinstance(part := body.get(name), Mapping) else {}
            for name in ("user", "team", "enterprise", "channel", "container")
        )
        team_id = str(body.get("team_id") or team.get("id") or "")
        user_id = str(body.get("user_id") or user.get("id") or "")
        in_place = bool(container.get("is_ephemeral")) or container.get("type") == "view"
        return cls(
            bot,
            user_id,
            reply_to(body, user_id, ours=bot.workspaces.get(team_id) is not None),
            team_id=team_id,
            enterprise_id=str(body.get("enterprise_id") or enterprise.get("id") or ""),
            home_id=str(user.get("team_id") or team_id),  # only people of the workspace can type its commands
            org_wide=str(body.get("is_enterprise_install")).lower() == "true",
            now=bot.clock(),
            zone=bot.zone,
            channel_id=str(body.get("channel_id") or channel.get("id") or ""),
            channel_name=str(body.get("channel_name") or channel.get("name") or ""),
            message_ts=str(container.get("message_ts") or ""),
            in_place=in_place,
            sent=f"{sent} {number}" if (sent := sent_as(body)) else "",
            shown_to_all=bool(container) and not in_place,
        )

    async def reply(self, message: Message, *, replace: bool = False, for_all: bool = False) -> bool:
        """Post the answer. Once that has begun it goes on to its end, whatever becomes of the job."""
        if self.note:
            message = Message(f"{self.note}\n{message.head}", [context(self.note), *message.blocks])
        sending = (self.bot.workspaces.get(self.team_id) or self.bot).replies.send(
            self.to, message, replace=replace, for_all=for_all
        )
        self.posting = self.bot.work.post(sending)
        self.delivered = await asyncio.shield(self.posting)
        return self.delivered

    async def mended(self, error: QueryError) -> Mended:
        """The line that was probably meant by one that can't be read."""
        registry = self.bot.registry
        return corrected(error, self.now, await self.local_zone(), registry.lines, commands=registry.names)

    @property
    def workspace(self) -> Workspace:
        """The workspace that it was done in. Raises UserError where the bot serves no such one."""
        if self.org_wide:
            raise UserError(ORG_WIDE, cause="org-wide install")
        if (known := self.bot.workspaces.get(self.team_id)) is not None:
            return known
        if self.bot.workspaces.waiting:
            raise UserError(NOT_YET)
        raise UserError(ELSEWHERE, cause="another workspace")

    @property
    def ours(self) -> frozenset[str]:
        """The ids of the bot's workspace and, if it is in one, of its organisation."""
        return frozenset({self.workspace.team_id, self.enterprise_id} - {""})

    async def at_home(self) -> None:
        """Raises UserError where the person is of another workspace, as in a channel that is shared by Slack Connect.
        Only people of the workspace can type its commands and see answers that are for one person; of who presses in a
        channel, what Slack sent decides. users.info, which names all workspaces of an organisation's person, has to
        agree where it can be asked."""
        workspace = self.workspace
        if not self.user_id:
            raise UserError(CANT_TELL, cause="nobody")
        ours, person = self.ours, await workspace.people.of(self.user_id)
        sent_from_elsewhere = self.shown_to_all and self.home_id not in ours | person.teams
        if person.elsewhere(ours) or person.stranger or sent_from_elsewhere:
            raise UserError(STRANGER, cause="a stranger")
        if self.shown_to_all and person.unanswered:
            raise UserError(CANT_TELL, cause="unanswered")

    async def no_guests(self, says: str = NO_GUESTS) -> None:
        """Raises UserError for a guest of the workspace, and while Slack doesn't tell: at the head of whatever changes
        something."""
        person = await self.workspace.people.of(self.user_id)
        if person.guest:
            raise UserError(says)
        if person.unanswered:
            raise UserError(CANT_TELL, cause="unanswered")

    async def may_set_up(self) -> None:
        """Raises UserError for a guest, and where the bot can't be: at the head of whatever makes it post, or not."""
        await self.no_guests()
        if self.channel_name.startswith(GROUP):
            raise UserError(NOT_IN_GROUPS, cause="a group direct message")
        if Destination(self.channel_id).is_direct and not await self.workspace.places.shows(self.channel_id):
            raise UserError(NOT_IN_DIRECT, cause="a direct message of two people")

    def must_be_in(self, channel_id: str) -> None:
        """Raises StaleButton where a press is in another channel than it is for: it can do what its presser could type,
        and they could type that in this channel only."""
        if channel_id != self.channel_id:
            raise StaleButton()

    async def display_name(self) -> str:
        """Return the person's display name, as they wrote it; "" if unknown."""
        return (await self.workspace.people.of(self.user_id)).name

    def by(self, line: str) -> SettingChange:
        """The person's change of a setting, now; `line` does the same."""
        return SettingChange(self.now_ms, self.user_id, line)

    @property
    def now_ms(self) -> int:
        """Milliseconds since 1970."""
        return ms(self.now)

    async def in_local_zone(self, read: Callable[[str], T], line: Callable[[T, str], str]) -> T:
        """The value of what the person said, read by their own zone, to be stored; `line` says it with a zone or city.
        Raises WhichZone where it depends on a zone that nobody has said."""
        said = read(await self.local_zone())
        if not (await self.workspace.people.of(self.user_id)).zone_said and depends_on_zone(read):
            raise WhichZone(lambda city: line(said, city))
        return said

    async def names(self, *queries: Query) -> Names:
        """The names of the rooms that these queries name by their ids."""
        return await self.workspace.rooms.names(room_id for each in queries for room_id in each.named_ids)

    async def noted(self, query: Query, message: Message) -> Message:
        """The answer, with a line on beginnings of names that no room has yet: those to come match."""
        prefixes = await self.workspace.rooms.without_rooms(query)
        return Message(message.head, [*message.blocks, context(no_rooms_yet(prefixes))]) if prefixes else message

    async def local_zone(self) -> str:
        """The person's own zone, also for what is asked later on."""
        self.zone = (await self.workspace.people.of(self.user_id)).zone
        return self.zone


async def answer(request: Request, event: str, job: Coroutine[Any, Any, None]) -> None:
    """Run a job to its end, and tell the person what went wrong if anything did. The top of every listener."""
    began, reference = time.perf_counter(), log.reference.get()
    outcome = "ok"
    try:
        async with asyncio.timeout(request.bot.answer_s), request.bot.work.slots:
            if await begun_before(request.bot.store, request.workspace.team_id, request.sent, request.now_ms):
                job.close()
                outcome = "repeated"
            else:
                await request.at_home()
                await job
        if not request.delivered:
            outcome = UNDELIVERED
            log.warning(event, user=request.user_id, outcome=outcome)
        elif outcome == "ok":
            log.info(event, user=request.user_id)
    except (asyncio.CancelledError, Exception) as error:
        job.close()  # it may not have begun
        if request.posting is not None and isinstance(error, asyncio.CancelledError | TimeoutError):
            outcome = "posting"  # the answer is on its way
            log.warning(event, user=request.user_id, outcome=outcome)
        else:
            outcome = await _explain(request, event, error, reference)
    metrics.answers.labels(event, request.name, outcome).observe(time.perf_counter() - began)


async def _explain(request: Request, event: str, error: BaseException, reference: str) -> str:
    """Post and log the message that goes with an error; return its outcome."""
    outcome, cause, request.note = type(error).__name__, getattr(error, "cause", ""), ""
    if isinstance(error, QueryError):
        message = query_problem(error, await request.mended(error))
    elif isinstance(error, ManyRooms):
        message = room_choice(error, now=request.now, zone=request.zone)
    elif isinstance(error, WhichZone):
        message = which_zone(error)
    elif isinstance(error, BotError):
        message = problem(error, reference=reference, again=request.again)
    elif isinstance(error, TimeoutError):
        message = problem(HmsUnavailable(LATE), reference=reference, again=request.again)
    elif isinstance(error, asyncio.CancelledError):
        message = restarting()
    else:
        outcome = "unexpected"
        message = unexpected(reference)
    write = log.info if isinstance(error, UserError) else log.warning
    write(event, user=request.user_id, outcome=outcome, cause=cause)
    if outcome == "unexpected":
        log.error("unexpected", exc_info=True)
    await request.reply(message, replace=isinstance(error, ManyRooms) and request.in_place)
    return outcome if request.delivered else UNDELIVERED
