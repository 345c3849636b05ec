"""The management token: fixed, or signed with key and secret and renewed.

100ms docs, get-started/security-and-tokens.
"""

from __future__ import annotations

import time
import uuid
import warnings
from collections.abc import Callable, Generator, Mapping
from hashlib import blake2b
from typing import Any, Protocol

import httpx
import jwt
from jwt.warnings import InsecureKeyLengthWarning

TOKEN_LIFE_S = 24 * 3_600
RENEW_BEFORE_S = 300
CLOCK_SKEW_S = 10
"""Seconds by which `iat` and `nbf` are backdated, as in the official Node SDK, for servers whose clock is behind."""


class Token(Protocol):
    """A source of tokens."""

    def current(self) -> str: ...

    def renew(self, refused: str) -> bool:
        """Replace `refused`; False if that isn't possible."""


class GivenToken:
    """A token that an operator made; it can't be renewed."""

    def __init__(self, token: str) -> None:
        self._token = token

    def current(self) -> str:
        return self._token

    def renew(self, refused: str) -> bool:
        return False


def claims(token: str) -> Mapping[str, Any] | None:
    """Return a token's claims, unverified; None if it is no token."""
    try:
        unverified: Mapping[str, Any] = jwt.decode(token, options={"verify_signature": False})
    except jwt.PyJWTError:
        return None
    return unverified


def account_of(token: str) -> str:
    """Return a hash of the token's access key, which identifies the account; "" if it has none."""
    key = (claims(token) or {}).get("access_key")
    return blake2b(key.encode(), digest_size=8).hexdigest() if isinstance(key, str) and key else ""


class SignedToken:
    """Signs tokens itself, one a day."""

    def __init__(self, access_key: str, secret: str, clock: Callable[[], float] = time.time) -> None:
        self._access_key = access_key
        self._secret = secret
        self._clock = clock
        self._token = ""
        self._expires_at = 0.0

    def current(self) -> str:
        if self._clock() > self._expires_at - RENEW_BEFORE_S:
            self._sign()
        return self._token

    def renew(self, refused: str) -> bool:
        if refused == self._token:  # else another request has already renewed it
            self._sign()
        return True

    def _sign(self) -> None:
        now = int(self._clock())
        self._expires_at = now + TOKEN_LIFE_S
        claims = {
            "access_key": self._access_key,
            "type": "management",
            "version": 2,
            "iat": now - CLOCK_SKEW_S,
            "nbf": now - CLOCK_SKEW_S,
            "exp": int(self._expires_at),
            "jti": str(uuid.uuid4()),
        }
        with warnings.catch_warnings(action="ignore", category=InsecureKeyLengthWarning):  # the doctor warns of it
            self._token = jwt.encode(claims, self._secret, algorithm="HS256")


class ManagementAuth(httpx.Auth):
    """Adds the token, and retries once with a new one after 401 or 403."""

    def __init__(self, token: Token) -> None:
        self._token = token

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        used = self._token.current()
        request.headers["Authorization"] = f"Bearer {used}"
        response = yield request
        if response.status_code in (401, 403) and self._token.renew(used):
            request.headers["Authorization"] = f"Bearer {self._token.current()}"
            yield request
