"""The query language: filters, times, zones, pages and page cursors. Pure."""
