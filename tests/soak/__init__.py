"""An hour of the bot in minutes, and many commands at once: memory, files and threads are watched from outside.

`python -m tests.soak` runs both; MINUTES, COMMANDS and SEED change them.
"""
