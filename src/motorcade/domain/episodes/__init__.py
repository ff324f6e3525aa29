"""What a vehicle did: one noun a file, each a pure reducer over the vehicle's records in order.

Start with `moment.py` (what a reducer is given) and `episode.py` (what it gives); `domain/fold.py` composes them.
"""
