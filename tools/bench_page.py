"""Writes docs/reference/benchmarks.md from docs/reference/bench.json: `python -m tools.bench_page`."""

import json
import sys
from collections.abc import Mapping
from typing import Any

from tools.machine import ROOT

KEPT = ROOT / "docs" / "reference" / "bench.json"
PAGE = ROOT / "docs" / "reference" / "benchmarks.md"

TITLES = {
    "a": "Acknowledged records through TLS, WebSocket and a durable append",
    "b": "Records from the stream to state, live and episodes",
    "c": "From a record to a browser's live stream",
    "d": "The API's answers under that load",
    "h": "The archive, and a month of one signal out of it",
}

HEAD = """# Benchmarks

Written by `make bench` from what it measured; do not edit. The numbers behind it, with their lowest and highest, are in
[bench.json](bench.json), with which the next run compares itself.

Each number is the median of the runs; low and high are the extremes among them. On a machine that others use as well,
trust CPU microseconds per record and ratios of one run: rates and percentiles stretch with the load average, which is
given for the begin and the end of each bench and contains the bench's own processes, and with the cores that others
used meanwhile. Servers, load clients and readers share the same cores, as they would not in production.
"""

_TABLE = """| what | unit | median | low | high | runs | promised |
| --- | --- | ---: | ---: | ---: | ---: | ---: |
"""

HOW = {
    "a": """\
The gateway runs as a process of its own on the real embedded stream: mutual TLS, WebSocket, decoding of the
envelope, pseudonymisation, group commit with `synchronous=FULL`, and only then the acknowledgement. The load
client sends messages of driving cars that were encoded before, over 200 connections with at most 8 records in
flight on each, as fast as they are acknowledged; it changes only times and counters. "1 record a write" is
what a car does in ordinary driving; "8 records a write" is a car that empties its buffer. CPU per record is
that of the whole gateway process, the stream's thread included. The bare server is the same WebSocket library
with mutual TLS that acknowledges at once and stores nothing: nobody who uses it can be cheaper. It runs right
after each run of the gateway.

Limits: a car that is asked for few fields sends smaller messages, which cost a little less. The fair share of
each connection (500 records a second) is lifted, because 200 connections alone have to reach the machine's
limit. Acknowledgement times at full speed are those of full queues; under a fixed rate they are far lower.
Idle connections are opened once, not five times, over few certificates, and send nothing but the ping's
answer; their memory is the growth of the gateway's resident memory, divided.""",
    "b": """\
A stream file is filled through the stream's own writer: group commits of 90 records with eight signals each,
2,000 vehicles in turn. The real consumer process starts without it, is pinned to one core, and has one
subscriber on the live bus; then the file is put in place. The time runs from the first change on the bus
until the checkpoint in the store stands at the last entry, so it contains reading, decoding, deduplication,
joining, publishing, the fold of trips, charges, visits, safety and alerts, and all commits. CPU time is that
of the whole process over the same stretch.

Limits: vehicles sending in turn is the worst order for the consumer, since nearly every record is published
and every commit holds every vehicle; a fleet that sends less evenly costs less. All records carry the same
eight signals, seven of them with new values each time. The process that watches the bus runs on the other
core, and what else runs there slows the measured one a little. Others on the pinned core slow the rate;
records per CPU second leave them out. Of the CPU about half is the fold, a third decoding, joining and
publishing, the rest commits.""",
    "c": """\
Gateway, consumer and API run as in production. The load client sends at a fixed rate, one connection for each
vehicle and one record a write; the vehicle time in each record is the time of its sending. One signed-in
reader in a process of its own follows `GET /v1/live`. The age of a change is the time at which its whole
event has arrived, minus the vehicle's `updated_at`. In it are the acknowledgement's way (TLS, group commit),
the stream, the consumer, the live bus and the API's tick of 100 ms, which alone is 50 ms in the mean and 100
ms at most.

Limits: the records are those of (a). Times in the API have milliseconds, so an age is up to one millisecond
too long. Of several records of one vehicle within a tick the stream tells only of the last, and only its age
is known. There is one reader; what more readers cost is not measured here. The browser's own work is not in
it.

At 10,000 records a second the product, the load client and the reader need about one core together. Where
others leave less than that, every age is the length of a queue and tells nothing about the product: look at
the cores that others used. Another measurement on a quieter machine is then due.""",
    "d": """\
Meanwhile one client asks over a kept connection, twenty times a second, for a page of 100 vehicles and for
one vehicle with all its signals in turn. The time is that from the client's call to the whole answer, with
the client's own work of about a millisecond in it.

Limits: with about a hundred answers of each kind in a run, its p99 is nearly the worst of them.""",
    "h": """\
One organisation of 10,000 vehicles, a thousand records a vehicle and day: a merged day is 20 objects of half a
million rows, a month 600, of which a question about one vehicle opens one a day. Those are real, of their true
size, made by the archive's own writer; the others stand in the manifest and are looked through. Of the last day
there are seven runs that no merge has joined yet, and the 20 flushes of the last ten minutes. The questions take
turns among speed, state of charge, gear and place of random vehicles and come back as at most 2,000 points; each
reads the manifest anew and checks what it reads. The first one of a process loads the Parquet engine and DuckDB
unless that is done already, as here by the filling.

Limits: the files were just written, so the system has them in memory; a disk adds its own time for some 100 kB of
each. Days after the first hold the first day's values with other times and ids. Eight signals are in each record and
sixty more in every fiftieth.""",
}


