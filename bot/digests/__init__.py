"""Digests: their schedules, figures and charts."""
