"""The parts of the charging reducer; `../charge.py` is where to begin."""
