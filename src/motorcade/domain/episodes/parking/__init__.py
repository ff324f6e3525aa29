"""The parts of the parked reducer; `../parked.py` is where to begin."""
