"""The gazetteer: the nearest named place, wherever on the globe."""

from array import array
from itertools import accumulate

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from motorcade.adapters.embedded import gazetteer_file
from motorcade.domain.errors import Corrupt
from motorcade.domain.geodesy import Place, distance_m
from motorcade.domain.place import BAND, FARTHEST_M, UNITS, Gazetteer, name_of
from tools.gazetteer import pack

Spot = tuple[int, int]
LATITUDES = st.one_of(st.integers(-90_000, 90_000), st.integers(89_600, 90_000), st.integers(-500, 500))
LONGITUDES = st.one_of(st.integers(-180_000, 180_000), st.integers(179_700, 180_000), st.integers(-180_000, -179_700))
SPOTS = st.tuples(LATITUDES, LONGITUDES)


def gazetteer(spots: list[Spot]) -> Gazetteer:
    ordered = sorted(spots, key=lambda spot: (spot[0] // BAND, spot[1], spot[0]))
    names = [f"Town {number}" for number in range(len(ordered))]
    return Gazetteer(
        array("i", (latitude for latitude, _ in ordered)),
        array("i", (longitude for _, longitude in ordered)),
        b"XX" * len(ordered),
        "".join(names).encode(),
        array("i", accumulate(map(len, names))),
    )


def asked(spot: Spot) -> Place:
    return spot[0] / UNITS, spot[1] / UNITS


@settings(max_examples=600)
@given(st.lists(SPOTS, max_size=30), SPOTS, st.sampled_from([1_000.0, FARTHEST_M, 3_000_000.0]))
def test_it_finds_what_comparing_with_every_place_finds(spots: list[Spot], spot: Spot, farthest_m: float) -> None:
    found = gazetteer(spots).nearest(asked(spot), farthest_m)
    truth = min((distance_m(asked(spot), asked(one)) for one in spots), default=farthest_m + 1)
    if truth > farthest_m:
        assert found is None
    else:
        assert found is not None
        assert found.distance_m == pytest.approx(truth)


def test_it_looks_across_the_date_line() -> None:
    found = gazetteer([(-16_800, -179_990), (-16_800, 179_000)]).nearest((-16.8, 179.999))
    assert found is not None
    assert found.distance_m < 2_000


def test_a_fence_outranks_the_gazetteer() -> None:
    towns = gazetteer([(57_700, 12_000)])
    names = {"f1": "Depot"}
    assert name_of((57.7, 12.0), ("gone", "f1"), names, towns) == "Depot"
    assert name_of((57.7, 12.0), (), names, towns) == "Town 0, XX"
    assert name_of((57.7, 12.0), (), names, None) is None
    assert name_of(None, (), names, towns) is None
    assert name_of((0.0, 0.0), (), names, towns) is None


def test_the_shipped_one_knows_the_simulators_city() -> None:
    shipped = gazetteer_file.gazetteer()
    assert len(shipped) > 150_000
    found = shipped.nearest((57.7072, 11.9668))
    assert found is not None
    assert (found.name, found.country) == ("Gothenburg", "SE")
    assert gazetteer_file.gazetteer() is shipped, "it is read once"


def test_a_file_is_read_as_it_was_written() -> None:
    rows = [
        {"name": "Åby  Norra", "latitude": 58.6612, "longitude": 16.1807, "countrycode": "SE"},
        {"name": "Suva", "latitude": -18.1416, "longitude": 178.4415, "countrycode": "FJ"},
        {"name": "Alofi", "latitude": -19.0595, "longitude": -169.9187, "countrycode": "NU"},
    ]
    read = gazetteer_file.read(pack(rows))
    for row, name in zip(rows, ("Åby Norra", "Suva", "Alofi"), strict=True):
        found = read.nearest((float(str(row["latitude"])), float(str(row["longitude"]))))
        assert found is not None
        assert (found.name, found.country) == (name, row["countrycode"])
        assert found.distance_m < 100


@pytest.mark.parametrize("damage", [b"", b"no zstd at all", pack([])[:-4]])
def test_a_damaged_file_is_named_as_such(damage: bytes) -> None:
    with pytest.raises(Corrupt):
        gazetteer_file.read(damage)
