"""Stand-ins that answer fast enough not to be what is measured."""
