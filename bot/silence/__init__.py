"""Mutes, quiet hours and channels without threads."""
