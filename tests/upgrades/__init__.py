"""A new version takes over from an older one: in its database, and beside its processes.

`trees` has the older code, from the clone's history. `make` runs it to store a database as it leaves it, in
`tests/data/upgrades`.
"""
