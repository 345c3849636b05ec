"""The watch over states that keep messages from people: probe for their end, and tell operators."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass, field

from bot import log
from bot.db.database import Database
from bot.db.leases import Fence
from bot.health import store as health_store
from bot.health.channels import readable
from bot.health.judge import stale
from bot.health.slack_probe import SlackProbe, cause_of
from bot.health.states import State, news
from bot.health.states_render import began, over
from bot.outbox import channel_pause, workspaces
from bot.outbox import counts as outbox_counts
from bot.outbox.card import key_of
from bot.outbox.message import Outgoing
from bot.slack.outcome import Refused
from bot.slack.responses import judge
from bot.tracking import store as tracking_store

STUCK_MS = 900_000
"""Time from which a message counts as stuck: Slack answers every try without saying what is wrong."""
TOLD_AFTER_MS = 60_000
"""Age from which a refusal of the workspace is told: by then auth.test has been refused too."""


@dataclass(eq=False, slots=True)
class Watch:
    """`ops`: the operators' channel, or ""; `bot`: the bot's name."""

    store: Database
    slack: SlackProbe
    team_id: str
    now_ms: Callable[[], int]
    _: KW_ONLY
    ops: str = ""
    bot: str = "Sessions"
    _looked: bool = field(default=False, init=False)

    async def probe(self) -> None:
        """Try a workspace that refuses the bot again when that is due; once it answers, the outbox goes on."""
        team_id, now_ms = self.team_id, self.now_ms()
        stopped = await workspaces.probe(self.store, team_id, now_ms)
        if stopped is None:
            return
        try:
            await self.slack.who()
        except Exception as error:
            log.warning("workspace_refuses", cause=cause_of(error), for_s=(now_ms - stopped.since_ms) // 1000)
            return
        if await workspaces.taken(self.store, team_id, stopped.since_ms):
            log.info("workspace_takes_again", was=stopped.cause)

    async def tell(self, fence: Fence, interval_s: float, since_s: float) -> None:
        """Tell operators of states that began or ended since the last time. 100ms is polled every `interval_s` seconds,
        since `since_s` (epoch)."""
        if not self.ops:
            return
        if not self._looked:
            self._looked = True
            await self._look()
        team_id, now_ms = self.team_id, self.now_ms()
        begun, ended = news(
            {state.name: state for state in await self._states(team_id, now_ms, interval_s, since_s)},
            await health_store.read(self.store, team_id),
        )
        if not begun and not ended:
            return
        messages = [(state, "began", began(state, f"/invite @{self.bot}")) for state in begun]
        messages += [(state, "over", over(state)) for state in ended]
        outgoing = [
            Outgoing(
                key_of("ops", team_id, state.name, str(state.since_ms), what),
                team_id,
                self.ops,
                "post",
                message.text,
                message.blocks,
            )
            for state, what, message in messages
        ]
        since = {state.name: state.since_ms for state in begun}
        await health_store.tell(self.store, team_id, since, [state.name for state in ended], outgoing, now_ms, fence)

    async def _look(self) -> None:
        """Log a warning if Slack refuses to show the operators' channel, with scopes to read channels."""
        try:
            if readable(await self.slack.who()):
                await self.slack.is_public(self.ops)
        except Exception as error:
            outcome = judge(error)
            if isinstance(outcome, Refused):
                log.warning("ops_channel_refused", channel=self.ops, cause=outcome.code)

    async def _states(self, team_id: str, now_ms: int, interval_s: float, since_s: float) -> list[State]:
        """The states that hold now, without those of the operators' own channel, which couldn't be told there."""
        found = []
        stopped = await workspaces.stopped(self.store, team_id)
        if stopped is not None and now_ms - stopped.since_ms >= TOLD_AFTER_MS:
            found.append(State("token", stopped.since_ms, cause=stopped.cause))
        state = await tracking_store.state(self.store, team_id)
        good_s = (state.good_ms or 0) / 1000
        if stale(good_s, since_s, state.cause, now_s=now_ms / 1000, interval_s=interval_s):
            found.append(State("100ms", int(max(good_s, since_s) * 1000)))
        for channel_id, channel in (await channel_pause.troubled(self.store, team_id)).items():
            if channel_id == self.ops:
                continue
            if channel.paused:
                found.append(State("paused", channel.paused_ms or now_ms, channel_id, channel.paused))
            if channel.held:
                said = "1 message is" if channel.held == 1 else f"{channel.held} messages are"
                found.append(State("held", now_ms, channel_id, said))
        for channel_id, since_ms in (await outbox_counts.stuck(self.store, team_id, now_ms - STUCK_MS)).items():
            if stopped is None and channel_id != self.ops:
                found.append(State("stuck", since_ms, channel_id))
        return found
