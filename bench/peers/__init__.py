"""Programs that a user would write instead, and our own side of the paging row."""
