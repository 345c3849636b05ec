"""Slack's edge: listeners that acknowledge at once, and the answers that follow."""
