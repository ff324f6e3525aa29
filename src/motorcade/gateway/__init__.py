"""Room 1: vehicles come in."""
