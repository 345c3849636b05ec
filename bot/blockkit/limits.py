"""Slack's published limits, as named constants.

Units are in the names: `_CHARS` counts Unicode code points of the string as sent (an escaped `&amp;` counts
five), everything else counts items.  Where two sources differ the lower number is used, so that a message
accepted here is accepted by Slack.  `sizes` applies these limits to messages, the stand-in to all requests.
"""

from typing import Final

# https://docs.slack.dev/reference/block-kit/blocks
MESSAGE_BLOCKS: Final = 50
VIEW_BLOCKS: Final = 100
BLOCK_ID_CHARS: Final = 255

# https://docs.slack.dev/reference/methods/chat.postMessage: longer text is truncated.
MESSAGE_TEXT_CHARS: Final = 40_000
# https://docs.slack.dev/reference/methods/chat.update: longer text is refused (msg_too_long).
UPDATE_TEXT_CHARS: Final = 4_000

# Undocumented: all `text` strings of one message together.  A maintainer says "12,000 text characters with a
# buffer for block containers" (slackapi/bolt-js#2509); 11,341 were rejected as msg_blocks_too_long
# (slackapi/bolt-js#2867).  Our own bound stays clear of both.
ALL_TEXT_CHARS: Final = 10_000

# https://docs.slack.dev/reference/block-kit/composition-objects/text-object
TEXT_CHARS: Final = 3_000

# https://docs.slack.dev/reference/block-kit/blocks/section-block
SECTION_TEXT_CHARS: Final = 3_000
SECTION_FIELDS: Final = 10
FIELD_TEXT_CHARS: Final = 2_000

# https://docs.slack.dev/reference/block-kit/blocks/header-block
HEADER_TEXT_CHARS: Final = 150

# https://docs.slack.dev/reference/block-kit/blocks/context-block
CONTEXT_ELEMENTS: Final = 10

# https://docs.slack.dev/reference/block-kit/blocks/actions-block
ACTIONS_ELEMENTS: Final = 25
ACTION_ID_CHARS: Final = 255

# https://docs.slack.dev/reference/block-kit/block-elements/button-element
BUTTON_TEXT_CHARS: Final = 75
BUTTON_VALUE_CHARS: Final = 2_000
BUTTON_URL_CHARS: Final = 3_000
ACCESSIBILITY_LABEL_CHARS: Final = 75

# https://docs.slack.dev/reference/block-kit/block-elements/select-menu-element
SELECT_OPTIONS: Final = 100
SELECT_OPTION_GROUPS: Final = 100
PLACEHOLDER_CHARS: Final = 150

# https://docs.slack.dev/reference/block-kit/composition-objects/option-object and .../option-group-object
OPTION_TEXT_CHARS: Final = 75
OPTION_VALUE_CHARS: Final = 150
OPTION_DESCRIPTION_CHARS: Final = 75
OPTION_URL_CHARS: Final = 3_000
OPTION_GROUP_LABEL_CHARS: Final = 75

# https://docs.slack.dev/reference/block-kit/block-elements/overflow-menu-element: "2 to 5" in older copies of
# the page, "1 to 5" in newer ones; a menu of one is a button anyway.
OVERFLOW_OPTIONS_MIN: Final = 2
OVERFLOW_OPTIONS: Final = 5

# https://docs.slack.dev/reference/block-kit/composition-objects/confirmation-dialog-object
CONFIRM_TITLE_CHARS: Final = 100
CONFIRM_TEXT_CHARS: Final = 300
CONFIRM_CONFIRM_CHARS: Final = 30
CONFIRM_DENY_CHARS: Final = 30

# https://docs.slack.dev/reference/block-kit/blocks/image-block
IMAGE_URL_CHARS: Final = 3_000
IMAGE_ALT_TEXT_CHARS: Final = 2_000
IMAGE_TITLE_CHARS: Final = 2_000

# https://docs.slack.dev/reference/block-kit/blocks/table-block
TABLE_ROWS: Final = 100
TABLE_COLUMNS: Final = 20
TABLE_COLUMN_SETTINGS: Final = 20

# https://docs.slack.dev/reference/block-kit/blocks/data-table-block: 101 rows with the header there, 201 in
# newer libraries.
DATA_TABLE_ROWS_MIN: Final = 2
DATA_TABLE_ROWS: Final = 101
DATA_TABLE_COLUMNS: Final = 20
DATA_TABLE_PAGE_SIZE: Final = 100

# Same page: the cells of all tables of one message together, 10,000 in the stored copies of the page and
# 20,000 in newer libraries.
TABLE_CELLS_TEXT_CHARS: Final = 10_000

# https://docs.slack.dev/reference/block-kit/blocks/data-visualization-block: 6 segments or series there, 12
# in newer libraries.  At most two charts in one message is undocumented (vercel/chat#696).
CHARTS_PER_MESSAGE: Final = 2
CHART_TITLE_CHARS: Final = 50
CHART_SEGMENTS: Final = 6
CHART_SERIES: Final = 6
CHART_POINTS: Final = 20
CHART_LABEL_CHARS: Final = 20
CHART_AXIS_LABEL_CHARS: Final = 50
