"""What the bot does, one verb a file: ask 100ms, let `core` decide, give `render` the result."""
