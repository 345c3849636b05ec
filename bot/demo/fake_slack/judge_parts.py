"""Checks of Block Kit's inner parts: text, option and confirm objects, and the elements that messages use.

Every function adds lines to a `Report` and returns nothing; none raises, whatever JSON it is given.  Callers:
`judge` and `judge_data` only.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bot.blockkit import limits

STYLES = ("primary", "danger")


@dataclass(slots=True)
class Report:
    """Collects violations, one line each, in the order found: `<JSON path>: <what>`."""

    lines: list[str] = field(default_factory=list)

    def add(self, path: str, what: str) -> None:
        self.lines.append(f"{path}: {what}")

    def mapping(self, value: Any, path: str, allowed: str) -> Mapping[str, Any] | None:
        """`value` if it is an object; keys outside `allowed` (words) are violations, as Slack has it."""
        if not isinstance(value, Mapping):
            self.add(path, f"must be an object, not {kind(value)}")
            return None
        known = allowed.split()
        for key in value:
            if key not in known:
                self.add(path, f"unknown property {str(key)[:40]!r}")
        return value

    def items(self, value: Any, path: str, most: int, least: int = 1) -> Sequence[Any]:
        """`value` if it is an array (an empty one otherwise), checked to hold `least` to `most` items."""
        if not isinstance(value, list | tuple):
            self.add(path, f"must be an array, not {kind(value)}")
            return ()
        if len(value) < least:
            self.add(path, f"{len(value)} items, at least {least}")
        if len(value) > most:
            self.add(path, f"{len(value):,} items, at most {most:,}")
        return value

    def string(self, value: Any, path: str, most: int, *, required: bool = True, blank: bool = False) -> None:
        """Checks a string of at most `most` characters; `blank` permits an empty or white one."""
        if value is None and not required:
            return
        if not isinstance(value, str):
            self.add(path, f"must be a string, not {kind(value)}")
        elif not blank and not value.strip():
            self.add(path, "is empty")
        elif len(value) > most:
            self.add(path, f"{len(value):,} characters, at most {most:,}")

    def one_of(self, value: Any, path: str, names: Sequence[str], *, required: bool = False) -> None:
        if (required or value is not None) and value not in names:
            self.add(path, f"must be one of {', '.join(names)}")

    def boolean(self, value: Any, path: str) -> None:
        if value is not None and not isinstance(value, bool):
            self.add(path, f"must be true or false, not {kind(value)}")

    def integer(self, value: Any, path: str, least: int, most: int) -> None:
        if value is None:
            return
        if isinstance(value, bool) or not isinstance(value, int):
            self.add(path, f"must be an integer, not {kind(value)}")
        elif not least <= value <= most:
            self.add(path, f"must be {least} to {most}")

    def link(self, value: Any, path: str, most: int, *, required: bool = False) -> None:
        self.string(value, path, most, required=required)
        if isinstance(value, str) and value.strip() and not value.startswith(("https://", "http://")):
            self.add(path, "must begin with https:// or http://")


def kind(value: Any) -> str:
    """The JSON name of a value's type, for messages."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a boolean"
    for types, name in ((str, "a string"), ((int, float), "a number"), ((list, tuple), "an array")):
        if isinstance(value, types):
            return name
    return "an object" if isinstance(value, Mapping) else type(value).__name__


def text_object(report: Report, value: Any, path: str, most: int, *, plain: bool = False) -> None:
    """A text object of 1 to `most` characters; `plain` refuses mrkdwn.

    https://docs.slack.dev/reference/block-kit/composition-objects/text-object
    """
    text = report.mapping(value, path, "type text emoji verbatim")
    if text is None:
        return
    names = ("plain_text",) if plain else ("plain_text", "mrkdwn")
    report.one_of(text.get("type"), f"{path}.type", names, required=True)
    report.string(text.get("text"), f"{path}.text", most)
    report.boolean(text.get("emoji"), f"{path}.emoji")
    report.boolean(text.get("verbatim"), f"{path}.verbatim")
    if text.get("type") == "mrkdwn" and "emoji" in text:
        report.add(f"{path}.emoji", "only for plain_text")
    if text.get("type") == "plain_text" and "verbatim" in text:
        report.add(f"{path}.verbatim", "only for mrkdwn")


def confirm(report: Report, value: Any, path: str) -> None:
    """A confirmation dialog.  Its text may be mrkdwn: the page's own example is."""
    dialog = report.mapping(value, path, "title text confirm deny style")
    if dialog is None:
        return
    text_object(report, dialog.get("title"), f"{path}.title", limits.CONFIRM_TITLE_CHARS, plain=True)
    text_object(report, dialog.get("text"), f"{path}.text", limits.CONFIRM_TEXT_CHARS)
    text_object(report, dialog.get("confirm"), f"{path}.confirm", limits.CONFIRM_CONFIRM_CHARS, plain=True)
    text_object(report, dialog.get("deny"), f"{path}.deny", limits.CONFIRM_DENY_CHARS, plain=True)
    report.one_of(dialog.get("style"), f"{path}.style", STYLES)


