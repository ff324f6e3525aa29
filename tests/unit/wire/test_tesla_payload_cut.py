"""The VIN cut: nothing of the VIN stays, everything else does."""

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tesla_protocol.telemetry.vehicle_alert_pb2 import VehicleAlerts
from tesla_protocol.telemetry.vehicle_connectivity_pb2 import VehicleConnectivity
from tesla_protocol.telemetry.vehicle_data_pb2 import Payload
from tesla_protocol.telemetry.vehicle_error_pb2 import VehicleErrors
from tesla_protocol.telemetry.vehicle_metric_pb2 import VehicleMetrics

from motorcade.domain.errors import Invalid
from motorcade.domain.record import Topic
from motorcade.wire.tesla.messages import timestamp_ns
from motorcade.wire.tesla.payload_cut import MAX_FIELDS, cut_payload, hashed_bytes, validates
from tests.conditions import Scale
from tests.unit.wire.hostile import mutate

VIN = b"SIM00000000000001"
OWN = VIN.decode()
AT_NS = 1_755_000_000_123_000_000
DATA = Topic.VEHICLE_DATA
MESSAGES = {
    Topic.VEHICLE_DATA: Payload,
    Topic.ALERTS: VehicleAlerts,
    Topic.ERRORS: VehicleErrors,
    Topic.CONNECTIVITY: VehicleConnectivity,
    Topic.METRICS: VehicleMetrics,
}
VIN_FIELD = b"\x1a\x11" + VIN
UNKNOWN = (
    b"\xaa\x06\x05hello" + b"\xb0\x06\x96\x01" + b"\xbb\x06\x08\x01\xbc\x06" + b"\xbd\x06abcd" + b"\xc1\x06abcdefgh"
)
"""Fields 101-104 of every wire type that there is, a group among them."""


def report(topic: Topic, vin: str = OWN) -> Any:
    message = MESSAGES[topic](vin=vin)
    message.created_at.seconds, message.created_at.nanos = divmod(AT_NS, 10**9)
    return message


def vehicle_data(*, resend: bool = False, name: str = "Van 81") -> Any:
    message = report(DATA)
    message.is_resend = resend
    message.data.add(key=64).value.string_value = name
    message.data.add(key=4).value.double_value = 44.8
    return message


@pytest.mark.parametrize("topic", sorted(MESSAGES))
def test_every_topic_loses_its_vin_field_and_keeps_its_time(topic: Topic) -> None:
    cut = cut_payload(topic, report(topic).SerializeToString(), VIN)
    assert (cut.observed_at_ns, cut.claimed_vin, cut.masked) == (AT_NS, VIN.decode(), False)
    assert cut.payload == report(topic, vin="").SerializeToString()
    assert cut.hashed == cut.payload == hashed_bytes(topic, cut.payload)


def test_all_occurrences_of_the_vin_field_go_wherever_they_stand_and_however_their_tag_is_spelt() -> None:
    core = report(DATA, vin="").SerializeToString()
    other = b"\x1a\x05OTHER"
    raw = VIN_FIELD + core + other + b"\x9a\x80\x00\x11" + VIN + UNKNOWN + VIN_FIELD
    cut = cut_payload(DATA, raw, VIN)
    assert cut.payload == core + UNKNOWN
    assert cut.claimed_vin == VIN.decode()


def test_a_resend_has_the_same_hashed_bytes_as_the_original() -> None:
    original = cut_payload(DATA, vehicle_data().SerializeToString(), VIN)
    resend = cut_payload(DATA, vehicle_data(resend=True).SerializeToString(), VIN)
    assert (original.is_resend, resend.is_resend) == (False, True)
    assert original.hashed == resend.hashed == hashed_bytes(DATA, resend.payload)
    assert Payload.FromString(resend.payload).is_resend, "the stored payload keeps what the car said"


@pytest.mark.parametrize("spelling", [VIN.decode(), VIN.decode().lower(), "Sim00000000000001"])
def test_the_vin_in_any_other_place_becomes_stars(spelling: str) -> None:
    raw = vehicle_data(name=f"my {spelling}, yes {spelling}").SerializeToString()
    cut = cut_payload(DATA, raw, VIN)
    assert cut.masked
    assert VIN not in cut.payload.upper()
    stars = "*" * 17
    assert Payload.FromString(cut.payload).data[0].value.string_value == f"my {stars}, yes {stars}"


def test_overlapping_occurrences_leave_nothing() -> None:
    vin = b"1" * 17
    cut = cut_payload(DATA, vehicle_data(name="1" * 40).SerializeToString(), vin)
    assert Payload.FromString(cut.payload).data[0].value.string_value == "*" * 40


