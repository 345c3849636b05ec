"""Outgoing requests: proxy, URLs, retries."""
