"""What must outlive the process: subscriptions, what the last poll knew, cards and the messages to be sent. All SQL."""
