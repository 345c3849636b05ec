"""Block Kit: blocks, layout, escaping, Slack's limits and common phrases. Pure."""
