"""Which fixtures are due, and what they cost."""
