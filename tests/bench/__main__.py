"""All benches: `python -m tests.bench [--runs 5] [--only a,b,c,d,h] [--quick]`, which is `make bench`.

It prints what was measured beside what is kept in docs/reference/bench.json, and then keeps the new numbers there and
in docs/reference/benchmarks.md. `--quick` does everything once and shortly, to see that it works, and keeps nothing.
"""

import argparse
import json
import subprocess
import sys
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import uvloop

from motorcade import __version__
from motorcade.adapters.embedded.clock_system import SystemClock
from motorcade.simulator.frames import SIGNALS_A_MESSAGE
from tests.bench import archive, consumer_rate, door, live_path, machine
from tests.bench.rows import API, ARCHIVE, CONSUMER, DOOR, IDLE, LIVE, holds, rows
from tests.conditions import ROOT
from tools import bench_page

KEPT = ROOT / "docs" / "reference" / "bench.json"
PAGE = ROOT / "docs" / "reference" / "benchmarks.md"
OPEN_FILES_SPARE = 500
"""Open files of a process beside its connections: databases, pipes, libraries, sockets that close late."""


@dataclass(frozen=True)
class Size:
    """How much is done."""

    runs: int
    door_s: float
    idle: int
    records: int
    paces: tuple[live_path.Pace, ...]
    archive: archive.Volume


FULL = Size(5, 5.0, 10_000, 300_000, (live_path.Pace(2_000, 1_000), live_path.Pace(10_000, 2_000)), archive.FULL)
QUICK = Size(
    1, 1.0, 200, 20_000, (live_path.Pace(2_000, 100, 2.5, 0.5), live_path.Pace(5_000, 200, 2.5, 0.5)), archive.QUICK
)

Section = dict[str, Any]


async def _door(size: Size) -> dict[str, Section]:
    idle = min(size.idle, machine.raise_open_files() - OPEN_FILES_SPARE)
    found: Any = await door.bench(size.runs, size.door_s, idle)
    kept = [
        row
        for train in door.TRAINS
        for row in rows(DOOR, found[f"train_{train}"], f"{train} record{'s' if train > 1 else ''} a write")
    ]
    kept += rows(IDLE, found["idle"], "", size.idle)
    settings = {
        "connections": door.CONNECTIONS,
        "records in flight": door.WINDOW,
        "signals a record": SIGNALS_A_MESSAGE,
        "seconds": size.door_s,
        "idle": idle,
    }
    return {"a": {"settings": settings, "rows": kept}}


async def _consumer(size: Size) -> dict[str, Section]:
    found: Any = await consumer_rate.bench(size.runs, size.records)
    parser_us = found["parser_us_per_record"]
    runs = [{**run, "parser_share": 100 * parser_us / run["consumer_us_per_record"]} for run in found["runs"]]
    settings = {
        "records": size.records,
        "vehicles": found["vehicles"],
        "signals a record": found["signals_per_record"],
        "stored bytes a record": found["stored_bytes_per_record"],
    }
    return {"b": {"settings": settings, "rows": rows(CONSUMER, runs, "")}}


async def _live(size: Size) -> dict[str, Section]:
    live: list[dict[str, Any]] = []
    api: list[dict[str, Any]] = []
    for pace in size.paces:
        found: Any = await live_path.bench(pace, size.runs)
        case = f"{pace.rate_per_s:,} records/s"
        live += rows(LIVE, found["runs"], case)
        api += rows(API, found["runs"], case)
    settings: dict[str, Any] = {
        "vehicles": [pace.vehicles for pace in size.paces],
        "signals a record": SIGNALS_A_MESSAGE,
        "seconds": size.paces[0].seconds,
        "live streams": 1,
    }
    asked = {"requests a second": round(1 / live_path.ASK_EVERY_S), **settings}
    return {"c": {"settings": settings, "rows": live}, "d": {"settings": asked, "rows": api}}


