"""Our limits against those of slackblocks, which come from its own reading of Slack's pages."""

import pytest
from slackblocks import _limits as theirs

from bot.blockkit import limits as ours

# Ours: theirs, where that isn't ours with another ending.
TWINS = {
    "FIELD_TEXT_CHARS": "SECTION_FIELDS_ITEM_MAX_LENGTH",
    "ACCESSIBILITY_LABEL_CHARS": "BUTTON_ACCESSIBILITY_LABEL_MAX_LENGTH",
    "PLACEHOLDER_CHARS": "SELECT_PLACEHOLDER_MAX_LENGTH",
    "CONFIRM_TITLE_CHARS": "CONFIRMATION_TITLE_MAX_LENGTH",
    "CONFIRM_TEXT_CHARS": "CONFIRMATION_TEXT_MAX_LENGTH",
    "CONFIRM_CONFIRM_CHARS": "CONFIRMATION_CONFIRM_MAX_LENGTH",
    "CONFIRM_DENY_CHARS": "CONFIRMATION_DENY_MAX_LENGTH",
    "IMAGE_URL_CHARS": "IMAGE_IMAGE_URL_MAX_LENGTH",
    "TABLE_CELLS_TEXT_CHARS": "DATA_TABLE_TOTAL_CONTENT_MAX_LENGTH",
    "DATA_TABLE_PAGE_SIZE": "DATA_TABLE_PAGE_SIZE_MAX",
    "CHARTS_PER_MESSAGE": "MESSAGE_DATA_VISUALIZATIONS_MAX_ITEMS",
    "CHART_TITLE_CHARS": "DATA_VISUALIZATION_TITLE_MAX_LENGTH",
    "CHART_SEGMENTS": "DATA_VISUALIZATION_SEGMENTS_MAX_ITEMS",
    "CHART_SERIES": "DATA_VISUALIZATION_SERIES_MAX_ITEMS",
    "CHART_POINTS": "DATA_VISUALIZATION_DATA_MAX_ITEMS",
    "CHART_LABEL_CHARS": "DATA_VISUALIZATION_SEGMENT_LABEL_MAX_LENGTH",
    "CHART_AXIS_LABEL_CHARS": "DATA_VISUALIZATION_AXIS_LABEL_MAX_LENGTH",
}
# (ours, theirs) where Slack's pages say less than slackblocks does; a menu of one option is refused here.
DELIBERATE = {
    "OVERFLOW_OPTIONS_MIN": (2, 1),
    "TABLE_CELLS_TEXT_CHARS": (10_000, 20_000),
    "DATA_TABLE_ROWS": (101, 201),
    "CHART_SEGMENTS": (6, 12),
    "CHART_SERIES": (6, 12),
}
# Not a rule of one field, so slackblocks has no twin.
OURS_ALONE = {"MESSAGE_TEXT_CHARS", "UPDATE_TEXT_CHARS", "ALL_TEXT_CHARS"}


def twin(name: str) -> str:
    """The name that slackblocks has for the same limit."""
    if name.endswith("_CHARS"):
        regular = f"{name.removesuffix('_CHARS')}_MAX_LENGTH"
    else:
        regular = f"{name}_ITEMS" if name.endswith("_MIN") else f"{name}_MAX_ITEMS"
    return TWINS.get(name, regular)


@pytest.mark.parametrize("name", [name for name in vars(ours) if name.isupper() and name not in OURS_ALONE])
def test_limits_agree_with_slackblocks(name: str) -> None:
    pair = (getattr(ours, name), getattr(theirs, twin(name)))
    assert pair == DELIBERATE.get(name, (pair[1], pair[1]))
