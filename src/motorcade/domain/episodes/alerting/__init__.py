"""The parts of the reducer of alerts (`episodes/alert.py`), and what is told of what it finds (`announcement.py`)."""
