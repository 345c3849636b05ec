"""Benchmarks against what a user would write instead. `python -m bench [--quick]`; see README.md."""
