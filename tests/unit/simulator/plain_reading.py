"""A slow, plain reading of a day's reports by the product's published rules, sharing no code with its reducers.

It shows that what a simulated day hides can be found again: the promises that are measured on such days can be kept.
"""

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from motorcade.domain.record import Topic
from motorcade.domain.signal import by_name
from motorcade.domain.state import Value
from motorcade.simulator.days import Day, Trip
from motorcade.wire.tesla.decode import decode_vehicle_data

S = 1_000_000_000
STILL_KMH, START_KMH, STILL_NS, SILENCE_NS, AFTER_NS = 1.6, 8.0, 300 * S, 1_800 * S, 60 * S
BEFORE_NS = 30 * S
SPEED, GEAR, ODOMETER, PLACE = (by_name(name).number for name in ("speed_kmh", "gear", "odometer_km", "location"))
COUNTER, FAST = by_name("battery_energy_added_kwh").number, by_name("fast_charger_present").number
LEAST_KWH = 0.2

Row = tuple[int, dict[int, Value]]


@dataclass
class FoundTrip:
    start_ns: int
    end_ns: int
    distance_m: float = 0.0


@dataclass
class FoundCharge:
    start_ns: int
    end_ns: int
    added_kwh: float
    is_dc: bool


def rows_of(day: Day) -> list[Row]:
    """Distinct vehicle-data records in order of their effective time."""
    distinct = {
        (report.effective_at_ns, report.payload): report for report in day.reports if report.topic is Topic.VEHICLE_DATA
    }
    return [(effective, dict(decode_vehicle_data(payload))) for effective, payload in sorted(distinct)]


def find_trips(rows: Sequence[Row]) -> list[FoundTrip]:
    """Trips by gear, speed and standstill; those under 100 m are left out."""
    trips: list[FoundTrip] = []
    running: FoundTrip | None = None
    gear: Value = None
    speed = 0.0
    still_ns: int | None = None
    last_ns = rows[0][0] if rows else 0
    for at_ns, values in rows:
        if running is not None:
            stands = still_ns is not None and at_ns - still_ns >= STILL_NS
            if stands or at_ns - last_ns >= SILENCE_NS:
                running.end_ns = still_ns if still_ns is not None else last_ns
                trips.append(running)
                running = None
        shifted = False
        if GEAR in values and values[GEAR] in {"P", "R", "D"} and values[GEAR] != gear:
            gear = values[GEAR]
            shifted = gear != "P"
            if gear == "P" and still_ns is None:
                still_ns = at_ns
        if SPEED in values:
            value = values[SPEED]
            fresh = float(value) if isinstance(value, float | int) else 0.0
            if fresh != speed:
                if fresh > START_KMH and gear == "P":
                    gear = None  # the shift into D was lost
                still_ns = (at_ns if still_ns is None else still_ns) if fresh <= STILL_KMH or gear == "P" else None
                speed = fresh
        if running is None and (shifted or (speed > START_KMH and SPEED in values)):
            running = FoundTrip(at_ns, at_ns)
            still_ns = at_ns if speed <= STILL_KMH else None
        last_ns = at_ns
    if running is not None:
        running.end_ns = still_ns if still_ns is not None else last_ns
        trips.append(running)
    _measure(trips, rows)
    return [trip for trip in trips if trip.distance_m >= 100]


def _measure(trips: Sequence[FoundTrip], rows: Sequence[Row]) -> None:
    """Odometer between its readings inside a trip, path at both edges."""
    readings = [(at, v.get(ODOMETER)) for at, v in rows]
    odometer = [(at, km * 1_000) for at, km in readings if isinstance(km, float)]
    # A merged resend says an old value again under a later time: equal values are one reading.
    odometer = [one for before, one in zip([(0, 0.0), *odometer], odometer, strict=False) if one[1] != before[1]]
    fixes = [(at, place) for at, place in ((at, v.get(PLACE)) for at, v in rows) if isinstance(place, tuple)]
    at_ns, along = [0], [0.0]
    for (_, one), (at, other) in pairwise(fixes):
        at_ns.append(at)
        along.append(along[-1] + _metres(one, other))

    def path(at: int) -> float:
        index = bisect_right(at_ns, at)
        if index >= len(at_ns):
            return along[-1]
        span = at_ns[index] - at_ns[index - 1]
        if span > 60 * S:  # what lies between was no drive: a jump, not a way
            return along[index - 1]
        return along[index - 1] + (along[index] - along[index - 1]) * (at - at_ns[index - 1]) / span

    for trip in trips:
        # A start that only speed tells is some metres late; before it the car stood, so looking back adds no more.
        begin_ns = trip.start_ns - BEFORE_NS
        inside = [(at, m) for at, m in odometer if trip.start_ns <= at <= trip.end_ns + AFTER_NS]
        if not inside:
            trip.distance_m = path(trip.end_ns) - path(begin_ns)
            continue
        (first_ns, first), (last_ns, last) = inside[0], inside[-1]
        trip.distance_m = last - first + path(first_ns) - path(begin_ns)
        trip.distance_m += max(0.0, path(trip.end_ns) - path(last_ns))


def _metres(one: tuple[object, ...], other: tuple[object, ...]) -> float:
    (north, east), (north_too, east_too) = ([float(str(axis)) for axis in place] for place in (one, other))
    scale = math.cos(math.radians((north + north_too) / 2))
    return 111_195.0 * math.hypot(north_too - north, (east_too - east) * scale)


def find_charges(rows: Sequence[Row]) -> list[FoundCharge]:
    """One charge per run of the counter between its resets."""
    charges: list[FoundCharge] = []
    base: float | None = None
    top, start_ns, end_ns, fast = 0.0, 0, 0, False
    is_fast = False

    def close() -> None:
        if base is not None and top - base > LEAST_KWH:
            charges.append(FoundCharge(start_ns, end_ns, top - base, is_fast))

    for at_ns, values in rows:
        if FAST in values:
            fast = values[FAST] is True
        value = values.get(COUNTER)
        if not isinstance(value, float):
            continue
        if base is None or value < top - 0.5 * max(top - base, 1.0):
            close()
            base = 0.0 if base is not None else value
            top, start_ns, end_ns, is_fast = value, at_ns, at_ns, False
        elif value > top:
            top, end_ns, is_fast = value, at_ns, is_fast or fast
    close()
    return charges


def match(found: FoundTrip, truth: Trip) -> bool:
    """Whether a found trip is the true one: both ends within a minute, distance within a hundredth."""
    return (
        abs(found.start_ns - truth.start_ns) <= 60 * S
        and abs(found.end_ns - truth.end_ns) <= 60 * S
        and abs(found.distance_m - truth.distance_m) <= 0.01 * truth.distance_m
    )
