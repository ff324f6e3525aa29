"""Typed, scope-bound access to the store, written once over ports/store."""
