"""The periodic jobs and their scheduler."""
