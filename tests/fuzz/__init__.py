"""Inputs by the million, each a changed form of one that is right: nothing may fail in a way that isn't documented.

`python -m tests.fuzz` runs it; INPUTS, SEED and ONLY change it. `targets` says what is tried and what has to hold.
"""
