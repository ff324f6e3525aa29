"""The cyclic garbage collector beside a memory full of vehicles.

Each record makes dozens of tuples that live until the next record of its vehicle, and the interpreter takes so many
new objects for a reason to walk all of memory in search of cycles. The hot path makes none; that search was a tenth of
the consumer's time. So what is there at the start is left out of it, and it comes seldom.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

YOUNG_OBJECTS = 100_000
"""New objects between two looks at the youngest: about twice a second at 10,000 records a second."""
OLDER_AFTER, OLDEST_AFTER = 20, 50
"""Looks at the youngest between two at the older ones, and looks at those between two at everything."""


@contextmanager
def few_collections() -> Iterator[None]:
    """Collect seldom inside the block; afterwards as before."""
    before = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS, OLDER_AFTER, OLDEST_AFTER)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
