"""The gazetteer that ships with the program, read from its file when it is first asked for.

Format (`tools/gazetteer.py` writes it): zstd of one frame: magic, count as u32, then per place the difference to the
one before of latitude and of longitude, each as four planes of bytes of an i32; two letters of country each; names in
UTF-8, each ended by a line feed. All numbers little endian.
"""

import sys
from array import array
from functools import cache
from importlib.resources import files
from itertools import accumulate
from typing import Final

import zstandard

from motorcade.domain.errors import Corrupt
from motorcade.domain.place import Gazetteer

MAGIC: Final = b"MCGAZ001"
_NAME: Final = "geonames.gazetteer.zst"
_MAX_BYTES: Final = 32_000_000
"""Ten times the file's unpacked size: a damaged header cannot make us allocate more."""


@cache
def gazetteer() -> Gazetteer:
    """The shipped gazetteer; some 5 MB of memory and 0.1 s at its first use.

    Raises:
        Corrupt: the file is not what the tool wrote.
    """
    return read(files("motorcade.adapters.embedded").joinpath("places", _NAME).read_bytes())


def read(packed: bytes) -> Gazetteer:
    """A gazetteer from a file's bytes.

    Raises:
        Corrupt: they are none.
    """
    try:
        data = zstandard.ZstdDecompressor().decompress(packed, max_output_size=_MAX_BYTES)
    except zstandard.ZstdError as cause:
        raise Corrupt(f"the gazetteer's file cannot be unpacked: {cause}") from cause
    if data[: len(MAGIC)] != MAGIC:
        raise Corrupt("the gazetteer's file does not begin as one; install the program anew")
    at = len(MAGIC) + 4
    count = int.from_bytes(data[len(MAGIC) : at], "little")
    latitudes = _sums(data[at : at + 4 * count], count)
    longitudes = _sums(data[at + 4 * count : at + 8 * count], count)
    countries = data[at + 8 * count : at + 10 * count]
    names = data[at + 10 * count :].split(b"\n")[:-1]
    if len(names) != count:
        raise Corrupt(f"the gazetteer's file names {len(names)} places instead of {count}; install the program anew")
    return Gazetteer(latitudes, longitudes, countries, b"".join(names), array("i", accumulate(map(len, names))))


def _sums(planes: bytes, count: int) -> "array[int]":
    """Numbers from the planes of their differences."""
    woven = bytearray(4 * count)
    for plane in range(4):
        woven[plane::4] = planes[plane * count : (plane + 1) * count]
    differences = array("i")
    differences.frombytes(woven)
    if sys.byteorder == "big":
        differences.byteswap()
    return array("i", accumulate(differences))
