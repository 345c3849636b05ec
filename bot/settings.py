"""All settings, read from the environment and `.env` here and nowhere else."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal
from urllib.parse import unquote

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, DotEnvSettingsSource, EnvSettingsSource, NoDecode, SettingsConfigDict

from bot.errors import ConfigError
from bot.net.urls import is_web_url
from bot.query.zones import exact_zone

Mode = Literal["web", "socket"]
_PASSWORDS = (re.compile(r"://[^:@/]*:(.+)@"), re.compile(r"[?&](?:ssl)?password=([^&]+)"))


def _http_url(url: str) -> str:
    if not is_web_url(url):
        raise ValueError("is not a URL such as https://example.com/path")
    return url.rstrip("/")


def _database_url(url: str) -> str:
    if not re.match(r"sqlite:///.|postgres(ql)?://[^/]", url):
        raise ValueError("is not sqlite:///path nor postgresql://user:password@host/database")
    return url


def _channel_id(text: str) -> str:
    if text and not re.fullmatch(r"[CDG][A-Z0-9]{5,20}", text):
        raise ValueError("is not the id of a channel")
    return text


def _port(text: object) -> int:
    if not re.fullmatch(r"\d{1,5}", str(text)) or int(str(text)) > 65_535:
        raise ValueError("is not a whole number from 0 to 65535")
    return int(str(text))


def _role_names(text: object) -> object:
    if not isinstance(text, str):
        return text
    names = [each.strip() for each in text.split(",")]
    if not all(names) or not text.isprintable():
        raise ValueError("is not a list of role names")
    return frozenset(names)


def _hook_secret(secret: SecretStr | None) -> SecretStr | None:
    if secret is None:
        return None
    if not _COPIED.fullmatch(secret.get_secret_value()):
        raise ValueError("has a space, a line break or another odd character in it")
    if len(secret.get_secret_value()) < HOOK_SECRET_CHARS:
        raise ValueError(f"has less than {HOOK_SECRET_CHARS} characters")
    return secret


HOOK_SECRET_CHARS = 32
"""Minimum length of the secret that 100ms sends with a webhook, which nothing else proves to be its."""
HookSecret = Annotated[SecretStr | None, AfterValidator(_hook_secret)]
RoleNames = Annotated[frozenset[str], NoDecode, BeforeValidator(_role_names)]
HttpUrl = Annotated[str, AfterValidator(_http_url)]


@dataclass(frozen=True)
class Account:
    """One account in the form of `Settings`: a bot token, the 100ms keys behind its workspace, and settings with ids of
    that workspace."""

    slack_bot_token: SecretStr
    hms_access_key: str | None = None
    hms_secret: SecretStr | None = None
    hms_management_token: SecretStr | None = None
    ops_channel: str = ""
    access: str = ""
    hms_webhook_secret: SecretStr | None = None

    def __post_init__(self) -> None:
        """Raises ConfigError for an unfit secret."""
        try:
            _hook_secret(self.hms_webhook_secret)
        except ValueError as error:
            raise ConfigError(f"HMS_WEBHOOK_SECRET {error}: write {_WRITE['hms_webhook_secret']}.") from None


class Settings(BaseSettings):
    """Settings, named as in the environment but in lower case. Empty or blank values count as not set."""

    model_config = SettingsConfigDict(env_file=".env", env_ignore_empty=True, extra="ignore", hide_input_in_errors=True)

    slack_bot_token: SecretStr | None = None
    slack_signing_secret: SecretStr | None = None
    slack_app_token: SecretStr | None = None
    slack_api_url: HttpUrl = "https://slack.com/api"
    hms_management_token: SecretStr | None = None
    hms_access_key: str | None = None
    hms_secret: SecretStr | None = None
    hms_webhook_secret: HookSecret = None
    hms_api_url: HttpUrl = "https://api.100ms.live/v2"
    database_url: Annotated[str, AfterValidator(_database_url), Field(repr=False)] = "sqlite:///sessions-bot.db"
    poll_interval_s: float = Field(default=15, ge=1, le=3_600)
    unconfirmed_posts: Literal["hold", "repost"] = "repost"
    ops_channel: Annotated[str, AfterValidator(_channel_id)] = ""
    access: str = ""  # read by slack.access_rules, which needs the commands
    mask_names: bool = False
    host_roles: RoleNames = frozenset()
    ignore_roles: RoleNames = frozenset()
    host: str = "0.0.0.0"  # noqa: S104 - a container listens to its outside
    port: Annotated[int, BeforeValidator(_port)] = 3000
    metrics_token: SecretStr | None = None
    default_timezone: Annotated[str, AfterValidator(exact_zone)] = "UTC"
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_format: Literal["text", "json"] = "text"

    @property
    def timezone_said(self) -> bool:
        """True if DEFAULT_TIMEZONE is set explicitly."""
        return "default_timezone" in self.model_fields_set

    @property
    def secrets(self) -> list[str]:
        """Values to redact in logs: tokens, keys, and passwords in URLs."""
        values = [getattr(self, name) for name in type(self).model_fields]
        tokens = [each.get_secret_value() for each in values if isinstance(each, SecretStr)]
        addresses = (self.database_url, self.slack_api_url, self.hms_api_url)
        passwords = [each for url in addresses for form in _PASSWORDS for each in form.findall(url)]
        return [*tokens, self.hms_access_key or "", *passwords, *map(unquote, passwords)]

    @model_validator(mode="before")
    @classmethod
    def _stripped(cls, values: dict[str, Any]) -> dict[str, Any]:
        texts = {name: value.strip() if isinstance(value, str) else value for name, value in values.items()}
        return {name: value for name, value in texts.items() if value != ""}


_BOT_TOKEN = ("slack_bot_token", "the bot token (xoxb-…) of your Slack app, page OAuth & Permissions")
_NEEDED: dict[Mode, tuple[tuple[str, str], ...]] = {
    "web": (
        _BOT_TOKEN,
        ("slack_signing_secret", "the signing secret of your Slack app, page Basic Information"),
    ),
    "socket": (
        _BOT_TOKEN,
        ("slack_app_token", "an app-level token (xapp-…) with connections:write, page Basic Information"),
    ),
}
HMS_KEYS = "HMS_ACCESS_KEY and HMS_SECRET"
_WRITE = {
    "slack_api_url": "nothing: it is for tests",
    "hms_api_url": "nothing: it is for tests",
    "hms_webhook_secret": "a long random word, such as `openssl rand -hex 32` makes",
    "database_url": "sqlite:///sessions-bot.db, for example",
    "poll_interval_s": "15, for example",
    "unconfirmed_posts": "hold or repost",
    "ops_channel": "C0123LIVE, for example: it stands at the end of a channel's details in Slack",
    "mask_names": "true or false",
    "host_roles": "teacher,co-host, for example",
    "ignore_roles": "recorder, for example",
    "port": "3000, for example",
    "default_timezone": "Europe/Berlin, for example",
    "log_level": "INFO, for example",
    "log_format": "text or json",
}
"""Advice on the value of each setting whose form can be wrong."""
_STARTS = {"slack_bot_token": ("xoxb-", "xoxe.xoxb-"), "slack_app_token": ("xapp-",)}
_KINDS = (
    (re.compile(r"(xoxe\.)?xoxb-"), "a bot token", "SLACK_BOT_TOKEN"),
    (re.compile(r"xapp-"), "an app-level token", "SLACK_APP_TOKEN"),
    (re.compile(r"(xoxe\.)?xoxp-"), "a person's token", ""),
    (re.compile(r"xoxe-"), "a refresh token", ""),
    (re.compile(r"[0-9a-f]{32}\Z"), "a signing secret, by its form", "SLACK_SIGNING_SECRET"),
)
"""Prefixes of Slack's tokens (docs.slack.dev/authentication/tokens), and the setting for each."""
_COPIED = re.compile(r"[\x21-\x7e]+")
"""Characters of a token, key or secret; others may not even fit into a request's header."""


