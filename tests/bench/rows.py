"""From what the runs have measured to the rows that are kept: name, unit, median, extremes, and what was promised."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Runs = Sequence[Mapping[str, float]]


@dataclass(frozen=True)
class Kind:
    """One measured number.

    `floor` is what was promised: at least it where more is better, at most it where less is.
    """

    key: str
    title: str
    unit: str
    more_is_better: bool
    floor: float | None = None
    digits: int = 1


RATE, LESS = True, False
DOOR = (
    Kind("acked_per_s", "acknowledged records", "1/s", RATE, 15_000, 0),
    Kind("gateway_us_per_record", "gateway CPU per record", "µs", LESS, 20),
    Kind("times_bare", "the same, as a multiple of a bare server's", "", LESS, None, 2),
    Kind("client_us_per_record", "load client CPU per record", "µs", LESS),
    Kind("ack_p50_ms", "acknowledgement, median", "ms", LESS),
    Kind("ack_p99_ms", "acknowledgement, p99", "ms", LESS),
)
IDLE = (
    Kind("held", "idle connections held", "", RATE, None, 0),
    Kind("kb_per_connection", "gateway memory per idle connection", "kB", LESS, 70),
    Kind("bare_kb_per_connection", "bare server's memory per idle connection", "kB", LESS),
    Kind("connect_cpu_ms", "gateway CPU per connection made", "ms", LESS, None, 2),
    Kind("bare_connect_cpu_ms", "bare server's CPU per connection made", "ms", LESS, None, 2),
    Kind("idle_cpu_percent", "gateway CPU while all are idle", "%", LESS),
)
CONSUMER = (
    Kind("records_per_s", "records, all steps", "1/s", RATE, 15_000, 0),
    Kind("consumer_us_per_record", "consumer CPU per record", "µs", LESS),
    Kind("records_per_cpu_s", "records per CPU second", "1/s", RATE, None, 0),
    Kind("live_updates_per_s", "vehicles published on the live bus", "1/s", RATE, None, 0),
    Kind("parser_share", "bare parsing, as a share of the consumer's CPU", "%", RATE),
    Kind("rss_mb", "consumer memory", "MB", LESS),
)
LIVE = (
    Kind("acked_per_s", "acknowledged records meanwhile", "1/s", RATE, None, 0),
    Kind("sse_p50_ms", "record to live stream, median", "ms", LESS),
    Kind("sse_p90_ms", "record to live stream, p90", "ms", LESS),
    Kind("sse_p99_ms", "record to live stream, p99", "ms", LESS, 500),
    Kind("sse_max_ms", "record to live stream, worst", "ms", LESS),
    Kind("changes", "changed vehicles seen in a run", "", RATE, None, 0),
    Kind("gateway_us_per_record", "gateway CPU per record", "µs", LESS),
    Kind("consumer_us_per_record", "consumer CPU per record", "µs", LESS),
    Kind("api_us_per_change", "API CPU per changed vehicle sent", "µs", LESS),
)
API = (
    Kind("page_p50_ms", "page of 100 vehicles, median", "ms", LESS),
    Kind("page_p99_ms", "page of 100 vehicles, p99", "ms", LESS, 100),
    Kind("vehicle_p50_ms", "one vehicle with its signals, median", "ms", LESS),
    Kind("vehicle_p99_ms", "one vehicle with its signals, p99", "ms", LESS, 100),
)

ARCHIVE = (
    Kind("month_p50_ms", "one vehicle, one signal, a month: median", "ms", LESS, 1_000),
    Kind("month_max_ms", "one vehicle, one signal, a month: worst", "ms", LESS, 1_000),
    Kind("month_cpu_ms", "CPU of such a question", "ms", LESS),
    Kind("first_ms", "the first such question of a process", "ms", LESS),
    Kind("records_of_a_day_ms", "all records of one vehicle and day", "ms", LESS),
    Kind("write_us_per_record", "CPU to decode, sort and write a record", "µs", LESS),
    Kind("merge_us_per_record", "CPU to merge a record", "µs", LESS),
    Kind("bytes_per_record", "stored bytes a record, payload and id included", "", LESS),
    Kind("index_kb", "index of an object", "kB", LESS),
)


def rows(kinds: Sequence[Kind], runs: Runs, case: str, floor_of_held: int | None = None) -> list[dict[str, Any]]:
    """The medians of some runs, with their lowest and highest.

    Args:
        kinds: what to keep.
        runs: what each run has measured.
        case: the load that they ran under, as a row names it.
        floor_of_held: idle connections that must be held: as many as were asked for.
    """
    made = []
    for kind in kinds:
        values = sorted(run[kind.key] for run in runs)
        floor = floor_of_held if kind.key == "held" else kind.floor
        median = round(statistics.median(values), kind.digits)
        made.append(
            {
                "id": f"{case}: {kind.title}" if case else kind.title,
                "unit": kind.unit,
                "median": int(median) if kind.digits == 0 else median,
                "low": round(values[0], kind.digits),
                "high": round(values[-1], kind.digits),
                "runs": len(values),
                "more_is_better": kind.more_is_better,
                **({} if floor is None else {"floor": floor}),
            }
        )
    return made


def holds(row: Mapping[str, Any]) -> bool | None:
    """Whether a row keeps its floor; None where it has none."""
    floor = row.get("floor")
    if floor is None:
        return None
    return bool(row["median"] >= floor if row["more_is_better"] else row["median"] <= floor)
