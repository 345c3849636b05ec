"""Development parts: a strict stand-in for Slack, one for 100ms, and the demo that joins them. Production never imports
them; the tests use the same two."""
