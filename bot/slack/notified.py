"""The people and user groups that a `notify:` names, checked against Slack."""

from __future__ import annotations

from bot.errors import QueryError, UserError
from bot.query.model import Query, Term
from bot.query.notify import NOTIFY_MOST, is_person
from bot.slack.groups import Group
from bot.slack.question import NoAnswer
from bot.slack.request import Request
from bot.text import closest, fold, quote

_PICK = "For a person, type `@` and pick them from Slack's list."
_LACKS = "the app lacks the scope `{}`, which whoever runs this bot can add."
_UNREADABLE = {
    "missing_scope": f"I can't look up user groups: {_LACKS.format('usergroups:read')}",
    "plan_upgrade_required": f"This workspace's plan has no user groups. {_PICK}",
}
_LATER = "Please try again in a moment."


async def notified(request: Request, query: Query) -> dict[str, str]:
    """Return the names of those to mention by their ids. Raises QueryError for who can't be, and UserError where Slack
    doesn't tell."""
    terms = [term for term in query.terms if term.key == "notify"]
    groups = [] if all(is_person(term.value) for term in terms) else await _groups(request)
    names: dict[str, str] = {}
    for term in terms:
        if is_person(term.value):
            names[term.value] = await _person(request, query, term)
        else:
            group = _group(groups, query, term)
            names[group.id] = f"@{group.handle}"
        if len(names) > NOTIFY_MOST:
            raise _at(term, query, f"A subscription mentions at most {NOTIFY_MOST}: put people into a user group.")
    return names


async def _person(request: Request, query: Query, term: Term) -> str:
    """Return what the person is called."""
    member = await request.workspace.people.of(term.value)
    name = member.name or term.value
    if member.unanswered:
        raise UserError(f"Slack doesn't tell me just now who {quote(name)} is, so nothing has changed. {_LATER}")
    if member.stranger:
        raise _at(term, query, f"Slack knows nobody here by the id {quote(name)}. {_PICK}")
    if not member.known:
        raise UserError(f"I can't look up who {quote(name)} is: {_LACKS.format('users:read')}")
    refusals = {
        "is an app. Name people or a user group.": member.bot,
        "has a deactivated account: nobody would read that.": member.deactivated,
        "belongs to another workspace. Name members of this one.": member.elsewhere(request.ours),
        "is a guest here. Only members can be mentioned.": member.guest,
    }
    for why, holds in refusals.items():
        if holds:
            raise _at(term, query, f"{quote(name)} {why}")
    return name


async def _groups(request: Request) -> list[Group]:
    try:
        return await request.workspace.groups.all()
    except NoAnswer as failure:
        text = f"Slack doesn't tell me just now which user groups there are, so nothing has changed. {_LATER}"
        raise UserError(_UNREADABLE.get(failure.cause, text), cause=f"notify: {failure.cause}") from None


def _group(groups: list[Group], query: Query, term: Term) -> Group:
    """Return the group with that id, or that is called so."""
    said = fold(term.value)
    fits = [each for each in groups if term.value == each.id or said == each.handle]
    if len(fits) != 1:
        near = closest(said, (each.handle for each in groups if not each.disabled))
        fix = f"notify:@{near}" if near else ""
        raise _at(term, query, f"No user group is called {quote(f'@{term.value}')}. {_PICK}", fix)
    if fits[0].disabled:
        raise _at(term, query, f"The user group {quote(f'@{fits[0].handle}')} is disabled: nobody would read that.")
    return fits[0]


def _at(term: Term, query: Query, text: str, instead: str = "") -> QueryError:
    return QueryError.at(text, query.line, term.span, instead=instead)
