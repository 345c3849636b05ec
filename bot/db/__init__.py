"""The database: connections, transactions, tables, revisions, leases."""
