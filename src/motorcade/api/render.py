"""From state to the API's documents, and from times to text: the only place where both are known.

Rendering a vehicle is the API's hot path, so the text of a second is remembered.
"""

from datetime import UTC, datetime
from functools import lru_cache

import msgspec

from motorcade.api import schemas
from motorcade.domain.record import NS_PER_S
from motorcade.domain.signal import Signal, by_number, name_of
from motorcade.domain.state import Cell, Fields, Value
from motorcade.domain.status import Judgement
from motorcade.domain.summary import Number, Summary

_NS_PER_MS = 1_000_000
_LATEST_S = 253_402_300_799  # the last second of the year 9999; RFC 3339 ends there
_GEARS = frozenset("PRND")

encode = msgspec.json.Encoder().encode


@lru_cache(maxsize=4096)  # a fleet's readings lie within few distinct seconds; 4,096 texts are 400 kB
def _second(at_s: int) -> str:
    return datetime.fromtimestamp(min(max(at_s, 0), _LATEST_S), UTC).strftime("%Y-%m-%dT%H:%M:%S")


def time_text(at_ns: int) -> str:
    """RFC 3339 in UTC with milliseconds."""
    at_s, rest_ns = divmod(at_ns, NS_PER_S)
    return f"{_second(at_s)}.{rest_ns // _NS_PER_MS:03d}Z"


def time_or_none(at_ns: int | None) -> str | None:
    """The same; None for "never" (None or 0)."""
    return time_text(at_ns) if at_ns else None


def _reading(number: Number) -> schemas.Reading | None:
    return None if number is None else schemas.Reading(number[1], time_text(number[0]))


def _place(summary: Summary) -> schemas.Place | None:
    location = summary.location
    if location is None or location[1] is None:
        return None
    heading = summary.heading_deg[1] if summary.heading_deg else None
    return schemas.Place(*location[1], heading, time_text(location[0]))


def vehicle(identity: tuple[str, str, str | None], summary: Summary, judged: Judgement) -> schemas.Vehicle:
    """A vehicle's document from its (id, name, model), its summary and its status."""
    vehicle_id, name, model = identity
    gear = summary.gear[1] if summary.gear else None
    return schemas.Vehicle(
        id=vehicle_id,
        name=name,
        model=model,
        status=judged.status.value,
        status_since=time_or_none(judged.since_ns),
        online=summary.open_connections > 0,
        location=_place(summary),
        speed_kmh=_reading(summary.speed_kmh),
        battery_pct=_reading(summary.battery_pct),
        range_km=_reading(summary.range_km),
        power_kw=_reading(summary.power_kw),
        odometer_km=_reading(summary.odometer_km),
        gear=gear if gear in _GEARS else None,
        clock_suspect=summary.clock_suspect,
        last_seen_at=time_or_none(summary.last_seen_ns),
        updated_at=time_or_none(summary.updated_at_ns),
    )


def signals(fields: Fields, now_ns: int) -> list[schemas.Signal]:
    """All signals of a state, in the order of their numbers."""
    return [signal(number, fields[number], now_ns) for number in sorted(fields)]


def signal(number: int, cell: Cell, now_ns: int) -> schemas.Signal:
    """One signal; a number that the catalogue does not know yet is shown under `field_<number>`."""
    known: Signal | None = by_number(number)
    at_ns, _, value = cell
    return schemas.Signal(
        name=name_of(number),
        label=known.label if known else f"Field {number}",
        group=known.group if known else "Other",  # type: ignore[arg-type]  # the catalogue's groups are these
        unit=known.unit if known else None,
        value=_json_value(value),
        invalid=value is None,
        observed_at=time_text(at_ns),
        age_s=round(max(0, now_ns - at_ns) / NS_PER_S, 3),
    )


def _json_value(value: Value) -> object:
    """Coordinates become an object, so that nobody has to guess their order."""
    if isinstance(value, tuple) and len(value) == 2 and not isinstance(value[0], str):
        return {"latitude": value[0], "longitude": value[1]}
    return value
