"""Fences as GeoJSON (RFC 7946), in and out. Only here are places (longitude, latitude).

A polygon is a Polygon; a circle a Point with the property `radius_m`; a corridor a LineString with `width_m`. Other
properties: `name`, `dwell_s`, `speed_limit_kmh`, `schedule` (as `domain.schedule`); further ones are not kept.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import msgspec

from motorcade.domain.errors import Invalid
from motorcade.domain.geodesy import Place
from motorcade.domain.geofence.fence import Fence, FenceDraft
from motorcade.domain.geofence.shape import Circle, Corridor, Polygon, Ring, Shape, ShapeInvalid, ring_name
from motorcade.domain.schedule import Schedule

MAX_BYTES: Final = 16_000_000
"""Of one document: 5,000 fences of a hundred points each, twice over."""
MAX_FEATURES: Final = 5_000
"""Of one document; more come in several."""
MAX_FAULTS: Final = 50
"""Told at once: whoever has more mends the first ones and learns of the others then."""
MEDIA_TYPE: Final = "application/geo+json"


@dataclass(frozen=True, slots=True)
class FeatureFault:
    """What is wrong with one feature.

    Attributes:
        feature: its number in the document, from 1.
        name: what it is called, "" if nothing.
        message: for people; holds no coordinates.
        ring: 0 the outline (or line), 1 … a hole; None where no ring is to blame.
        point: number of the offending point in its ring, from 1.
        place: where, for a map to show.
    """

    feature: int
    name: str
    message: str
    ring: int | None = None
    point: int | None = None
    place: Place | None = None


class GeoJsonInvalid(Invalid):
    """A document of which nothing is taken; `faults` names every feature that cannot be."""

    def __init__(self, faults: list[FeatureFault]) -> None:
        first = faults[0]
        called = f" ({first.name!r})" if first.name else ""
        more = f"; and {len(faults) - 1} more" if len(faults) > 1 else ""
        super().__init__(f"feature {first.feature}{called}: {first.message}{more}")
        self.faults = tuple(faults)


def read_fences(document: bytes | str | Mapping[str, Any]) -> list[FenceDraft]:
    """The fences of a FeatureCollection or a single Feature, in its order, all checked.

    Raises:
        GeoJsonInvalid: features cannot be fences.
        Invalid: it is no GeoJSON, or more than is taken at once.
    """
    features = _features(_decoded(document))
    drafts: list[FenceDraft] = []
    faults: list[FeatureFault] = []
    for number, feature in enumerate(features, 1):
        name = _name(feature)
        try:
            draft = _draft(feature, name)
            draft.check()
            drafts.append(draft)
        except ShapeInvalid as error:
            faults.append(FeatureFault(number, name, str(error), error.ring, error.point, error.place))
        except Invalid as error:
            faults.append(FeatureFault(number, name, str(error)))
        if len(faults) >= MAX_FAULTS:
            break
    if faults:
        raise GeoJsonInvalid(faults)
    return drafts


def write_fences(fences: Iterable[Fence]) -> bytes:
    """A FeatureCollection; rings run as RFC 7946 wants them (outline against the clock, holes with it)."""
    collection = {"type": "FeatureCollection", "features": [feature_of(fence) for fence in fences]}
    return msgspec.json.encode(collection)


def feature_of(fence: Fence) -> dict[str, Any]:
    """One fence as a Feature."""
    geometry, sizes = _geometry_of(fence.shape)
    told = {
        "name": fence.name,
        "version": fence.version,
        "dwell_s": fence.dwell_s,
        "speed_limit_kmh": fence.speed_limit_kmh,
        "schedule": None if fence.schedule is None else msgspec.to_builtins(fence.schedule),
        **sizes,
    }
    properties = {key: value for key, value in told.items() if value is not None}
    return {"type": "Feature", "id": fence.fence_id, "geometry": geometry, "properties": properties}


def _decoded(document: bytes | str | Mapping[str, Any]) -> Any:
    if isinstance(document, Mapping):
        return document
    if len(document) > MAX_BYTES:
        raise Invalid(f"a document has at most {MAX_BYTES} bytes; send the fences in several")
    try:
        return msgspec.json.decode(document)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Invalid("this is no JSON") from error


def _features(document: Any) -> list[Any]:
    kind = document.get("type") if isinstance(document, Mapping) else None
    if kind == "Feature":
        return [document]
    features = document.get("features") if kind == "FeatureCollection" else None
    if not isinstance(features, list):
        raise Invalid("this is no GeoJSON FeatureCollection or Feature")
    if not features:
        raise Invalid("the FeatureCollection has no features")
    if len(features) > MAX_FEATURES:
        raise Invalid(f"a document has at most {MAX_FEATURES} features; send them in several")
    if document.get("crs") is not None:
        raise Invalid("coordinates must be WGS84, without a crs member")
    return features


def _name(feature: Any) -> str:
    properties = feature.get("properties") if isinstance(feature, Mapping) else None
    name = properties.get("name") if isinstance(properties, Mapping) else None
    return name if isinstance(name, str) else ""


def _draft(feature: Any, name: str) -> FenceDraft:
    if not isinstance(feature, Mapping) or feature.get("type") != "Feature":
        raise Invalid("it is no Feature")
    properties = feature.get("properties") or {}
    geometry = feature.get("geometry")
    if not isinstance(properties, Mapping):
        raise Invalid("its properties are no object")
    if not isinstance(geometry, Mapping):
        raise Invalid("it has no geometry")
    return FenceDraft(
        name,
        _shape(geometry, properties),
        _schedule(properties.get("schedule")),
        _number(properties, "dwell_s"),
        _number(properties, "speed_limit_kmh"),
    )


def _shape(geometry: Mapping[str, Any], properties: Mapping[str, Any]) -> Shape:
    kind, coordinates = geometry.get("type"), geometry.get("coordinates")
    if kind == "Point":
        radius_m = _number(properties, "radius_m")
        if radius_m is None:
            raise Invalid("a Point needs the property radius_m, the circle's radius in metres")
        return Circle(_place(coordinates, "the point", 0, 1), radius_m)
    if kind == "LineString":
        width_m = _number(properties, "width_m")
        if width_m is None:
            raise Invalid("a LineString needs the property width_m, the corridor's whole width in metres")
        return Corridor(_places(coordinates, "the line", 0), width_m)
    if kind == "Polygon":
        if not isinstance(coordinates, list) or not coordinates:
            raise Invalid("the polygon has no rings")
        rings = [_places(ring, ring_name(number), number) for number, ring in enumerate(coordinates)]
        return Polygon(rings[0], tuple(rings[1:]))
    if kind == "MultiPolygon":
        raise Invalid("a fence is one Polygon; make a feature of each part of the MultiPolygon")
    raise Invalid("its geometry must be a Polygon, a Point with radius_m or a LineString with width_m")


def _places(positions: Any, name: str, ring: int) -> tuple[Place, ...]:
    if not isinstance(positions, list):
        raise ShapeInvalid(f"{name} is no list of positions", ring)
    return tuple(_place(one, f"{name}, point {number}", ring, number) for number, one in enumerate(positions, 1))


def _place(position: Any, name: str, ring: int, point: int) -> Place:
    """A position turned round; a height as third number is not kept."""
    if not isinstance(position, list) or not 2 <= len(position) <= 3 or not all(map(_is_number, position)):
        raise ShapeInvalid(f"{name} is no position: [longitude, latitude]", ring, point)
    return (float(position[1]), float(position[0]))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _number(properties: Mapping[str, Any], name: str) -> float | None:
    value = properties.get(name)
    if value is None:
        return None
    if not _is_number(value):
        raise Invalid(f"{name} is no number")
    return float(value)


def _schedule(told: Any) -> Schedule | None:
    if told is None:
        return None
    try:
        return msgspec.convert(told, Schedule)
    except msgspec.ValidationError as error:
        raise Invalid(f"its schedule cannot be read: {error}") from error


def _geometry_of(shape: Shape) -> tuple[dict[str, Any], dict[str, float]]:
    if isinstance(shape, Circle):
        return {"type": "Point", "coordinates": _positions((shape.centre,))[0]}, {"radius_m": shape.radius_m}
    if isinstance(shape, Corridor):
        return {"type": "LineString", "coordinates": _positions(shape.path)}, {"width_m": shape.width_m}
    rings = [_turned(shape.outline, against_clock=True)]
    rings += [_turned(hole, against_clock=False) for hole in shape.holes]
    return {"type": "Polygon", "coordinates": [_positions(ring) for ring in rings]}, {}


def _turned(ring: Ring, *, against_clock: bool) -> Ring:
    """A ring in a direction, beginning at the same point."""
    lat, lon = ring[0]  # the shoelace formula about a corner: positive against the clock
    doubled = sum((x - lon) * (v - lat) - (u - lon) * (y - lat) for (y, x), (v, u) in pairwise(ring))
    return ring if (doubled > 0) == against_clock else ring[::-1]


def _positions(places: Iterable[Place]) -> list[list[float]]:
    return [[lon, lat] for lat, lon in places]
