"""The stored and the live form of a vehicle: pinned bytes, round trips, and nothing uncaught from damage."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from motorcade.domain.errors import Corrupt
from motorcade.domain.summary import Summary
from motorcade.wire.live_event import decode_live, encode_live
from motorcade.wire.state_snapshot import StateSnapshot, decode_state, encode_state

AT = 1_764_000_000_000_000_000
GOLDEN_SUMMARY = Summary(
    location=(AT, (57.5, 12.25)),
    heading_deg=(AT, 90.0),
    speed_kmh=(AT, None),
    gear=(AT, "D"),
    open_connections=1,
    online_changed_at_ns=AT,
    last_seen_ns=AT,
    updated_at_ns=AT,
    clock_suspect=True,
)
GOLDEN_LIVE = (
    "019f92cf187afca767ca000092cb404cc00000000000cb402880000000000092cf187afca767ca0000cb405680000000000092cf187afca7"
    "67ca0000c0c0c0c0c092cf187afca767ca0000a144c0c001cf187afca767ca0000cf187afca767ca0000cf187afca767ca0000c3"
)
GOLDEN_SNAPSHOT = StateSnapshot(
    fields={4: (AT, 2**64 - 1, 50.5), 21: (AT, 1, (57.5, 12.25)), 58: (AT, 2, ("DriverFront",)), 59: (AT, 3, None)},
    ring=(bytes(16),),
    watermark_ns=AT,
    open={"ab" * 8: AT},
    closed={"cd" * 8: AT - 1},
    connections_changed_at_ns=AT,
    last_seen_ns=AT,
    clock_suspect=True,
    counts={"applied": 7},
)
FIRST_STATE = (  # as the first version of this program wrote it
    "0199840493cf187afca767ca0000cfffffffffffffffffcb40494000000000001593cf187afca767ca00000192cb404cc00000000000cb40"
    "288000000000003a93cf187afca767ca00000291ab44726976657246726f6e743b93cf187afca767ca000003c091c4100000000000000000"
    "0000000000000000cf187afca767ca000081b061626162616261626162616261626162cf187afca767ca000081b063646364636463646364"
    "636463646364cf187afca767c9ffffcf187afca767ca0000cf187afca767ca0000c381a76170706c69656407"
)
GOLDEN_STATE = (
    "01dc0013840493cf187afca767ca0000cfffffffffffffffffcb40494000000000001593cf187afca767ca00000192cb404cc00000000000"
    "cb40288000000000003a93cf187afca767ca00000291ab44726976657246726f6e743b93cf187afca767ca000003c091c410000000000000"
    "00000000000000000000cf187afca767ca000081b061626162616261626162616261626162cf187afca767ca000081b06364636463646364"
    "6364636463646364cf187afca767c9ffffcf187afca767ca0000cf187afca767ca0000c381a76170706c69656407c4009200c400c000a090"
    "90900000"
)

times = st.integers(min_value=0, max_value=2**62)
floats = st.floats(allow_nan=False)
numbers = st.none() | st.tuples(times, st.none() | floats)
words = st.none() | st.tuples(times, st.none() | st.text(max_size=20))
summaries = st.builds(
    Summary,
    location=st.none() | st.tuples(times, st.none() | st.tuples(floats, floats)),
    heading_deg=numbers,
    speed_kmh=numbers,
    battery_pct=numbers,
    range_km=numbers,
    power_kw=numbers,
    odometer_km=numbers,
    charging_kw=numbers,
    online_changed_at_ns=times,
    updated_at_ns=times,
    gear=words,
    charge_state=words,
    open_connections=st.integers(min_value=0, max_value=9),
    last_seen_ns=times,
    clock_suspect=st.booleans(),
)
values = (
    st.none()
    | st.booleans()
    | st.integers(min_value=-(2**63), max_value=2**63 - 1)
    | floats
    | st.text(max_size=30)
    | st.tuples(floats, floats)
    | st.lists(st.text(max_size=12), max_size=6).map(tuple)
)
cells = st.tuples(times, st.integers(min_value=0, max_value=2**64 - 1), values)
snapshots = st.builds(
    StateSnapshot,
    fields=st.dictionaries(st.integers(min_value=0, max_value=400), cells, max_size=30),
    ring=st.lists(st.binary(min_size=16, max_size=16), max_size=64).map(tuple),
    watermark_ns=times,
    last_seen_ns=times,
    connections_changed_at_ns=times,
    open=st.dictionaries(st.text("0123456789abcdef", min_size=16, max_size=16), times, max_size=3),
    closed=st.dictionaries(st.text("0123456789abcdef", min_size=16, max_size=16), times, max_size=3),
    counts=st.dictionaries(st.text(max_size=12), times, max_size=4),
    clock_suspect=st.booleans(),
)


def parts(snapshot: StateSnapshot) -> list[object]:
    """A snapshot's attributes with the types of its values, because 1, 1.0 and True are equal in Python."""
    typed = {number: (cell, type(cell[2])) for number, cell in snapshot.fields.items()}
    rest = [getattr(snapshot, name) for name in StateSnapshot.__struct_fields__ if name != "fields"]
    return [typed, *rest]


def test_the_bytes_of_the_live_bus_are_pinned() -> None:
    assert encode_live(GOLDEN_SUMMARY).hex() == GOLDEN_LIVE
    assert decode_live(bytes.fromhex(GOLDEN_LIVE)) == GOLDEN_SUMMARY


def test_the_bytes_of_the_store_are_pinned() -> None:
    assert encode_state(GOLDEN_SNAPSHOT).hex() == GOLDEN_STATE
    assert parts(decode_state(bytes.fromhex(GOLDEN_STATE))) == parts(GOLDEN_SNAPSHOT)


def test_a_state_of_an_older_program_is_read() -> None:
    assert parts(decode_state(bytes.fromhex(FIRST_STATE))) == parts(GOLDEN_SNAPSHOT)


@given(summaries)
def test_a_summary_comes_back_as_it_went(summary: Summary) -> None:
    assert decode_live(encode_live(summary)) == summary


@given(snapshots)
def test_a_state_comes_back_with_its_types(snapshot: StateSnapshot) -> None:
    assert parts(decode_state(encode_state(snapshot))) == parts(snapshot)


@given(st.binary(max_size=200))
def test_damage_is_said_and_never_empty(damage: bytes) -> None:
    for decode in (decode_live, decode_state):
        for raw in (damage, b"\x01" + damage):
            try:
                decode(raw)
            except Corrupt:
                continue
            assert raw[:1] == b"\x01"


@pytest.mark.parametrize("raw", [b"", b"\x02" + bytes.fromhex(GOLDEN_STATE)[1:], b"\x00"])
def test_another_format_is_refused(raw: bytes) -> None:
    for decode in (decode_live, decode_state):
        with pytest.raises(Corrupt, match="format"):
            decode(raw)
