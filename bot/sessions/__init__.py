"""What 100ms says: sessions, their people, and what changed between two looks at them. Pure."""
