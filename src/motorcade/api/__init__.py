"""Room 5: people and programs."""
