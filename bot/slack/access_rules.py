"""`ACCESS`: who may use which command, and where.

subscribe, unsubscribe: S0OPS U0ADA; digest: S0OPS C0LIVE; *: C0LIVE C0OPS
"""

from __future__ import annotations

import re
from collections.abc import Container, Mapping
from dataclasses import dataclass

from bot.errors import ConfigError
from bot.query.suggest import nearest
from bot.text import quote

OTHERS = "*"
"""Every command that has no rule of its own."""
_GAP = re.compile(r"[\s,]+")
_ID = re.compile(r"[UWSCGD][A-Z0-9]{2,31}")


@dataclass(frozen=True, slots=True)
class Rule:
    """Ids of Slack. Where neither `users` nor `groups` are named it is for everybody, without `channels` everywhere."""

    users: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()
    channels: frozenset[str] = frozenset()

    def asks(self, user_id: str) -> frozenset[str]:
        """The groups that decide about that person; none where nobody needs to look."""
        return frozenset() if user_id in self.users else self.groups

    def admits(self, user_id: str, member_of: Container[str] = ()) -> bool:
        """True if it allows that person, a member of these groups."""
        for_all = not (self.users or self.groups)
        return for_all or user_id in self.users or any(group in member_of for group in self.groups)

    def holds_in(self, channel_id: str) -> bool:
        """True if it allows the command there."""
        return channel_id in self.channels or not self.channels


Access = Mapping[str, Rule]
"""A rule by command; a command without one is for everybody."""


def names_groups(access: Access) -> bool:
    """True if any rule names a user group."""
    return any(rule.groups for rule in access.values())


def read_access(text: str, commands: Mapping[str, str], free: Container[str] = ()) -> Access:
    """The rules of a setting. `commands` has the command or right for each name of it; those that are `free` can't have
    a rule. Raises ConfigError with the place and what to write."""
    rules: dict[str, Rule] = {}
    for said in filter(_words, (each.strip(" \t\r\n,") for each in text.split(";"))):
        names, colon, rest = said.partition(":")
        ids, words = _words(rest), _words(names)
        if not colon:
            fix = f"{words[0]}: {' '.join(words[1:]) or 'U0123ABCD'}"
            raise _wrong(said, f"a colon is missing: write {quote(fix)}")
        if not words:
            raise _wrong(
                said, f"no command stands before the colon: {quote('*')} is all that have no rule of their own"
            )
        if not ids:
            raise _wrong(
                said, f"no ids stand behind the colon: leave the rule out, or write {quote(f'{said} U0123ABCD')}"
            )
        rule = _rule(said, ids)
        for word in words:
            name = _command(said, word.lower(), commands, free)
            if name in rules:
                raise _wrong(said, f"{quote(word)} has a rule already: write all its ids in one")
            rules[name] = rule
    others = rules.pop(OTHERS, None)
    if others:
        rules |= {name: others for name in commands.values() if name not in rules and name not in free}
    return rules


def _command(said: str, word: str, commands: Mapping[str, str], free: Container[str]) -> str:
    if word == OTHERS:
        return word
    if word not in commands:
        near = nearest(word, commands)
        known = ", ".join(name for name in dict.fromkeys(commands.values()) if name not in free)
        hint = f"did you mean {quote(near)}?" if near else f"there are {known} and {OTHERS}"
        raise _wrong(said, f"{quote(word)} is no command: {hint.rstrip('?')}{'?' if near else ''}")
    if commands[word] in free:
        raise _wrong(said, f"{quote(word)} is always for everybody: leave it out")
    return commands[word]


def _rule(said: str, ids: list[str]) -> Rule:
    for each in ids:
        if not _ID.fullmatch(each):
            hint = (
                f": did you mean {quote(each.upper())}?"
                if _ID.fullmatch(each.upper())
                else (": those of users start with U or W, of user groups with S, of channels with C, G or D")
            )
            raise _wrong(said, f"{quote(each)} is no id of Slack{hint}")
    return Rule(*(frozenset(each for each in ids if each[0] in kinds) for kinds in ("UW", "S", "CGD")))


def _wrong(said: str, why: str) -> ConfigError:
    why = why if why.endswith("?") else f"{why}."
    return ConfigError(f"ACCESS, in {quote(said)}: {why}")


def _words(text: str) -> list[str]:
    return [word for word in _GAP.split(text) if word]
