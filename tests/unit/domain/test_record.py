"""Times and ids of records."""

from hypothesis import given
from hypothesis import strategies as st

from motorcade.domain.ids import id_bytes, id_text, new_id
from motorcade.domain.record import (
    ANCIENT_NS,
    CLOCK_TOLERANCE_NS,
    Flag,
    Record,
    Topic,
    effective_time,
    raw_record_id,
    record_id,
    time_flags,
)

ns = st.integers(0, 2**62)


@given(ns, ns)
def test_no_record_counts_as_later_than_its_arrival(observed: int, received: int) -> None:
    assert effective_time(observed, received, resend=False, lead_ns=0) == min(observed, received)


def test_a_resend_is_moved_back_by_the_lead_of_the_clock() -> None:
    # The car's clock ran 100 s ahead: what it first sent at 1000 was measured at 900.
    assert effective_time(1000, 5000, resend=True, lead_ns=100) == 900
    assert effective_time(1000, 5000, resend=False, lead_ns=100) == 1000


def test_times_far_ahead_and_far_behind_are_flagged() -> None:
    now = 10 * ANCIENT_NS
    assert time_flags(now + CLOCK_TOLERANCE_NS, now) is Flag.NONE
    assert time_flags(now + CLOCK_TOLERANCE_NS + 1, now) is Flag.FUTURE
    assert time_flags(now - ANCIENT_NS, now) is Flag.NONE
    assert time_flags(now - ANCIENT_NS - 1, now) is Flag.ANCIENT


def record(**changes: object) -> Record:
    values: dict[str, object] = {
        "org_id": new_id(),
        "vehicle_id": id_text(bytes(16)),
        "topic": Topic.VEHICLE_DATA,
        "observed_at_ns": 7,
        "received_at_ns": 8,
        "effective_at_ns": 7,
        "flags": Flag.NONE,
        "connection_id": "0" * 16,
        "connection_seq": 0,
        "payload": b"p",
    }
    return Record(**{**values, **changes})  # type: ignore[arg-type]  # a table of keyword arguments


def test_the_id_survives_retry_resend_and_another_connection() -> None:
    first = record()
    again = record(received_at_ns=99, effective_at_ns=3, flags=Flag.RESEND, connection_id="f" * 16, connection_seq=5)
    assert record_id(first, b"p") == record_id(again, b"p")


def test_the_id_differs_by_vehicle_topic_time_and_payload() -> None:
    ids = {
        record_id(record(), b"p"),
        record_id(record(vehicle_id=id_text(b"1" * 16)), b"p"),
        record_id(record(topic=Topic.ALERTS), b"p"),
        record_id(record(observed_at_ns=9), b"p"),
        record_id(record(), b"q"),
    }
    assert len(ids) == 5


def test_reports_without_vehicle_time_are_told_apart_by_their_arrival() -> None:
    early = record(observed_at_ns=8, received_at_ns=8, flags=Flag.TIMELESS)
    late = record(observed_at_ns=99, received_at_ns=99, flags=Flag.TIMELESS)
    assert record_id(early, b"p") != record_id(late, b"p")
    assert record_id(early, b"p") == record_id(record(observed_at_ns=8, flags=Flag.TIMELESS), b"p")


@given(st.binary(min_size=16, max_size=16))
def test_ids_survive_their_text(raw: bytes) -> None:
    assert id_bytes(id_text(raw)) == raw


def test_the_id_is_pinned() -> None:
    assert raw_record_id(bytes(16), 1, 7, b"p").hex() == PINNED


PINNED = "a8c962d09d5f963a78f3819255123a9a"
