"""100ms: the management token, the requests, and JSON into `sessions.model`."""
