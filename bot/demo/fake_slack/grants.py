"""Trigger ids and response_urls, handed out with every command and press, and when they lapse."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass

TRIGGER_LIFE_S = 3.0  # https://docs.slack.dev/interactivity/handling-user-interaction
RESPONSE_URL_LIFE_S = 30 * 60  # same page: "up to 5 times within 30 minutes"
RESPONSE_URL_USES = 5


@dataclass(slots=True)
class ResponseUrl:
    """One response_url: who may be answered where, and the `source_ts` message that it may replace."""

    path: str
    channel: str
    user: str
    source_ts: str | None
    issued_at: float
    uses: int = 0


class Grants:
    """Issues and redeems; `clock` gives epoch seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._triggers: dict[str, float] = {}
        self._used: set[str] = set()
        self._urls: dict[str, ResponseUrl] = {}

    def trigger_id(self) -> str:
        issued = f"{secrets.randbelow(10**12)}.{secrets.randbelow(10**12)}.{secrets.token_hex(16)}"
        self._triggers[issued] = self._clock()
        return issued

    def redeem_trigger(self, trigger_id: str) -> str | None:
        """Uses a trigger id up; None, or the error of views.open that says why it cannot be used."""
        if trigger_id not in self._triggers:
            return "invalid_trigger_id"
        if trigger_id in self._used:
            return "exchanged_trigger_id"
        if self._clock() - self._triggers[trigger_id] > TRIGGER_LIFE_S:
            return "expired_trigger_id"
        self._used.add(trigger_id)
        return None

    def response_url(self, kind: str, team: str, channel: str, user: str, source_ts: str | None) -> str:
        """The path of a new response_url; `kind` is `commands` or `actions`."""
        path = f"/{kind}/{team}/{secrets.randbelow(10**13)}/{secrets.token_hex(12)}"
        self._urls[path] = ResponseUrl(path, channel, user, source_ts, self._clock())
        return path

    def redeem_url(self, path: str) -> ResponseUrl | str:
        """Counts one use; the grant, or the error word for a 404."""
        grant = self._urls.get(path)
        if grant is None:
            return "invalid_url"
        if self._clock() - grant.issued_at > RESPONSE_URL_LIFE_S:
            return "expired_url"
        if grant.uses >= RESPONSE_URL_USES:
            return "used_url"
        grant.uses += 1
        return grant
