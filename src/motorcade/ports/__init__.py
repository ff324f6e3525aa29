"""Doors between the rooms: one protocol per file."""
