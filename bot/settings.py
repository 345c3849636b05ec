"""Every setting, read from the environment and `.env` here and nowhere else."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal
from urllib.parse import unquote, urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from bot.core.zones import exact_zone
from bot.errors import ConfigError

Mode = Literal["web", "socket"]
_PASSWORD = re.compile(r"://[^:@/]*:(.+)@|[?&]password=([^&]+)")


def _http_url(url: str) -> str:
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("https", "http") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    if not good:
        raise ValueError("not a URL such as https://example.com/path")
    return url.rstrip("/")


def _database_url(url: str) -> str:
    if not re.match(r"sqlite:///.|postgres(ql)?://[^/]", url):
        raise ValueError("not sqlite:///path nor postgresql://user:password@host/database")
    return url


def _port(text: object) -> int:
    if not re.fullmatch(r"\d{1,5}", str(text)) or int(str(text)) > 65_535:
        raise ValueError("not a whole number from 0 to 65535")
    return int(str(text))


HttpUrl = Annotated[str, AfterValidator(_http_url)]


class Settings(BaseSettings):
    """Names are those of the environment, in capitals there. An empty value or spaces alone count as not set."""

    model_config = SettingsConfigDict(env_file=".env", env_ignore_empty=True, extra="ignore", hide_input_in_errors=True)

    slack_bot_token: SecretStr | None = None
    slack_signing_secret: SecretStr | None = None
    slack_app_token: SecretStr | None = None
    slack_api_url: HttpUrl = "https://slack.com/api"
    hms_management_token: SecretStr | None = None
    hms_access_key: str | None = None
    hms_secret: SecretStr | None = None
    hms_api_url: HttpUrl = "https://api.100ms.live/v2"
    database_url: Annotated[str, AfterValidator(_database_url), Field(repr=False)] = "sqlite:///sessions-bot.db"
    poll_interval_s: float = Field(default=15, ge=1, le=3_600)
    unconfirmed_posts: Literal["hold", "repost"] = "hold"
    access: str = ""  # read by core.access, which needs the commands
    mask_names: bool = False
    host: str = "0.0.0.0"  # noqa: S104 - a container listens to its outside
    port: Annotated[int, BeforeValidator(_port)] = 3000
    default_timezone: Annotated[str, AfterValidator(exact_zone)] = "UTC"
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_format: Literal["text", "json"] = "text"

    @property
    def secrets(self) -> list[str]:
        """What must never be read in a log: tokens, keys, and passwords in addresses."""
        values = [getattr(self, name) for name in type(self).model_fields]
        tokens = [each.get_secret_value() for each in values if isinstance(each, SecretStr)]
        addresses = (self.database_url, self.slack_api_url, self.hms_api_url)
        passwords = [found[1] or found[2] for url in addresses for found in _PASSWORD.finditer(url)]
        return [*tokens, self.hms_access_key or "", *passwords, *map(unquote, passwords)]

    @model_validator(mode="before")
    @classmethod
    def _stripped(cls, values: dict[str, Any]) -> dict[str, Any]:
        texts = {name: value.strip() if isinstance(value, str) else value for name, value in values.items()}
        return {name: value for name, value in texts.items() if value != ""}


_NEEDED: dict[Mode, tuple[tuple[str, str], ...]] = {
    "web": (
        ("slack_bot_token", "the bot token (xoxb-…) of your Slack app, page OAuth & Permissions"),
        ("slack_signing_secret", "the signing secret of your Slack app, page Basic Information"),
    ),
    "socket": (
        ("slack_bot_token", "the bot token (xoxb-…) of your Slack app, page OAuth & Permissions"),
        ("slack_app_token", "an app-level token (xapp-…) with connections:write, page Basic Information"),
    ),
}
_STARTS = {"slack_bot_token": ("xoxb-", "xoxe.xoxb-"), "slack_app_token": ("xapp-",)}


def read() -> Settings:
    """The settings as they are. Raises ConfigError with one line that says what to mend."""
    try:
        return Settings()
    except (UnicodeDecodeError, OSError) as error:
        raise ConfigError(f".env can't be read: {type(error).__name__}. See .env.example.") from None
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        name = str(first["loc"][0]).upper()
        raise ConfigError(f"{name}: {first['msg'].removeprefix('Value error, ')}. See .env.example.") from None


def load(mode: Mode) -> Settings:
    """The settings of a mode, complete. Raises ConfigError as `read` does."""
    settings = read()
    for name, what in _NEEDED[mode]:
        if getattr(settings, name) is None:
            raise ConfigError(f"{name.upper()} is not set: it is {what}. See .env.example.")
        if name in _STARTS and not getattr(settings, name).get_secret_value().startswith(_STARTS[name]):
            raise ConfigError(f"{name.upper()} is another token: it starts with {_STARTS[name][0]}. See .env.example.")
    if settings.hms_management_token is None and not (settings.hms_access_key and settings.hms_secret):
        raise ConfigError(
            "HMS_ACCESS_KEY and HMS_SECRET are not both set: they are on the Developer page of the 100ms dashboard. "
            "See .env.example."
        )
    return settings
