"""Switches for all that the docs disagree about with themselves, or leave open: one for each reading."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from typing import Literal

NoLast = Literal["missing", "null", "empty"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Oddities:
    """The form of answers; the defaults are the forms of the list-sessions page.

    `empty_data`: `data` of an empty page, null [legacy-api-v1/session] or `[]`.
    `empty_last`: `last` of an empty page.
    `final_last`: `last` of a last page that holds something; "id" is the form of the pages' samples.
    `peers`: object keyed by peer id, or the array that the object page names.
    `user_key`: the deprecated `user` stands where `user_id` does now, or both do.
    `peer_ids`, `session_ids`: whether peers carry `id` and `session_id` [absent in legacy-api-v1/session].
    `still_in`: how `left_at` is written for somebody who is in.
    `left_at_of_gone`: whether ended stays carry their `left_at`.
    `fraction_digits`: of every time; None is milliseconds with trailing zeros dropped. Fewer than 3 cut the
    time off, more than 3 add digits that never reach the next millisecond.
    `app_id`: whether sessions carry `app_id`, as those of newer accounts do.
    `error_extra`: the third field of an error body, `details` [Token validation error] or `data`
    [introduction/request-and-response].
    `without_active`: what a listing without `active` returns: all, as the page's sample, or only active
    sessions, as its table of filters says.
    `without_enabled`: what a rooms listing without `enabled` returns: enabled ones, as its table says (Default: true)
    [Rooms/list-rooms], or all.
    `hashed`: names of rooms and peers are SHA-256, as of a HIPAA workspace; rooms are found by the clear name too
    [get-started/v2/get-started/security-and-privacy/HIPAA compliance/HIPAA-workspace].
    `times`, `active_as_text`: of sessions and peers, written as other services of 100ms's and Go's own printer do.
    `odd_envelope`: a list's `limit` is a text, and a `last` that is there an object.
    `limit_most`: a larger `limit` is refused, in the words that others met ("limit greater than 20").
    `mixed`: a seed; the fields about pages, peers and times are then drawn anew for every answer and session,
    and the other switches stay as set.
    """

    empty_data: Literal["null", "array"] = "null"
    empty_last: NoLast = "missing"
    final_last: NoLast | Literal["id"] = "id"
    peers: Literal["object", "array"] = "object"
    user_key: Literal["user_id", "user", "both"] = "user_id"
    peer_ids: bool = True
    session_ids: bool = True
    still_in: Literal["missing", "null", "empty", "zero"] = "missing"
    left_at_of_gone: bool = True
    fraction_digits: int | None = None
    app_id: bool = False
    error_extra: Literal["details", "data"] = "details"
    without_active: Literal["all", "active"] = "all"
    without_enabled: Literal["all", "enabled"] = "enabled"
    hashed: bool = False
    times: Literal["rfc3339", "epoch", "epoch_ms", "go", "no_zone"] = "rfc3339"
    active_as_text: bool = False
    odd_envelope: bool = False
    limit_most: int | None = None
    mixed: int | None = None

    def __post_init__(self) -> None:
        if self.fraction_digits is not None and not 0 <= self.fraction_digits <= 9:
            raise ValueError("fraction_digits is 0 to 9, or None")

    def drawn(self, about: str) -> Oddities:
        """The switches for one answer or session: these, or with `mixed` a draw that `about` always repeats.

        A draw never leaves out the `left_at` of a stay that is over, since nobody could tell it from one that
        goes on. Peers that come as an array keep their `id`, for the same reason.
        """
        if self.mixed is None:
            return self
        rng = random.Random(f"{self.mixed}:{about}")
        peers: Literal["object", "array"] = rng.choice(("object", "array"))
        return replace(
            self,
            empty_data=rng.choice(("null", "array")),
            empty_last=rng.choice(("missing", "null", "empty")),
            final_last=rng.choice(("id", "missing", "null", "empty")),
            peers=peers,
            user_key=rng.choice(("user_id", "user", "both")),
            peer_ids=peers == "array" or rng.random() < 0.5,
            session_ids=rng.random() < 0.5,
            still_in=rng.choice(("missing", "null", "empty", "zero")),
            fraction_digits=rng.choice((None, *range(10))),
            app_id=rng.random() < 0.5,
        )
