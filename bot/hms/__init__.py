"""100ms: the management token, the requests, and JSON into `core.session`."""
