"""The poll: from what 100ms says to the known state and the alerts about it."""