@dataclass(frozen=True, slots=True)
class Wrong:
    """A missing or invalid setting. `why` continues a sentence after its name, `do` is the remedy; neither holds the
    value."""

    name: str
    why: str
    do: str

    @property
    def line(self) -> str:
        return f"{self.name} {self.why}: {self.do}."


def read() -> Settings:
    """Read the settings. Raises ConfigError, one line that says what to fix."""
    settings, wrong = read_all()
    if wrong:
        raise ConfigError(wrong[0].line)
    return settings


def read_all(env_file: str | None = ".env") -> tuple[Settings, list[Wrong]]:
    """Read the settings, with defaults in place of invalid ones, and what is wrong."""
    try:
        return Settings(_env_file=env_file), []  # type: ignore[call-arg]
    except (UnicodeDecodeError, OSError) as error:
        settings, wrong = read_all(env_file=None)
        text = isinstance(error, UnicodeDecodeError)
        why, do = ("is not text", "save it as UTF-8 text") if text else ("can't be read", "let the bot read it")
        return settings, [Wrong(".env", why, do), *wrong]
    except ValidationError as error:
        said = {str(each["loc"][0]): each["msg"] for each in error.errors(include_input=False, include_url=False)}
        wrong = [Wrong(name.upper(), _why(message), f"write {_WRITE[name]}") for name, message in said.items()]
        return Settings(**{name: Settings.model_fields[name].default for name in said}), wrong


