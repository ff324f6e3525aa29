"""Bench of the fences: what 5,000 polygons add to the cost of a record.

    python -m tests.bench.geofence [--runs 5] [--records 100000]

The records are those of the consumer's own bench, so every one of them moves its car by tens of metres, and the
fences lie where these cars drive, as densely as the streets of a city: the worst case, for a car that stands or is far
from any fence costs next to nothing. Measured is the CPU time of the reducer's step over all records in their order;
reading the records is measured beside it, for scale, and the share is of the consumer's whole cost of a record as kept
by the benches.
"""

import argparse
import gc
import json
import math
import random
import statistics
import time
from collections import Counter

from motorcade.domain.episodes import visit
from motorcade.domain.episodes.moment import Latest, Moment
from motorcade.domain.geodesy import Place
from motorcade.domain.geofence import Fence, FenceSet
from motorcade.domain.geofence.shape import METRES_PER_DEGREE, Polygon
from motorcade.domain.record import NS_PER_S, Topic
from motorcade.domain.state import Value
from motorcade.wire.batch import decode_entry, encode_entry, record_of
from motorcade.wire.tesla.decode import decode_vehicle_data
from tests.bench import machine
from tests.bench.prefill import frames
from tests.conditions import ROOT

FENCES = 5_000
VEHICLES = 2_000
BEGIN_NS = 1_700_000_000 * NS_PER_S
BATCH = 500
CONSUMER_US = 17.0
"""Of a record without any reducer, should no bench be kept."""
ALLOWED_SHARE = 0.25

Taken = tuple[str, int, bytes, list[tuple[int, Value]]]


def outline(dice: random.Random) -> Polygon:
    """A polygon of 5 to 39 corners, 50 to 250 m in radius, where the bench's cars drive."""
    middle = (52.5 + dice.uniform(-0.1, 0.1), 13.4 + dice.uniform(-0.2, 0.2))
    corners, radius_m = dice.randint(5, 39), dice.uniform(50, 250)
    points: list[Place] = []
    for number in range(corners):
        turn, way_m = 2 * math.pi * number / corners, radius_m * dice.uniform(0.6, 1.0)
        east = way_m * math.cos(turn) / METRES_PER_DEGREE / math.cos(math.radians(middle[0]))
        points.append((middle[0] + way_m * math.sin(turn) / METRES_PER_DEGREE, middle[1] + east))
    return Polygon((*points, points[0]))


def fence_set(count: int) -> FenceSet:
    """Fences without an index yet."""
    dice = random.Random(1)
    return FenceSet(1, [Fence(f"fence-{number:05}", 1, "Fence", outline(dice)) for number in range(count)])


def read(records: int) -> tuple[list[Taken], float]:
    """The bench's records as the fold takes them, and the CPU µs that reading one costs."""
    made, taken, spent_s = frames(records, VEHICLES, BEGIN_NS), list[Taken](), 0.0
    sent: Counter[str] = Counter()
    while chunk := [frame for frame, _ in zip(made, range(BATCH), strict=False)]:
        entry = encode_entry(chunk)
        began = time.process_time()
        for frame in decode_entry(entry):
            record = record_of(frame)
            if record.topic == Topic.VEHICLE_DATA:
                readings = decode_vehicle_data(record.payload)
                # The bench's cars drive a second's way from record to record, so that is how far these are apart.
                at_ns = BEGIN_NS + sent[record.vehicle_id] * NS_PER_S
                sent[record.vehicle_id] += 1
                taken.append((record.vehicle_id, at_ns, len(taken).to_bytes(16, "big"), readings))
        spent_s += time.process_time() - began
    return taken, spent_s / len(taken) * 1e6


def fold(taken: list[Taken], fences: FenceSet | None) -> float:
    """CPU µs a record of folding, with the visits' step or without."""
    states: dict[str, tuple[Latest, visit.VisitState]] = {}
    began = time.process_time()
    for vehicle_id, at_ns, record_id, readings in taken:
        there = states.get(vehicle_id)
        if there is None:
            there = states[vehicle_id] = (Latest(), visit.start())
        latest, state = there
        moment = Moment(vehicle_id, at_ns, record_id, at_ns - NS_PER_S, latest, latest.take(readings, at_ns))
        if fences is not None:
            visit.step(state, moment, fences)
    return (time.process_time() - began) / len(taken) * 1e6


def bench(runs: int, records: int) -> list[dict[str, float]]:
    """What each run has measured."""
    taken, read_us = read(records)
    gc.collect()
    gc.freeze()  # the records kept here would be walked by every collection; a consumer lets them go
    found = []
    for _ in range(runs):
        fences = fence_set(FENCES)
        began = time.process_time()
        fences.holding("", (0.0, 0.0))
        built_ms = (time.process_time() - began) * 1e3
        bare_us, none_us = fold(taken, None), fold(taken, FenceSet())
        cold_us, warm_us = fold(taken, fences), fold(taken, fences)
        found.append(
            {
                "index_ms": built_ms,
                "read_us": read_us,
                "no_fence_us": none_us - bare_us,
                "cold_us": cold_us - bare_us,
                "warm_us": warm_us - bare_us,
            }
        )
    return found


def consumer_us() -> float:
    """CPU µs of the whole consumer for a record, as kept by the benches."""
    kept = ROOT / "docs" / "reference" / "bench.json"
    rows = json.loads(kept.read_text(encoding="utf-8"))["benches"]["b"]["rows"] if kept.exists() else []
    return next((row["median"] for row in rows if row["id"] == "consumer CPU per record"), CONSUMER_US)


def main() -> int:
    """Measure and print; 1 where the step costs more than it may."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.geofence", description="Measure the fences' step.")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--records", type=int, default=100_000)
    asked = parser.parse_args()
    found = bench(asked.runs, asked.records)
    median = {key: statistics.median(run[key] for run in found) for key in found[0]}
    whole_us = consumer_us()
    for key, value in median.items():
        print(f"{key:>12} {value:8.2f}")
    share = median["warm_us"] / whole_us
    print(f"load average {machine.load_average()[0]:.1f}; on a busy machine the share says little")
    print(f"{FENCES} polygons add {share:.0%} to the {whole_us} µs of a record; allowed are {ALLOWED_SHARE:.0%}")
    return int(share > ALLOWED_SHARE)


if __name__ == "__main__":
    raise SystemExit(main())
