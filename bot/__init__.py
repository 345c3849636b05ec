"""sessions-bot: 100ms sessions in Slack. See docs/architecture.md for the map."""

__version__ = "0.1.0"
