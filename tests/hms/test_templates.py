"""The account's templates: who hosts, who records, and what holds where they can't be read."""

from __future__ import annotations

import asyncio

import pytest

from bot.demo.fake_hms import Account, FakeHms, Oddities, Status
from bot.hms.client import Hms
from bot.hms.templates import REST_S, TemplateCache
from bot.sessions.roles import GUESS, OURS, RoleSettings, Templates


async def test_a_template_says_who_hosts_and_who_records(client: Hms, account: Account) -> None:
    school = account.add_template("school", hosts=["teacher"], others=["student"], recorder="watcher")
    account.add_template("clinic", hosts=["doctor"], others=["patient"])
    await client.templates.ready()
    known = client.templates.current
    assert {each.name for each in known.all} == {"school", "clinic"}
    assert known.hosts(school.id) == {"teacher"} and known.recorders(school.id) == {"watcher"}
    assert known.hosts() == {"teacher", "doctor"} == known.hosts("f" * 24)
    assert known.roles() == {"teacher", "student", "watcher", "doctor", "patient"}
    assert [each.name for each in known.find("School")] == ["school"] == [each.name for each in known.find(school.id)]
    assert known.find("nosuch") == []


async def test_a_room_has_the_roles_of_its_template_and_until_that_is_known_of_all(
    client: Hms, account: Account
) -> None:
    school = account.add_template("school", hosts=["Teacher"], recorder="watcher")
    account.add_template("clinic", hosts=["doctor"])
    assert client.templates.roles("room") == GUESS
    await client.templates.ready()
    assert client.templates.roles("room").leads("doctor")
    client.templates.template_of = lambda room_id: school.id if room_id == "room" else ""
    roles = client.templates.roles("room")
    assert roles.leads("teacher") and not roles.leads("doctor") and not roles.leads("host")
    assert roles.records("watcher") and roles.records("beam") and not roles.records("recorder")


@pytest.mark.parametrize("odd", [False, True])
async def test_every_page_of_them_is_read(hms: FakeHms, client: Hms, account: Account, odd: bool) -> None:
    """Also where `last` is no id."""
    hms.oddities = Oddities(odd_envelope=odd)
    for number in range(101):
        account.add_template(f"template {number}", hosts=[f"host {number}"])
    assert len(await client.list_templates()) == 101


async def test_what_is_known_stays_where_templates_cannot_be_read(hms: FakeHms, client: Hms, account: Account) -> None:
    now = [1_000.0]
    cache = TemplateCache(client.list_templates, RoleSettings(), lambda: now[0])
    hms.fail("/templates", Status(500))
    await cache.ready()
    await cache.ready()
    assert len(hms.requests) == 1 and cache.roles("room") == GUESS
    account.add_template("school", hosts=["teacher"])
    now[0] += REST_S
    await cache.ready()
    assert cache.roles("room").leads("teacher")
    hms.fail_always("/templates", Status(403))
    now[0] += 10_000
    await cache.ready()
    while hms.requests[-1].status != 403:
        await asyncio.sleep(0.01)
    await cache.close()
    assert cache.roles("room").leads("teacher")


async def test_an_odd_template_costs_no_other(hms: FakeHms, client: Hms) -> None:
    good = {"id": "a" * 24, "name": "school", "roles": {"teacher": {"permissions": {"removeOthers": True}}}}
    odd = [{"id": []}, good | {"id": "b" * 24, "roles": {"host": {"permissions": 3}}}, {"id": "c" * 24, "roles": None}]
    hms.fail("/templates", Status(200, body={"data": [good, *odd]}))
    assert "school" in [each.name for each in await client.list_templates()]


def test_without_a_template_only_a_role_that_is_called_host_leads() -> None:
    hosts = ["host", "co-host", "webinar_host", "cohost", "eventHost", "HOST"]
    assert [role for role in (*hosts, "ghost", "teacher", "hosted", "", "Ghost") if GUESS.leads(role)] == hosts


def test_the_settings_override_what_templates_say() -> None:
    roles = RoleSettings(frozenset({"Tutor"}), frozenset({"proctor"})).roles(Templates())
    assert roles.leads("tutor") and not roles.leads("host")
    assert roles.records("proctor") and not any(roles.records(each) for each in OURS)
