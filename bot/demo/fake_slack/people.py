"""People in the fake workspace: they type, press, and make Slack send events."""

from collections.abc import Mapping, Sequence

from bot.demo.fake_slack import composer, own_commands, payloads
from bot.demo.fake_slack.app_manifest import EVENT_SCOPES, may_hear
from bot.demo.fake_slack.dispatch import EVENT_RETRY_DELAYS_S, EVENT_RETRY_SCALE, Dispatcher
from bot.demo.fake_slack.model import Ack, Channel, Json, Message, User, options_of
from bot.demo.fake_slack.site import Site


class People:
    """The person's side of `FakeSlack`.  People and channels are given by name or id.

    `_cursor` is the number of the first change that counts as an answer to what a person did last.
    """

    def __init__(self, site: Site, dispatcher: Dispatcher) -> None:
        self._site = site
        self._dispatcher = dispatcher
        self._cursor = 0

    async def command(
        self,
        text: str = "",
        *,
        command: str = "/sessions",
        user: str | None = None,
        channel: str | None = None,
        thread_ts: str | None = None,
    ) -> Ack:
        """Types a slash command, by names or ids; ValueError where the person cannot type at all."""
        person, place = self._placed(user, channel)
        self._began()
        if command in own_commands.NAMES:
            await self._happened(own_commands.run(self._site, command, text, person, place))
            return Ack(None)
        known = {each["command"]: each for each in self._site.workspace.commands}
        if command not in known:
            self._site.workspace.slackbot_says(place.id, person.id, f"{command} is not a valid command.")
            return Ack(None)
        if thread_ts is not None:
            words = f"{command} is not supported in threads. Sorry!"
            self._site.workspace.slackbot_says(place.id, person.id, words)
            return Ack(None)
        written = self._typed(text, rewrite=bool(known[command].get("should_escape", False)))
        payload = payloads.slash_command(self._site, command, written, person, place)
        return await self._dispatcher.command(payload)

    def say(
        self, text: str, *, user: str | None = None, channel: str | None = None, thread_ts: str | None = None
    ) -> Message:
        """Writes an ordinary message."""
        person, place = self._placed(user, channel)
        return self._site.workspace.post(place.id, person.id, self._typed(text), [], thread_ts=thread_ts)

    async def press(self, message: Message, label: str, *, nth: int = 0, user: str | None = None) -> Ack:
        """Presses a button by its visible text, or picks a menu's option by its text.

        LookupError if the message is gone, is somebody else's ephemeral, or shows no such label.
        """
        person = self._site.workspace.user(user or message.ephemeral_to)
        if self._site.workspace.find(message.channel, message.ts) is None:
            raise LookupError("the message is gone")
        if message.ephemeral_to not in (None, person.id):
            raise LookupError(f"{person.name} does not see this message")
        found: list[tuple[str, Json]] = []
        for block, element in message.elements():
            if element["type"] == "button":
                found.append((element["text"]["text"], payloads.action_of(block, element, None)))
            else:
                for option in options_of(element):
                    found.append((option["text"]["text"], payloads.action_of(block, element, option)))
        matching = [action for text, action in found if text == label]
        if len(matching) <= nth:
            labels = ", ".join(repr(text) for text, _ in found) or "nothing to press"
            raise LookupError(f"{len(matching)} of {label!r} in the message; it has {labels}")
        return await self.dispatch_action(message, matching[nth], person.id)

    async def act(
        self,
        message: Message,
        *,
        action_id: str,
        value: str,
        block_id: str = "b",
        kind: str = "button",
        user: str | None = None,
    ) -> Ack:
        """A block action with any value, as a stale or broken client might send it; checks nothing."""
        action: Json = {"type": kind, "block_id": block_id, "action_id": action_id}
        if kind == "button":
            action |= {"text": {"type": "plain_text", "text": action_id}, "value": value}
        else:
            action["selected_option"] = {"text": {"type": "plain_text", "text": value}, "value": value}
        return await self.dispatch_action(message, action, user or message.ephemeral_to)

    async def dispatch_action(self, message: Message, action: Json, user: str | None) -> Ack:
        """Delivers one entry of `actions` from a message; the page calls this."""
        person = self._site.workspace.user(user)
        self._began()
        channel = self._site.workspace.channel(message.channel)
        payload = payloads.block_action(self._site, message, action, person, channel)
        return await self._dispatcher.action(payload)

    async def act_in_view(self, view: Json, *, action_id: str, value: str, user: str | None = None) -> Ack:
        """A press in a modal or in the Home tab, with any value."""
        self._began()
        action: Json = {"type": "button", "block_id": "b", "action_id": action_id, "value": value}
        person = self._site.workspace.user(user)
        return await self._dispatcher.interaction(payloads.view_action(self._site, view, action, person))

    async def submit(self, view: Json, *, kind: str = "view_submission", user: str | None = None) -> Ack:
        """Submits a form, or closes it."""
        self._began()
        person = self._site.workspace.user(user)
        return await self._dispatcher.interaction(payloads.view_closing(self._site, kind, view, person))

    async def shortcut(self, callback_id: str, *, message: Message | None = None, user: str | None = None) -> Ack:
        """Uses a global shortcut, or one of a message."""
        self._began()
        person = self._site.workspace.user(user)
        return await self._dispatcher.interaction(payloads.shortcut(self._site, callback_id, person, message))

    async def unarchive(self, channel: str, *, user: str | None = None) -> None:
        """Makes an archived channel usable again, as in its settings."""
        person, place = self._site.workspace.user(user), self._site.workspace.channel(channel)
        await self._happened(own_commands.unarchived(self._site, person, place))

    async def event(
        self,
        event: Json,
        *,
        retry_num: int | None = None,
        event_id: str | None = None,
        retry_scale: float = EVENT_RETRY_SCALE,
    ) -> Ack:
        """Delivers an event, again up to 3 times until acknowledged; with `retry_num` once, as that retry.

        Slack's waits (0 s, 1 min, 5 min) are multiplied by `retry_scale`.  The same `event_id` makes a duplicate.
        ValueError for one that the app has no scope for, of which Slack would never tell it.
        """
        if not may_hear(event["type"], self._site.scopes):
            raise ValueError(f"{event['type']} needs one of {EVENT_SCOPES[event['type']]}")
        self._began()
        delays_s = [delay_s * retry_scale for delay_s in EVENT_RETRY_DELAYS_S]
        payload = payloads.event_callback(self._site, event, event_id)
        return await self._dispatcher.event(payload, retry_num, delays_s)

    async def verify_url(self, challenge: str = "a-challenge") -> Ack:
        """Sends the check of an address that was entered: https://docs.slack.dev/reference/events/url_verification"""
        token = payloads.VERIFICATION_TOKEN
        return await self._dispatcher.post_json({"type": "url_verification", "token": token, "challenge": challenge})

    @property
    def sent(self) -> tuple[bytes, Mapping[str, str]]:
        """The body and headers of the last request of a command, action or event."""
        return self._dispatcher.last

    async def post_raw(self, body: bytes, headers: Mapping[str, str]) -> Ack:
        """Posts exactly this to the bot, for bad signatures and broken bodies."""
        return await self._dispatcher.post(body, headers)

    async def _happened(self, events: Sequence[Json]) -> None:
        for event in events:
            if own_commands.heard(self._site, event):
                await self.event(event)

    def _began(self) -> None:
        self._cursor = self._site.ledger.end

    def _placed(self, user: str | None, channel: str | None) -> tuple[User, Channel]:
        person, place = self._site.workspace.user(user), self._site.workspace.channel(channel)
        if person.id not in place.members:
            raise ValueError(f"{person.name} is not in {place.name or place.id}")
        if place.is_archived:
            raise ValueError(f"{place.name} is archived")
        return person, place

    def _typed(self, text: str, *, rewrite: bool = True) -> str:
        users = {user.name: user.id for user in self._site.workspace.users.values()}
        channels = {each.name: each.id for each in self._site.workspace.channels.values() if each.name}
        groups = {group.handle: group.id for group in self._site.workspace.groups.values()}
        return composer.typed(text, users, channels, groups, rewrite=rewrite)
