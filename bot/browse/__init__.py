"""Lists of sessions and one session, for the person who asks."""
