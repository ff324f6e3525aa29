import struct
from collections import Counter

import pytest
from tesla_protocol.telemetry import vehicle_data_pb2 as pb

from motorcade.simulator.body import MODELS, MOTION, CarBody
from motorcade.simulator.day import Activity, SimulatedCar
from motorcade.simulator.emission import Collector, Reading, entries
from motorcade.simulator.roads.city import open_city
from motorcade.simulator.roads.network import Place, distance_m, load_network
from motorcade.simulator.signals import SIGNALS
from motorcade.wire.tesla.decode import decode_vehicle_data
from motorcade.wire.tesla.entries import payload

CITY = open_city(load_network())
VIN = "SIM00000000000001"
FIELDS = {signal.field for signal in SIGNALS}


def body() -> CarBody:
    return CarBody("Van 07", MODELS["Model Y"], Place(57.7, 11.97), 90.0, 50.0, 1e6)


def fields(readings: list[Reading]) -> dict[str, object]:
    return {reading.signal.field: reading.value for reading in readings}


def message(readings: list[Reading], *, typed: bool, resend: bool = False) -> pb.Payload:
    encoded = entries(readings, typed=typed)
    return pb.Payload.FromString(
        payload((entry for _, entry in encoded), 1_755_000_000_123_000_000, VIN, resend=resend)
    )


def test_every_field_is_sent_once_after_a_start_and_after_a_restart() -> None:
    collector, car = Collector(), body()
    assert set(fields(collector.collect(car))) == FIELDS
    assert collector.collect(car) == []
    collector.restart()
    assert set(fields(collector.collect(car))) == FIELDS


def test_only_changed_fields_are_sent() -> None:
    collector, car = Collector(), body()
    collector.collect(car)
    for _ in range(10):
        collector.collect(car)
    car.gear, car.dirty = "D", MOTION
    assert fields(collector.collect(car)).keys() == {"Gear", "VehicleSpeed"}
    car.dirty = MOTION
    assert collector.collect(car) == []


def test_a_whole_day_repeats_no_value_and_keeps_every_interval() -> None:
    day, collector = SimulatedCar("Car 01", MODELS["Model 3"], CITY, 11), Collector()
    day.begin(Activity.DRIVING)
    last: dict[str, tuple[int, object]] = {}
    for bucket in range(3_000):
        day.step(0.5)
        for signal, value in collector.collect(day.body):
            if signal.field in last:
                before, old = last[signal.field]
                assert (bucket - before) * 0.5 >= signal.interval_s
                assert value != old
                if isinstance(value, float) and isinstance(old, float):
                    assert abs(value - old) >= signal.minimum_delta
                if isinstance(value, Place) and isinstance(old, Place):
                    assert distance_m(value, old) >= signal.minimum_delta
            last[signal.field] = bucket, value


def test_an_intermediate_value_is_dropped_and_the_last_one_sent_when_the_interval_ends() -> None:
    collector, car = Collector(), body()
    collector.collect(car)
    car.gear, car.speed_ms, car.dirty = "D", 10.0, MOTION
    for _ in range(4):
        collector.collect(car)
    car.speed_ms, car.dirty = 11.0, MOTION
    assert "VehicleSpeed" in fields(collector.collect(car))
    car.speed_ms, car.dirty = 12.0, MOTION
    assert collector.collect(car) == []
    car.speed_ms, car.dirty = 13.0, MOTION
    later = [fields(collector.collect(car)) for _ in range(3)]
    speeds = [found["VehicleSpeed"] for found in later if "VehicleSpeed" in found]
    assert speeds == [pytest.approx(13.0 / 0.44704, abs=0.01)]


def test_speed_is_invalid_when_parked_and_gear_is_invalid_when_asleep() -> None:
    car = body()
    parked = message(Collector().collect(car), typed=True)
    values = {pb.Field.Name(datum.key): datum.value for datum in parked.data}
    assert values["VehicleSpeed"].invalid
    assert values["Gear"].shift_state_value == pb.ShiftState.ShiftStateP
    assert values["DestinationName"].invalid
    car.gear = None
    asleep = message(Collector().collect(car), typed=True)
    assert next(datum.value.invalid for datum in asleep.data if datum.key == pb.Field.Gear)


def test_typed_values_use_the_arm_of_their_field_and_single_precision() -> None:
    car = body()
    car.gear, car.speed_ms, car.inside_c, car.open_doors = "D", 12.345, 21.7, frozenset({"DriverFront"})
    typed = message(Collector().collect(car), typed=True)
    arms = {pb.Field.Name(datum.key): datum.value.WhichOneof("value") for datum in typed.data}
    expected = {signal.field: signal.arm for signal in SIGNALS}
    assert all(arm in {expected[field], "invalid"} for field, arm in arms.items())
    values = {pb.Field.Name(datum.key): datum.value for datum in typed.data}
    assert values["InsideTemp"].double_value == struct.unpack("<f", struct.pack("<f", 21.7))[0]
    assert values["InsideTemp"].double_value != 21.7
    assert values["DoorState"].door_value.DriverFront
    assert not values["DoorState"].door_value.TrunkRear


def test_old_firmware_writes_the_old_fields_as_text() -> None:
    car = body()
    car.gear, car.speed_ms = "D", 10.0
    text = message(Collector().collect(car), typed=False)
    values = {datum.key: datum.value for datum in text.data}
    assert values[pb.Field.Gear].string_value == "D"
    assert values[pb.Field.Locked].string_value == "true"
    assert values[pb.Field.Location].string_value == "(57.700000 N, 11.970000 E)"
    assert float(values[pb.Field.VehicleSpeed].string_value) == pytest.approx(22.37, abs=0.01)
    for number, value in values.items():
        arm = value.WhichOneof("value")
        assert arm in {"string_value", "invalid"} or number >= 179


def test_a_message_names_its_car_its_time_and_whether_it_is_a_repetition() -> None:
    first = message(Collector().collect(body()), typed=True)
    again = message(Collector().collect(body()), typed=True, resend=True)
    assert first.vin == again.vin == VIN
    assert first.created_at.ToNanoseconds() == 1_755_000_000_123_000_000
    assert (first.is_resend, again.is_resend) == (False, True)


def test_a_driving_car_sends_about_one_message_a_second() -> None:
    day, collector = SimulatedCar("Car 01", MODELS["Model Y"], CITY, 5), Collector()
    day.begin(Activity.DRIVING)
    collector.collect(day.body)
    sent: Counter[bool] = Counter()
    for _ in range(400):
        day.step(0.5)
        if day.activity is not Activity.DRIVING:
            break
        sent[bool(collector.collect(day.body))] += 1
    share = sent[True] / sent.total()
    assert 0.45 < share < 0.75


def test_new_and_old_firmware_say_the_same_to_the_decoder() -> None:
    car = body()
    car.gear, car.speed_ms, car.open_doors, car.inside_c = "D", 20.0, frozenset({"DriverFront", "TrunkRear"}), 21.7
    typed, text = (
        dict(decode_vehicle_data(message(Collector().collect(car), typed=kind).SerializeToString()))
        for kind in (True, False)
    )
    assert typed == text
    assert typed[pb.Field.VehicleSpeed] == pytest.approx(72.0, abs=0.01)
    assert typed[pb.Field.TpmsPressureFl] == pytest.approx(290.0)
    assert typed[pb.Field.Odometer] == pytest.approx(1_000.0)
    assert typed[pb.Field.DoorState] == ("DriverFront", "TrunkRear")
    assert typed[pb.Field.DestinationName] is None
