"""What is true: sessions, the query line, paging. No I/O, no clock: `now` is always passed in."""
