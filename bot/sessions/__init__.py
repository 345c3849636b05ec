"""Sessions, their participants and roles, and differences between two polls. Pure."""
