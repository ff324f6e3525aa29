"""Vehicle data without a vehicle time: each arrival is a report of its own."""

from tesla_protocol.telemetry import vehicle_data_pb2 as pb

from motorcade.consumer.context import Outcome, VehicleMemory, Work
from motorcade.consumer.pipeline import run
from motorcade.domain.record import Flag, Frame, Topic

AT_NS = 1_764_000_000 * 10**9
GEAR = 10


def timeless(gear: pb.ShiftState, arrival: int) -> Frame:
    payload = pb.Payload(data=[pb.Datum(key=pb.Gear, value=pb.Value(shift_state_value=gear))]).SerializeToString()
    at_ns = AT_NS + arrival
    return bytes(16), bytes(16), bytes(8), arrival, Topic.VEHICLE_DATA, Flag.TIMELESS, at_ns, at_ns, at_ns, payload


def test_a_value_that_comes_back_without_a_time_is_a_new_report_and_wins() -> None:
    car = VehicleMemory("org", "vehicle")
    gears = (pb.ShiftStateP, pb.ShiftStateD, pb.ShiftStateP)
    assert [run(Work(timeless(gear, at), car)) for at, gear in enumerate(gears)] == [Outcome.APPLIED] * 3
    assert car.fields[GEAR][2] == "P"


def test_a_report_without_a_time_that_the_stream_delivers_twice_counts_once() -> None:
    car = VehicleMemory("org", "vehicle")
    assert run(Work(timeless(pb.ShiftStateP, 0), car)) is Outcome.APPLIED
    assert run(Work(timeless(pb.ShiftStateP, 0), car)) is Outcome.DUPLICATE
