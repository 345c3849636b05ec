"""Messages for channels that arrive once: claim, post, record, confirm, pause."""
