"""Records of the fake workspace, and waiting for them."""

from collections.abc import Callable
from typing import TypeVar, overload

from bot.demo.fake_slack.faults import Fault
from bot.demo.fake_slack.model import Call, Json, Message
from bot.demo.fake_slack.people import People
from bot.demo.fake_slack.seed import SLACKBOT
from bot.demo.fake_slack.workspace import Workspace

T = TypeVar("T")


class Records(People):
    """The observer's side of `FakeSlack`.  People and channels are given by name or id."""

    @property
    def workspace(self) -> Workspace:
        """The state itself, for a demo to put things into without the bot."""
        return self._site.workspace

    @property
    def calls(self) -> list[Call]:
        return self._site.ledger.calls

    @property
    def violations(self) -> list[str]:
        return self._site.ledger.violations

    @property
    def views(self) -> list[Json]:
        """Views opened or published, oldest first."""
        return self._site.views

    def messages(self, channel: str | None = None) -> list[Message]:
        """Messages that everybody sees, oldest first; of one channel or all."""
        return self.workspace.messages(self.workspace.channel(channel).id if channel else None)

    def ephemerals(self, user: str | None = None, channel: str | None = None) -> list[Message]:
        """Messages that one person sees, oldest first, as they are now; of one person or all."""
        return self.workspace.ephemerals(
            self.workspace.user(user).id if user else None,
            self.workspace.channel(channel).id if channel else None,
        )

    async def reply(self, *, where: Callable[[Message], bool] | None = None, timeout_s: float = 30.0) -> Message:
        """The next message of the bot or Slackbot, new or replaced, since the last command, press or reply.

        TimeoutError, with what did happen, if there is none within `timeout_s`.
        """
        people = {user.id for user in self.workspace.users.values() if not user.is_bot} - {SLACKBOT}

        def found() -> Message | None:
            for number, change in self._site.ledger.since(self._cursor):
                message = change.message
                if message is None or change.kind == "message.deleted" or message.user in people:
                    continue
                if where is None or where(message):
                    self._cursor = number + 1
                    return message
            return None

        message = await self.wait_for(found, timeout_s)
        if message is None:
            raise AssertionError("wait_for gave a falsy value")
        return message

    @overload
    async def wait_for(self, condition: int, timeout_s: float = ...) -> list[Message]: ...
    @overload
    async def wait_for(self, condition: Callable[[], T], timeout_s: float = ...) -> T: ...
    async def wait_for(self, condition: int | Callable[[], T], timeout_s: float = 30.0) -> list[Message] | T:
        """The first truthy value of `condition`, asked after everything that happens here; or that many replies.

        TimeoutError, with the latest calls and all violations, after `timeout_s`.
        """
        if isinstance(condition, int):
            return [await self.reply(timeout_s=timeout_s) for _ in range(condition)]
        try:
            return await self._site.ledger.until(condition, timeout_s)
        except TimeoutError:
            calls = [f"{call.method} {call.status} {call.response.get('error', 'ok')}" for call in self.calls[-5:]]
            raise TimeoutError(
                f"not within {timeout_s:g} s; latest calls {calls}, violations {self.violations}"
            ) from None

    def grant(self, *scopes: str) -> None:
        """Adds scopes to the token, as installing the app again does."""
        self._site.scopes |= frozenset(scopes)

    def fail(self, method: str, *faults: Fault) -> None:
        """Queues faults for a Web API method or `response_url`, one for each coming request."""
        self._site.faults.add(method, *faults)
