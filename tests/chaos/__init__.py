"""The crash test of the alert engine: the real bot between its strict stand-ins, killed and stopped while sessions live.

`python -m tests.chaos` runs it; KILLS, SEED, REPLICAS and DATABASE_URL change it. `checker` says what is right.
"""
