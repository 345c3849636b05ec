"""Management tokens: how the stand-in signs them for tests and checks those it is sent.

A JWT, HS256 over the app secret [get-started/security-and-tokens].
"""

from __future__ import annotations

import uuid
from typing import Any

import jwt

_REQUIRED = ("access_key", "type", "version", "iat", "nbf", "exp", "jti")
# The stand-in's own clock decides on times, so that tests can move it.
_DECODE_OPTIONS: Any = {"verify_exp": False, "verify_nbf": False, "verify_iat": False}


class TokenRefused(Exception):
    """A token that does not open the API: 401 when it is not valid, 403 when it is of another type."""

    def __init__(self, status: int, message: str, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.message = message
        self.detail = detail


def sign(access_key: str, secret: str, now: float, /, **overrides: Any) -> str:
    """A management token good for a day from 10 s before `now`; an override of None drops its claim."""
    issued = int(now) - 10
    claims: dict[str, Any] = {
        "access_key": access_key,
        "type": "management",
        "version": 2,
        "iat": issued,
        "nbf": issued,
        "exp": issued + 86_400,
        "jti": str(uuid.uuid4()),
    } | overrides
    return jwt.encode({name: value for name, value in claims.items() if value is not None}, secret, algorithm="HS256")


def check(authorization: str | None, *, access_key: str, secret: str, now: float) -> None:
    """Pass a valid `Authorization` header value; raises `TokenRefused` for any other."""
    scheme, _, token = (authorization or "").partition(" ")
    if scheme != "Bearer" or not token:
        raise _invalid("not found")
    try:
        claims = jwt.decode(token, secret, algorithms=["HS256"], options=_DECODE_OPTIONS)
    except jwt.PyJWTError as error:
        raise _invalid(str(error)) from error
    missing = [name for name in _REQUIRED if not claims.get(name)]
    if missing:
        raise _invalid(f"missing claims: {', '.join(missing)}")
    if claims["type"] != "management":
        raise TokenRefused(403, "Forbidden", f"token of type {claims['type']!r} is not allowed here")
    if claims["access_key"] != access_key or claims["version"] != 2:
        raise _invalid("unknown access_key or version")
    try:
        iat, nbf, exp = (float(claims[name]) for name in ("iat", "nbf", "exp"))
    except (TypeError, ValueError) as error:
        raise _invalid("iat, nbf and exp must be numbers") from error
    if now >= exp:
        raise _invalid("token is expired")
    if now < max(iat, nbf):
        raise _invalid("token is not valid yet")


def _invalid(detail: str) -> TokenRefused:
    return TokenRefused(401, "Token validation error", detail)
