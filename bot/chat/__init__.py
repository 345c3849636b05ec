"""Messages for channels: Slack's Web API methods, and what each of their answers means for what was posted."""
