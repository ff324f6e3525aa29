"""Bytes: encodings of batches, live events and the makers' protocols."""
