"""The account's rooms, by id and by name."""
