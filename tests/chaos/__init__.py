"""The crash test of alerts and digests: the real bot between its strict stand-ins, killed and stopped while sessions
live, digests come due and people want silence.

`python -m tests.chaos` runs it; KILLS, SEED, REPLICAS and DATABASE_URL change it. `checker` says what is right.
"""
