"""The management token by hand, through httpx's auth flow; test_client goes through the client."""

from __future__ import annotations

import jwt

from bot.hms.auth import CLOCK_SKEW_S, RENEW_BEFORE_S, TOKEN_LIFE_S, SignedToken

SECRET = "s" * 40


def test_claims() -> None:
    now = 1_764_000_000.0
    token = SignedToken("key", SECRET, clock=lambda: now).current()
    claims = jwt.decode(token, SECRET, algorithms=["HS256"], options={"verify_exp": False, "verify_iat": False})
    assert claims.pop("jti")
    assert claims == {
        "access_key": "key", "type": "management", "version": 2,
        "iat": now - CLOCK_SKEW_S, "nbf": now - CLOCK_SKEW_S, "exp": now + TOKEN_LIFE_S,
    }  # fmt: skip


def test_a_token_is_kept_until_shortly_before_it_expires() -> None:
    now = [0.0]
    token = SignedToken("key", SECRET, clock=lambda: now[0])
    first = token.current()
    now[0] = TOKEN_LIFE_S - RENEW_BEFORE_S
    assert token.current() == first
    now[0] += 1
    assert token.current() != first


def test_one_renewal_for_many_refusals() -> None:
    token = SignedToken("key", SECRET)
    old = token.current()
    assert token.renew(old)
    new = token.current()
    assert token.renew(old) and token.current() == new