def option(report: Report, value: Any, path: str, *, url: bool = False) -> None:
    """One option of a select or (with `url`) an overflow menu; both take plain_text only."""
    found = report.mapping(value, path, "text value description url" if url else "text value description")
    if found is None:
        return
    text_object(report, found.get("text"), f"{path}.text", limits.OPTION_TEXT_CHARS, plain=True)
    report.string(found.get("value"), f"{path}.value", limits.OPTION_VALUE_CHARS)
    if "description" in found:
        most = limits.OPTION_DESCRIPTION_CHARS
        text_object(report, found["description"], f"{path}.description", most, plain=True)
    if url:
        report.link(found.get("url"), f"{path}.url", limits.OPTION_URL_CHARS)


def _options(report: Report, value: Any, path: str, most: int, least: int = 1, *, url: bool = False) -> list[Any]:
    options = report.items(value, path, most, least)
    for index, each in enumerate(options):
        option(report, each, f"{path}[{index}]", url=url)
    return list(options)


def _interactive(report: Report, element: Mapping[str, Any], path: str) -> None:
    report.string(element.get("action_id"), f"{path}.action_id", limits.ACTION_ID_CHARS, required=False)
    if "confirm" in element:
        confirm(report, element["confirm"], f"{path}.confirm")


def _button(report: Report, value: Any, path: str) -> None:
    button = report.mapping(value, path, "type text action_id url value style confirm accessibility_label")
    if button is None:
        return
    _interactive(report, button, path)
    text_object(report, button.get("text"), f"{path}.text", limits.BUTTON_TEXT_CHARS, plain=True)
    report.string(button.get("value"), f"{path}.value", limits.BUTTON_VALUE_CHARS, required=False, blank=True)
    report.link(button.get("url"), f"{path}.url", limits.BUTTON_URL_CHARS)
    report.one_of(button.get("style"), f"{path}.style", STYLES)
    label = button.get("accessibility_label")
    report.string(label, f"{path}.accessibility_label", limits.ACCESSIBILITY_LABEL_CHARS, required=False)


def _static_select(report: Report, value: Any, path: str) -> None:
    allowed = "type action_id placeholder options option_groups initial_option confirm focus_on_load"
    select = report.mapping(value, path, allowed)
    if select is None:
        return
    _interactive(report, select, path)
    if "placeholder" in select:
        text_object(report, select["placeholder"], f"{path}.placeholder", limits.PLACEHOLDER_CHARS, plain=True)
    if ("options" in select) == ("option_groups" in select):
        report.add(path, "needs either options or option_groups")
    options: list[Any] = []
    if "options" in select:
        options += _options(report, select["options"], f"{path}.options", limits.SELECT_OPTIONS)
    if "option_groups" in select:
        groups = report.items(select["option_groups"], f"{path}.option_groups", limits.SELECT_OPTION_GROUPS)
        for index, each in enumerate(groups):
            where = f"{path}.option_groups[{index}]"
            if (group := report.mapping(each, where, "label options")) is None:
                continue
            text_object(report, group.get("label"), f"{where}.label", limits.OPTION_GROUP_LABEL_CHARS, plain=True)
            options += _options(report, group.get("options"), f"{where}.options", limits.SELECT_OPTIONS)
    if "initial_option" in select:
        option(report, select["initial_option"], f"{path}.initial_option")
        if select["initial_option"] not in options:
            report.add(f"{path}.initial_option", "is not one of the options")
    report.boolean(select.get("focus_on_load"), f"{path}.focus_on_load")


def _overflow(report: Report, value: Any, path: str) -> None:
    menu = report.mapping(value, path, "type action_id options confirm")
    if menu is None:
        return
    _interactive(report, menu, path)
    least, most = limits.OVERFLOW_OPTIONS_MIN, limits.OVERFLOW_OPTIONS
    _options(report, menu.get("options"), f"{path}.options", most, least, url=True)


def image(report: Report, value: Any, path: str, *, block: bool = False) -> None:
    """An image element or, with `block`, an image block, which may have a title."""
    allowed = "type image_url slack_file alt_text" + (" title block_id" if block else "")
    found = report.mapping(value, path, allowed)
    if found is None:
        return
    if ("image_url" in found) == ("slack_file" in found):
        report.add(path, "needs either image_url or slack_file")
    if "image_url" in found:
        report.link(found["image_url"], f"{path}.image_url", limits.IMAGE_URL_CHARS, required=True)
    report.string(found.get("alt_text"), f"{path}.alt_text", limits.IMAGE_ALT_TEXT_CHARS)
    if block and "title" in found:
        text_object(report, found["title"], f"{path}.title", limits.IMAGE_TITLE_CHARS, plain=True)


ELEMENTS: Mapping[str, Callable[[Report, Any, str], None]] = {
    "button": _button,
    "static_select": _static_select,
    "overflow": _overflow,
}


def element(report: Report, value: Any, path: str, *, accessory: bool = False) -> None:
    """One interactive element, or (with `accessory`) what may stand beside a section's text."""
    if not isinstance(value, Mapping):
        report.add(path, f"must be an object, not {kind(value)}")
        return
    name = value.get("type")
    if accessory and name == "image":
        image(report, value, path)
    elif isinstance(name, str) and name in ELEMENTS:
        ELEMENTS[name](report, value, path)
    else:
        report.add(f"{path}.type", f"unknown element type {str(name)[:40]!r}")
