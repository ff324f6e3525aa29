"""Bytes that are nearly right, for tests that nothing but the promised error comes out of a decoder."""

import random
import struct


def mutate(rng: random.Random, data: bytes) -> bytes:
    """Flip, cut or repeat some bytes of `data`, or put a hostile number among them."""
    out = bytearray(data)
    for _ in range(rng.randint(1, 6)):
        at = rng.randrange(len(out)) if out else 0
        choice = rng.randrange(5)
        if choice == 0 and out:
            out[at] = rng.randrange(256)
        elif choice == 1 and len(out) >= at + 4:
            struct.pack_into("<I", out, at, rng.choice([0, 1, 2**31, 2**32 - 1, len(out), len(out) - 1, 0x7F]))
        elif choice == 2:
            del out[at : at + rng.randint(1, 8)]
        elif choice == 3:
            out[at:at] = rng.randbytes(rng.randint(1, 8))
        elif out:
            out[at] ^= 1 << rng.randrange(8)
    return bytes(out)
