"""The 100ms API: tokens, requests and decoding into `bot.sessions`."""