def page(kept: Mapping[str, Any]) -> str:
    """Return the page's whole text."""
    parts = [HEAD, "\n## The machine\n\n", _machine(kept["machine"])]
    for name, section in kept["benches"].items():
        parts.append(f"\n## ({name}) {TITLES[name]}\n\n{HOW[name]}\n\n{_stamp(section)}\n\n")
        parts.append(_TABLE)
        parts += [_row(row) for row in section["rows"]]
    return "".join(parts)


def _machine(facts: Mapping[str, Any]) -> str:
    libraries = ", ".join(f"{name} {version}" for name, version in facts["libraries"].items())
    machine = f"{facts['cpu']}, {facts['cores']} cores, {facts['memory_gb']} GB; {facts['system']}"
    engines = f"Python {facts['python']}, {facts['openssl']}, SQLite {facts['sqlite']}"
    files = f"{facts['open_files']:,} open files a process"
    return f"{machine}, kernel {facts['kernel']}.\n{engines}; {files}.\nLibraries: {libraries}.\n"


def _stamp(section: Mapping[str, Any]) -> str:
    settings = "; ".join(f"{name} {_number(value)}" for name, value in section["settings"].items())
    before, after = section["load_average"]
    return (
        f"Measured {section['measured_at'][:16].replace('T', ' ')} UTC at commit {section['commit']}, load average"
        f" {before} before and {after} after; others used {section['cores_used_by_others']} cores meanwhile. Settings:"
        f" {settings}."
    )


def _row(row: Mapping[str, Any]) -> str:
    floor = row.get("floor")
    promised = ""
    if floor is not None:
        more = row["more_is_better"]
        held = row["median"] >= floor if more else row["median"] <= floor
        promised = f"{'≥' if more else '≤'} {_number(floor)}{'' if held else ' **missed**'}"
    numbers = " | ".join(_number(row[key]) for key in ("median", "low", "high", "runs"))
    return f"| {row['id']} | {row['unit']} | {numbers} | {promised} |\n"


def _number(value: Any) -> str:
    if isinstance(value, list):
        return " and ".join(_number(one) for one in value)
    return f"{value:,}" if isinstance(value, (int, float)) else str(value)


def main() -> int:
    """Write the page again; 1 where there are no numbers yet."""
    if not KEPT.exists():
        print("there are no numbers yet: run `make bench`", file=sys.stderr)
        return 1
    PAGE.write_text(page(json.loads(KEPT.read_text(encoding="utf-8"))), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