async def _archive(size: Size) -> dict[str, Section]:
    volume = size.archive
    found = await archive.bench(volume, size.runs)
    settings = {
        "vehicles": volume.vehicles * archive.PIECES,
        "records a vehicle and day": volume.records,
        "days": volume.days,
        "objects listed": found["listed"],
        "MB on disk": found["size_mb"],
    }
    return {"h": {"settings": settings, "rows": rows(ARCHIVE, found["runs"], "")}}


JOBS = {"a": _door, "b": _consumer, "c": _live, "d": _live, "h": _archive}


def _measure(size: Size, only: set[str]) -> dict[str, Section]:
    done: dict[str, Section] = {}
    for name, job in JOBS.items():
        if name not in only or name in done:
            continue
        before, neighbours = machine.load_average(), machine.Neighbours()
        found = uvloop.run(job(size))
        stamp = {
            "measured_at": datetime.fromtimestamp(SystemClock().now_ns() // 10**9, UTC).isoformat(),
            "version": __version__,
            "commit": _commit(),
            "load_average": [before[0], machine.load_average()[0]],
            "cores_used_by_others": neighbours.cores(),
        }
        done |= {key: {**stamp, **section} for key, section in found.items() if key in only}
    return done


def _commit() -> str:
    answer = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True)
    return answer.stdout.strip() or "unknown"


def _kept() -> dict[str, Any]:
    return json.loads(KEPT.read_text(encoding="utf-8")) if KEPT.exists() else {"machine": {}, "benches": {}}


def _show(done: dict[str, Section], kept: dict[str, Any]) -> None:
    print(f"\n{'':62} {'median':>10} {'low':>10} {'high':>10} {'kept':>10} {'ratio':>6}")
    for name, section in done.items():
        print(f"({name}) {bench_page.TITLES[name]}; others used {section['cores_used_by_others']} cores")
        old = {row["id"]: row["median"] for row in kept["benches"].get(name, {}).get("rows", [])}
        for row in section["rows"]:
            before = old.get(row["id"])
            ratio = f"{row['median'] / before:.2f}" if before else ""
            held = {True: "ok", False: "MISSED", None: ""}[holds(row)]
            cells = " ".join(f"{row[key]:>10,}" for key in ("median", "low", "high"))
            print(f"    {row['id'] + ', ' + row['unit']:58} {cells} {before or '':>10} {ratio:>6} {held}")


def _keep(done: dict[str, Section], kept: dict[str, Any]) -> None:
    facts = machine.facts()
    others = kept["benches"] if kept["machine"] == facts else {}  # numbers of two machines do not mix
    saved = {"machine": facts, "benches": {name: {**others, **done}[name] for name in sorted({**others, **done})}}
    page = bench_page.page(saved)
    KEPT.write_text(json.dumps(saved, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    PAGE.write_text(page, encoding="utf-8")
    print(f"\nkept in {KEPT.relative_to(ROOT)} and {PAGE.relative_to(ROOT)}")


def main() -> int:
    """Run what was asked for; 1 when a floor was missed in a full run."""
    parser = argparse.ArgumentParser(prog="make bench", description="Measure Motorcade on this machine.")
    parser.add_argument("--runs", type=int, default=FULL.runs, help="runs of each bench; medians are kept")
    parser.add_argument("--only", default="a,b,c,d,h", help="some of a,b,c,d,h")
    parser.add_argument("--quick", action="store_true", help="everything once and shortly; nothing is kept")
    asked = parser.parse_args()
    only = set(asked.only.split(","))
    if not only <= set(JOBS):
        parser.error(f"--only takes some of {','.join(JOBS)}")
    size = QUICK if asked.quick else replace(FULL, runs=asked.runs)
    done, kept = _measure(size, only), _kept()
    _show(done, kept)
    if asked.quick:
        return 0
    _keep(done, kept)
    return int(any(holds(row) is False for section in done.values() for row in section["rows"]))


if __name__ == "__main__":
    sys.exit(main())