def test_another_vehicles_vin_is_reported_and_cut() -> None:
    cut = cut_payload(DATA, report(DATA, vin="SIM00000000000002").SerializeToString(), VIN)
    assert cut.claimed_vin == "SIM00000000000002"
    assert b"SIM" not in cut.payload


def test_a_payload_without_time_or_vin_is_fine_and_says_so() -> None:
    cut = cut_payload(DATA, b"", VIN)
    assert (cut.payload, cut.observed_at_ns, cut.claimed_vin) == (b"", None, None)


@pytest.mark.parametrize("raw", [b"\x0a", b"\x0a\x05ab", b"\x1a\x02\xff\xfe", b"\x0b\x08", b"\xff" * 12, b"\x0c"])
def test_what_does_not_parse_is_invalid(raw: bytes) -> None:
    with pytest.raises(Invalid):
        cut_payload(DATA, raw, VIN)
    with pytest.raises(Invalid):
        validates(DATA, raw)


def test_the_heartbeat_is_no_topic_of_a_vehicle() -> None:
    with pytest.raises(Invalid):
        validates(Topic.HEARTBEAT, b"")


@pytest.mark.parametrize(
    "seconds, nanos, at_ns",
    [
        (0, 1, 1),
        (1_755_000_000, 123_000_000, AT_NS),
        (1_755_000_000, -1, None),
        (1_755_000_000, 1_000_000_000, None),
        (253_402_300_800, 0, None),
        (-62_135_596_801, 0, None),
        (253_402_300_799, 0, None),  # a year that exists, but not in 64 bits of nanoseconds
        (2**63 - 1, 0, None),
    ],
)
def test_times_that_are_no_times_count_as_none(seconds: int, nanos: int, at_ns: Any) -> None:
    assert timestamp_ns(seconds, nanos) == at_ns


def test_alerts_in_milliseconds_are_read_and_other_topics_are_not() -> None:
    message = VehicleAlerts()
    message.created_at.seconds = AT_NS // 10**6
    raw = message.SerializeToString()
    assert cut_payload(Topic.ALERTS, raw, VIN).observed_at_ns == AT_NS
    assert cut_payload(Topic.ERRORS, raw, VIN).observed_at_ns is None


@given(st.text(max_size=30), st.binary(max_size=20), st.booleans())
def test_all_but_the_vin_survives(name: str, extra: bytes, resend: bool) -> None:
    message = vehicle_data(resend=resend, name=name)
    tail = b"\xaa\x06" + bytes([len(extra)]) + extra
    cut = cut_payload(DATA, message.SerializeToString() + tail, VIN)
    message.vin = ""
    assert cut.payload == message.SerializeToString() + tail


def test_hostile_payloads_raise_invalid_and_nothing_else_and_never_keep_the_vin(scale: Scale) -> None:
    rng = random.Random(20_261_125)
    seeds = [(topic, report(topic).SerializeToString() + UNKNOWN) for topic in MESSAGES]
    seeds.append((DATA, vehicle_data(resend=True, name=f"x {VIN.decode()}").SerializeToString()))
    read = 0
    for _ in range(scale.n(20_000, 1_000_000)):
        topic, seed = rng.choice(seeds)
        try:
            cut = cut_payload(topic, mutate(rng, seed), VIN)
        except Invalid:
            continue
        read += 1
        assert VIN not in cut.payload.upper()
        assert VIN not in cut.hashed.upper()
        assert hashed_bytes(topic, cut.payload) == cut.hashed
    assert read > 1_000


@pytest.mark.parametrize(
    "extra",
    [
        b"\x0a\x00" * (MAX_FIELDS + 1),
        b"\xb0\x06\x01" * (MAX_FIELDS + 1),
        b"\xbb\x06" + b"\x08\x01" * (MAX_FIELDS + 1) + b"\xbc\x06",
        (b"\xbb\x06" + b"\x08\x01" * 100 + b"\xbc\x06") * 30,
        b"\xbb\x06" * 50 + b"\x08\x01" * (MAX_FIELDS + 1) + b"\xbc\x06" * 50,
    ],
    ids=["data", "numbers", "group", "groups", "nested"],
)
def test_a_payload_of_thousands_of_fields_is_no_report(extra: bytes) -> None:
    with pytest.raises(Invalid, match="more than"):
        cut_payload(DATA, vehicle_data().SerializeToString() + extra, VIN)


def test_a_payload_of_as_many_fields_as_allowed_is_a_report() -> None:
    payload = b"\x0a\x00" * (MAX_FIELDS - 1) + VIN_FIELD
    assert cut_payload(DATA, payload, VIN).payload == payload.removesuffix(VIN_FIELD)
    assert cut_payload(DATA, b"\xbb\x06" + b"\x08\x01" * 1_900 + b"\xbc\x06", VIN).masked is False
