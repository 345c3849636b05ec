"""A channel's settings as a whole: one card, one numbering, and its moves to another id."""
