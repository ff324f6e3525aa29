"""Adapters for one machine: SQLite, Unix sockets, files."""
