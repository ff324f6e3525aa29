"""Fences in and out as GeoJSON: (longitude, latitude) here only, and every fault by feature, ring and point."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from motorcade.domain.errors import Invalid
from motorcade.domain.geofence.fence import Fence, FenceDraft
from motorcade.domain.geofence.shape import Circle, Corridor, Polygon
from motorcade.domain.schedule import DayException, Schedule, Window
from motorcade.wire.geojson import MAX_FEATURES, GeoJsonInvalid, read_fences, write_fences
from tests.conditions import Scale

SQUARE = [[12.0, 57.0], [12.4, 57.0], [12.4, 57.4], [12.0, 57.4], [12.0, 57.0]]
HOLE = [[12.1, 57.1], [12.1, 57.2], [12.2, 57.2], [12.2, 57.1], [12.1, 57.1]]


def feature(kind: str, coordinates: Any, **properties: Any) -> dict[str, Any]:
    return {
        "type": "Feature",
        "geometry": {"type": kind, "coordinates": coordinates},
        "properties": {"name": "Depot", **properties},
    }


def collection(*features: Any) -> dict[str, Any]:
    return {"type": "FeatureCollection", "features": list(features)}


def faults(document: Any) -> list[tuple[int, str, int | None, int | None]]:
    with pytest.raises(GeoJsonInvalid) as caught:
        read_fences(document)
    return [(one.feature, one.message, one.ring, one.point) for one in caught.value.faults]


def test_a_polygon_a_circle_and_a_corridor_come_in_with_latitude_first() -> None:
    schedule = {"zone": "UTC", "windows": [{"weekday": 0, "start_min": 480, "end_min": 1020}]}
    document = collection(
        feature("Polygon", [SQUARE, HOLE], dwell_s=600, speed_limit_kmh=20, schedule=schedule, colour="red"),
        feature("Point", [12.0, 57.7, 40.0], radius_m=150),
        feature("LineString", [[12.0, 57.7], [12.1, 57.8]], width_m=50.5),
    )
    polygon, circle, corridor = read_fences(json.dumps(document).encode())
    assert isinstance(polygon.shape, Polygon)
    assert polygon.shape.outline[1] == (57.0, 12.4)
    assert len(polygon.shape.holes) == 1
    assert polygon.schedule == Schedule("UTC", (Window(0, 480, 1020),))
    assert (polygon.dwell_s, polygon.speed_limit_kmh) == (600.0, 20.0)
    assert circle == FenceDraft("Depot", Circle((57.7, 12.0), 150.0))
    assert corridor.shape == Corridor(((57.7, 12.0), (57.8, 12.1)), 50.5)


def test_a_single_feature_is_taken_too() -> None:
    assert len(read_fences(feature("Point", [12.0, 57.7], radius_m=150))) == 1


@pytest.mark.parametrize(
    ("one", "message", "ring", "point"),
    [
        (feature("Polygon", [SQUARE[:4]]), "the outline is not closed", 0, 4),
        (feature("Polygon", [SQUARE, HOLE[:4]]), "hole 1 is not closed", 1, 4),
        (feature("Polygon", [SQUARE[:3]]), "too few points", 0, 3),
        (feature("Polygon", [[SQUARE[0], SQUARE[2], SQUARE[1], SQUARE[3], SQUARE[0]]]), "crosses itself", 0, 1),
        (
            feature(
                "Polygon", [[[lat, lon] for lon, lat in [[120.0, 57.0], [121.0, 57.0], [121.0, 58.0], [120.0, 57.0]]]]
            ),
            "swapped",
            0,
            1,
        ),
        (feature("Polygon", [[SQUARE[0], ["a", 57.0], SQUARE[2], SQUARE[0]]]), "point 2 is no position", 0, 2),
        (feature("Polygon", [[SQUARE[0], [True, 57.0], SQUARE[2], SQUARE[0]]]), "point 2 is no position", 0, 2),
        (feature("Polygon", [[SQUARE[0], [12.0], SQUARE[2], SQUARE[0]]]), "point 2 is no position", 0, 2),
        (feature("Polygon", []), "no rings", None, None),
        (feature("Polygon", [5]), "no list of positions", 0, None),
        (feature("Point", [12.0, 57.7]), "radius_m", None, None),
        (feature("Point", [12.0, 57.7], radius_m="150"), "radius_m is no number", None, None),
        (feature("LineString", [[12.0, 57.7], [12.1, 57.8]]), "width_m", None, None),
        (feature("LineString", [[12.0, 57.7]], width_m=50), "too few points", 0, 1),
        (feature("MultiPolygon", [[SQUARE]]), "make a feature of each part", None, None),
        (feature("GeometryCollection", None), "must be a Polygon", None, None),
        (feature("Point", [12.0, 57.7], radius_m=150, name=""), "name", None, None),
        (feature("Point", [12.0, 57.7], radius_m=150, name=7), "name", None, None),
        (feature("Point", [12.0, 57.7], radius_m=150, dwell_s=-1), "dwell_s", None, None),
        (feature("Point", [12.0, 57.7], radius_m=150, schedule={"zone": "UTC"}), "schedule", None, None),
        (
            feature("Point", [12.0, 57.7], radius_m=150, schedule={"zone": "Moon/Sea", "windows": []}),
            "time zone",
            None,
            None,
        ),
        ({"type": "Feature", "geometry": None, "properties": {"name": "Depot"}}, "no geometry", None, None),
        ({"type": "Feature", "geometry": {}, "properties": [1]}, "properties", None, None),
        (5, "no Feature", None, None),
    ],
)
def test_a_fault_names_its_feature_ring_and_point(one: Any, message: str, ring: int | None, point: int | None) -> None:
    good = feature("Point", [12.0, 57.7], radius_m=150)
    ((number, told, in_ring, at_point),) = faults(collection(good, one, good))
    assert (number, in_ring, at_point) == (2, ring, point)
    assert message in told


def test_all_features_with_faults_are_named_at_once() -> None:
    bad = feature("Polygon", [SQUARE[:4]])
    with pytest.raises(GeoJsonInvalid, match=r"feature 1 \('Depot'\): the outline is not closed.*and 1 more") as caught:
        read_fences(collection(bad, feature("Point", [12.0, 57.7], radius_m=150), bad))
    assert [one.feature for one in caught.value.faults] == [1, 3]
    assert caught.value.faults[0].place == (57.4, 12.0)


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (b"{", "no JSON"),
        (b"\xff", "no JSON"),
        (b"[" * 100_000, "no JSON"),
        (b"[]", "no GeoJSON"),
        (b'{"type": "Polygon"}', "no GeoJSON"),
        (b'{"type": "FeatureCollection"}', "no GeoJSON"),
        (collection(), "no features"),
        (collection(*[5] * (MAX_FEATURES + 1)), "at most 5000"),
        ({**collection(5), "crs": {"type": "name"}}, "WGS84"),
        (b" " * 16_000_001, "at most 16000000 bytes"),
    ],
)
def test_what_is_no_geojson_or_too_much_is_refused(document: Any, message: str) -> None:
    with pytest.raises(Invalid, match=message):
        read_fences(document)


def test_rings_go_out_as_the_standard_wants_them_whichever_way_they_were_drawn() -> None:
    clockwise = tuple((lat, lon) for lon, lat in reversed(SQUARE))
    hole = tuple((lat, lon) for lon, lat in reversed(HOLE))  # against the clock
    (told,) = json.loads(write_fences([Fence("f", 3, "Depot", Polygon(clockwise, (hole,)))]))["features"]
    assert told["geometry"]["coordinates"] == [SQUARE, HOLE]
    assert told["id"] == "f"
    assert told["properties"] == {"name": "Depot", "version": 3}


DEGREES = st.integers(-80_000_000, 80_000_000).map(lambda micro: micro / 1e6)
SCHEDULES = st.none() | st.builds(
    Schedule,
    st.just("Europe/Stockholm"),
    st.lists(st.builds(Window, st.integers(0, 6), st.integers(0, 1439), st.integers(0, 2880)), max_size=3).map(tuple),
    st.just(()) | st.just((DayException("2026-12-24", ((480, 720),)),)),
)


def test_what_goes_out_comes_in_the_same(scale: Scale) -> None:
    @settings(max_examples=scale.n(200, 5_000))
    @given(DEGREES, DEGREES, st.integers(1, 1_000), st.integers(0, 2), SCHEDULES)
    def check(lat: float, lon: float, size: int, kind: int, schedule: Schedule | None) -> None:
        step = size / 1e4
        corners = ((lat, lon), (lat, lon + step), (lat + step, lon + step), (lat + step, lon))
        shape = (Circle((lat, lon), 5.0 + size), Corridor(corners, 5.0 + size), Polygon((*corners, corners[0])))[kind]
        fence = Fence("f", 1, "Hall 3, “north”", shape, schedule, float(size), 30.0)
        (back,) = read_fences(write_fences([fence]))
        assert (back.name, back.shape, back.schedule, back.dwell_s) == (fence.name, shape, schedule, float(size))

    check()
