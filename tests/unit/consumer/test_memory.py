"""A vehicle's memory and its stored form are the same thing; restoring is a join."""

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import asdict

from motorcade.consumer.memory import FleetMemory, stored_form, summary_of
from motorcade.domain.ids import id_text
from motorcade.domain.state import Fields
from motorcade.repositories.consumption import StoredState
from motorcade.wire.state_snapshot import StateSnapshot, decode_state, encode_state

KEY = (id_text(bytes(16)), id_text(bytes([1]) * 16))
NOW_NS = 1_764_000_000 * 10**9

CELLS = st.tuples(
    st.integers(0, 2**40),
    st.integers(0, 2**64 - 1),
    st.one_of(st.none(), st.floats(allow_nan=False), st.booleans(), st.text(max_size=5)),
)
FIELDS: st.SearchStrategy[Fields] = st.dictionaries(st.integers(0, 300), CELLS, max_size=6)
CONNECTIONS = st.dictionaries(st.text("0123456789abcdef", min_size=16, max_size=16), st.integers(0, 2**40), max_size=4)


@st.composite
def snapshots(draw: st.DrawFn) -> StateSnapshot:
    """A state as a consumer may have committed it: an id is open or closed."""
    closed = draw(CONNECTIONS)
    return StateSnapshot(
        fields=draw(FIELDS),
        ring=tuple(draw(st.lists(st.binary(min_size=16, max_size=16), max_size=8, unique=True))),
        watermark_ns=draw(st.integers(0, 2**40)),
        open={key: at_ns for key, at_ns in draw(CONNECTIONS).items() if key not in closed},
        closed=closed,
        connections_changed_at_ns=2**41,
        last_seen_ns=draw(st.integers(0, 2**40)),
        due_ns=None,
        at=draw(st.integers(0, 9)),
        stream="stream",
        clock_suspect=draw(st.booleans()),
        counts=draw(st.dictionaries(st.sampled_from(["applied", "duplicate"]), st.integers(0, 9), max_size=2)),
    )


def restored(*stored: StateSnapshot) -> StateSnapshot:
    memory = FleetMemory()
    for version, snapshot in enumerate(stored, 1):
        memory.restore(StoredState(KEY, encode_state(snapshot), version), "stream")
    vehicle = memory.vehicles[KEY]
    return decode_state(stored_form(vehicle, vehicle.at, "stream").snapshot)


@given(snapshots())
def test_what_is_restored_is_stored_again_alike(snapshot: StateSnapshot) -> None:
    assert asdict(restored(snapshot)) == asdict(snapshot)


@given(snapshots())
def test_restoring_twice_changes_nothing(snapshot: StateSnapshot) -> None:
    assert asdict(restored(snapshot, snapshot)) == asdict(snapshot)


@given(snapshots(), snapshots())
def test_the_order_of_restoring_does_not_matter_to_fields_and_connections(
    left: StateSnapshot, right: StateSnapshot
) -> None:
    one, other = restored(left, right), restored(right, left)
    assert strictly_newer(left.fields, right.fields, one.fields)
    if not ties(left.fields, right.fields):
        assert one.fields == other.fields
    assert set(one.open) == set(other.open)
    assert set(one.closed) == set(other.closed)
    assert not set(one.open) & set(one.closed), "closed wins"
    assert one.watermark_ns == other.watermark_ns == max(left.watermark_ns, right.watermark_ns)


def ties(left: Fields, right: Fields) -> bool:
    """Two values of one time and one tiebreak come from one record in truth, and are the same."""
    return any(cell[:2] == right[number][:2] for number, cell in left.items() if number in right)


def strictly_newer(left: Fields, right: Fields, joined: Fields) -> bool:
    return all(
        joined[number][:2] == max(side[number][:2] for side in (left, right) if number in side)
        for number in {*left, *right}
    )


def test_a_frame_s_vehicle_is_the_restored_one() -> None:
    memory = FleetMemory()
    restored_one = memory.restore(StoredState(KEY, encode_state(StateSnapshot()), 3))
    frame = (bytes(16), bytes([1]) * 16, bytes(8), 0, 1, 0, 0, 0, 0, b"")
    assert memory.of(frame) is restored_one
    assert memory.of(frame).version == 3


def test_while_no_gateway_is_heard_of_nobody_is_online() -> None:
    memory = FleetMemory()
    snapshot = StateSnapshot(open={"aa": NOW_NS}, last_seen_ns=NOW_NS, connections_changed_at_ns=NOW_NS - 5)
    car = memory.restore(StoredState(KEY, encode_state(snapshot), 1))
    assert summary_of(car, gateway_silent=False).online
    silent = summary_of(car, gateway_silent=True)
    assert not silent.online
    assert silent.online_changed_at_ns == NOW_NS, "it left when it was last heard of"
    assert car.connections.online, "what is stored stays: the gateway may come back"
