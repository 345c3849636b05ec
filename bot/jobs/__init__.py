"""What happens by itself, again and again."""
