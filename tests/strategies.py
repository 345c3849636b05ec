"""Queries and texts for property tests."""

from __future__ import annotations

from datetime import UTC, datetime, time

from hypothesis import strategies as st

from bot.query.filters import STATES
from bot.query.lasting import LEAST_S, LIFE_S, parse_missing
from bot.query.model import Query, Term
from bot.query.parse import parse
from bot.query.times import DAYS, Ago, Day, Instant, TimeOfDay, Wall
from bot.query.values import Count, RoomId, RoomName, RoomPrefix, TemplateId, TemplateName
from bot.text import fold, tidy

ids = st.text("0123456789abcdef", min_size=24, max_size=24)
awkward = st.sampled_from([*"\"'\\,:-–<>&`*_~@#|/ \u00a0\u200b\u202e“”‘’«»🙂é", "<@U1|ada>", "&amp;", "://", "active"])
texts = st.lists(st.one_of(awkward, st.characters()), max_size=40).map("".join)
lines = st.lists(
    st.one_of(
        st.sampled_from(["active", "ended", "ALL", "room:", "-role:", "user:x", "peers:>=2", "after:2h", "before:1h"]),
        st.sampled_from(["limit:9", "limit:50", "start:", "rom:x", "longer:45m", "peers>=2", ",", "help", "show"]),
        texts,
    ),
    max_size=8,
).map(" ".join)
values = texts.map(tidy).filter(lambda text: 0 < len(text) <= 40)
names = values.filter(lambda text: "*" not in text)
prefixes = names.map(fold).filter(lambda text: text.strip("# ")).map(RoomPrefix)
dates = st.datetimes(datetime(2000, 1, 2), datetime(2099, 12, 30)).map(
    lambda when: when.replace(microsecond=when.microsecond // 1000 * 1000)
)
clocks = st.builds(time, st.integers(0, 23), st.integers(0, 59))
times = st.one_of(
    st.integers(0, 300_000_000).map(Ago),
    st.builds(Day, st.sampled_from([*DAYS, "today", "yesterday", "last monday"]), clocks),
    st.builds(TimeOfDay, clocks),
    dates.map(lambda when: Wall(when, date_only=False)),
    dates.map(lambda when: Wall(when.replace(hour=0, minute=0, second=0, microsecond=0), date_only=True)),
    dates.map(lambda when: Instant(when.replace(tzinfo=UTC))),
)
lengths = st.integers(LEAST_S, LIFE_S)
roles = values.map(lambda text: tidy(text.translate(dict.fromkeys(map(ord, ">=≥"))))).filter(bool)
missing = st.builds(str.__add__, roles, st.one_of(st.just(""), lengths.map(lambda s: f">{s}s"))).map(parse_missing)
many = st.one_of(
    st.builds(Term, st.just("room"), st.one_of(ids.map(RoomId), names.map(RoomName), prefixes), st.booleans()),
    st.builds(Term, st.just("template"), st.one_of(ids.map(TemplateId), names.map(TemplateName)), st.booleans()),
    st.builds(Term, st.sampled_from(["role", "user"]), values, st.booleans()),
    st.builds(
        Term,
        st.just("peers"),
        st.one_of(
            st.builds(Count, st.sampled_from([">=", "<=", ">", "<", "="]), st.integers(0, 999_999)),
            st.builds(Count, st.just(".."), st.integers(0, 5), st.integers(6, 999_999)),
        ),
        st.booleans(),
    ),
    st.builds(Term, st.just("longer"), st.integers(0, 300_000_000), st.booleans()),
    st.builds(Term, st.sampled_from(["idle", "alone", "ending"]), lengths, st.booleans()),
    st.builds(Term, st.just("missing"), missing, st.booleans()),
)
once = st.fixed_dictionaries(
    {}, optional={"after": times, "before": times, "limit": st.integers(10, 100), "start": ids}
).map(lambda said: [Term(key, value) for key, value in said.items()])


@st.composite
def queries(draw: st.DrawFn) -> Query:
    """Any query that can be said, in canonical order."""
    terms = draw(st.lists(many, max_size=5)) + draw(once)
    query = Query(draw(st.sampled_from(list(STATES))), tuple(terms))
    return Query(query.state, parse(str(query)).terms)
