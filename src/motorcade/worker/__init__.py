"""Room 3: work that must be done at least once."""
