"""The HTTP edge: Slack's requests in HTTP mode, and the health paths in both modes."""