def _why(message: str) -> str:
    """Return pydantic's message as a continuation of the setting's name."""
    return message.removeprefix("Value error, ").removeprefix("that ").replace("Input should", "should", 1)


def load(mode: Mode) -> Settings:
    """Read the settings and check that a mode has all it needs. Raises ConfigError as `read` does."""
    settings = read()
    for wrong in lacking(settings, mode):
        raise ConfigError(wrong.line)
    return settings


def modes(settings: Settings) -> Sequence[Mode]:
    """Return the modes that the settings are for, the first mode if they don't tell."""
    return [mode for mode, needed in _NEEDED.items() if getattr(settings, needed[-1][0]) is not None] or ["web"]


def lacking(settings: Settings, mode: Mode) -> Iterator[Wrong]:
    """Yield a mode's required settings that are missing or unusable."""
    for name, what in _NEEDED[mode]:
        if getattr(settings, name) is None:
            yield Wrong(name.upper(), "is not set", f"it is {what}")
        elif odd := _odd(settings, name):
            yield odd
        elif swapped := _swapped(name, _text(settings, name), what):
            yield swapped
        elif name in _STARTS and not _text(settings, name).startswith(_STARTS[name]):
            yield Wrong(name.upper(), "is another token", f"it starts with {_STARTS[name][0]}")
    signed = settings.hms_access_key and settings.hms_secret
    if settings.hms_management_token is None and not signed:
        yield Wrong(HMS_KEYS, "are not both set", "they are on the Developer page of the 100ms dashboard")
        return
    used = ("hms_access_key", "hms_secret") if signed else ("hms_management_token",)
    yield from filter(None, (_odd(settings, name) for name in used))


def _swapped(name: str, value: str, what: str) -> Wrong | None:
    """Return the finding for a value that belongs in another setting, or in none."""
    for form, kind, home in _KINDS:
        if form.match(value) and home != name.upper():
            move = f"move it to {home}; " if home else ""
            return Wrong(name.upper(), f"holds {kind}", f"{move}this one is {what}")
    return None


def names_given() -> tuple[set[str], set[str]]:
    """Return the names with a value in the environment, and those in `.env` if readable, in upper case."""
    try:
        file = DotEnvSettingsSource(Settings).env_vars
    except (UnicodeDecodeError, OSError):  # `read_all` says so
        file = {}
    environment, written = (
        {name.upper() for name, value in source.items() if value}
        for source in (EnvSettingsSource(Settings).env_vars, file)
    )
    return environment, written


def _odd(settings: Settings, name: str) -> Wrong | None:
    """Return the finding for a copied value with stray characters, such as a line break."""
    if _COPIED.fullmatch(_text(settings, name)):
        return None
    return Wrong(name.upper(), "has a space, a line break or another odd character in it", "copy it anew")


def _text(settings: Settings, name: str) -> str:
    value = getattr(settings, name)
    return value.get_secret_value() if isinstance(value, SecretStr) else value
