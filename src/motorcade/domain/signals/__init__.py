"""The table behind the signal catalogue (`domain/signal.py`)."""
