"""The line that people type: filters, times, zones, pages and the cursor between them. Pure."""
