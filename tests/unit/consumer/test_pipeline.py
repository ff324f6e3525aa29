"""What each step decides about one record, and in which order they are asked."""

import pytest

from motorcade.consumer.context import DEDUPE_RING, Outcome, Ring, VehicleMemory, Work
from motorcade.consumer.pipeline import PIPELINE, run
from motorcade.domain.errors import Invalid
from motorcade.domain.record import Flag, Frame, Topic
from motorcade.wire.tesla.encode import encode_vehicle_data
from motorcade.wire.tesla.reports import encode_connectivity

AT_NS = 1_764_000_000 * 10**9
SPEED, SOC = 4, 8


def frame(payload: bytes, topic: int = Topic.VEHICLE_DATA, flags: int = 0, at_ns: int = AT_NS) -> Frame:
    return bytes(16), bytes(16), bytes(8), 0, topic, flags, at_ns, at_ns, at_ns, payload


def data(speed: float | None = 50.0, flags: int = 0, at_ns: int = AT_NS, *, resend: bool = False) -> Frame:
    payload = encode_vehicle_data({SPEED: speed}, at_ns, is_resend=resend)
    return frame(payload, flags=flags | (Flag.RESEND if resend else 0), at_ns=at_ns)


def vehicle() -> VehicleMemory:
    return VehicleMemory("org", "vehicle")


def test_the_steps_are_these_in_this_order() -> None:
    assert [step.__name__ for step in PIPELINE] == ["admit", "dedupe", "decode", "presence", "state", "episodes"]


def test_a_reading_is_joined() -> None:
    car = vehicle()
    assert run(Work(data(), car)) is Outcome.APPLIED
    assert car.fields[SPEED][2] == 50.0
    assert (car.watermark_ns, car.last_seen_ns) == (AT_NS, AT_NS)


def test_an_invalid_reading_clears_its_own_field_with_its_time() -> None:
    car = vehicle()
    run(Work(frame(encode_vehicle_data({SPEED: 50.0, SOC: 70.0}, AT_NS)), car))
    run(Work(data(None, at_ns=AT_NS + 5), car))
    assert car.fields[SPEED][0] == AT_NS + 5
    assert car.fields[SPEED][2] is None
    assert (car.fields[SOC][0], car.fields[SOC][2]) == (AT_NS, 70.0)


def test_a_late_reading_joins_too_and_does_not_win() -> None:
    car = vehicle()
    run(Work(data(50.0), car))
    assert run(Work(data(60.0, at_ns=AT_NS - 10**12), car)) is Outcome.APPLIED
    assert car.fields[SPEED][2] == 50.0
    assert car.watermark_ns == AT_NS


@pytest.mark.parametrize(
    "sent, outcome",
    [
        (data(flags=Flag.OUTSIDE_CLAIM), Outcome.OUTSIDE_CLAIM),
        (data(flags=Flag.OUTSIDE_CLAIM | Flag.ANCIENT), Outcome.OUTSIDE_CLAIM),
        (data(flags=Flag.ANCIENT), Outcome.LATE),
        (frame(b"", Topic.ALERTS), Outcome.APPLIED),
        (frame(b"", Topic.ERRORS), Outcome.FILTERED),
        (frame(b"", Topic.METRICS), Outcome.FILTERED),
        (frame(encode_connectivity("aa", True, AT_NS, ""), Topic.CONNECTIVITY), Outcome.FILTERED),
    ],
)
def test_what_the_gateway_or_the_topic_keeps_out_changes_no_state(sent: Frame, outcome: Outcome) -> None:
    car = vehicle()
    assert run(Work(sent, car)) is outcome
    assert not car.fields
    assert not car.connections.online
    assert (car.last_seen_ns == 0) == (outcome is Outcome.OUTSIDE_CLAIM), "outside the claim it was not ours to see"


def test_the_same_record_ends_at_the_ring_also_as_a_resend() -> None:
    car = vehicle()
    assert run(Work(data(), car)) is Outcome.APPLIED
    assert run(Work(data(), car)) is Outcome.DUPLICATE
    assert run(Work(data(resend=True), car)) is Outcome.DUPLICATE


def test_the_ring_keeps_the_latest_ids_and_no_more() -> None:
    ids = [number.to_bytes(16, "big") for number in range(DEDUPE_RING + 10)]
    ring = Ring(ids[:5])
    assert not any(ring.meets(each) for each in ids[5:])
    assert list(ring) == ids[-DEDUPE_RING:]
    assert ring.meets(ids[-1])
    assert not ring.meets(ids[0])


def test_our_own_connectivity_reports_open_and_close() -> None:
    car = vehicle()
    for connected in (True, False):
        payload = encode_connectivity("aa" * 8, connected, AT_NS, "")
        assert run(Work(frame(payload, Topic.CONNECTIVITY, Flag.SERVER_MADE), car)) is Outcome.APPLIED
        assert car.connections.online == connected


def test_a_clock_ahead_is_suspect_until_a_fresh_report_is_not() -> None:
    car = vehicle()
    run(Work(data(flags=Flag.FUTURE), car))
    assert car.clock_suspect
    run(Work(data(60.0, at_ns=AT_NS + 1, resend=True), car))
    assert car.clock_suspect, "a resend says nothing about the clock of now"
    run(Work(data(70.0, at_ns=AT_NS + 2), car))
    assert not car.clock_suspect


@pytest.mark.parametrize(
    "sent",
    [
        frame(b"\x0a\x05ab"),
        frame(b"\xff", Topic.CONNECTIVITY, Flag.SERVER_MADE),
        frame(b"", Topic.CONNECTIVITY, Flag.SERVER_MADE),
    ],
)
def test_what_no_step_can_read_is_invalid_and_changes_no_field(sent: Frame) -> None:
    car = vehicle()
    with pytest.raises(Invalid):
        run(Work(sent, car))
    assert not car.fields
    assert not car.connections.online
