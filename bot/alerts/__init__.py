"""Subscriptions, and the messages that tell channels what changed."""
