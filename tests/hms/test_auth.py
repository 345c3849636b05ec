"""The management token by hand, through httpx's auth flow; test_client goes through the client."""

from __future__ import annotations

import httpx
import jwt

from bot.hms.auth import CLOCK_SKEW_S, RENEW_BEFORE_S, TOKEN_LIFE_S, GivenToken, ManagementAuth, SignedToken

SECRET = "s" * 40


def flow(auth: ManagementAuth, *statuses: int) -> list[str]:
    """The Authorization headers sent while the server answers with these statuses."""
    request = httpx.Request("GET", "https://api.example.com/v2/sessions")
    steps = auth.auth_flow(request)
    sent = [next(steps).headers["Authorization"]]
    for status in statuses:
        try:
            sent.append(steps.send(httpx.Response(status)).headers["Authorization"])
        except StopIteration:
            break
    return sent


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


def test_flow() -> None:
    auth = ManagementAuth(SignedToken("key", SECRET))
    assert len(flow(auth, 200)) == 1
    assert len(flow(auth, 500)) == 1
    for status in (401, 403):
        sent = flow(auth, status, status)
        assert len(sent) == 2 and sent[0] != sent[1]
    assert flow(ManagementAuth(GivenToken("t")), 401) == ["Bearer t"]
