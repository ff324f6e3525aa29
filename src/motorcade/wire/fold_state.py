"""The state of a vehicle's fold as bytes.

One version byte and a MessagePack array; the reducers' states are maps by field name, so that a newer program reads an
older state where every new field has a default. Equal states have equal bytes: a re-fold ends where it meets a stored
state again.
"""

import msgspec

from motorcade.domain.episodes.alert import AlertState
from motorcade.domain.episodes.charge import ChargeState
from motorcade.domain.episodes.moment import Latest
from motorcade.domain.episodes.parked import ParkedState
from motorcade.domain.episodes.safety import SafetyState
from motorcade.domain.episodes.trip import TripState
from motorcade.domain.episodes.visit import VisitState
from motorcade.domain.errors import Corrupt
from motorcade.domain.fold import FoldState

FORMAT_VERSION = 1
_VERSION_BYTE = bytes((FORMAT_VERSION,))
_StoredValue = float | int | bool | str | tuple[float | str, ...] | None


class _Stored(msgspec.Struct, array_like=True):
    """`FoldState` with the types that the decoder needs to give tuples back."""

    at_ns: int
    latest: list[tuple[int, int, _StoredValue]]  # (signal, since_ns, value) by signal
    open_connections: list[str]
    visits: VisitState
    trip: TripState
    charge: ChargeState
    parked: ParkedState
    safety: SafetyState
    alerts: AlertState


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_Stored).decode


def encode_fold(state: FoldState) -> bytes:
    """The state as bytes."""
    values, since_ns = state.latest.values, state.latest.since_ns
    latest = [(number, since_ns[number], values[number]) for number in sorted(values)]
    reducers = (state.visits, state.trip, state.charge, state.parked, state.safety, state.alerts)
    return _VERSION_BYTE + _encode((state.at_ns, latest, state.open_connections, *reducers))


def decode_fold(stored: bytes) -> FoldState:
    """The state in the bytes; of no bytes the state before the first record.

    Raises:
        Corrupt: another format version, or not a state.
    """
    if not stored:
        return FoldState()
    if stored[:1] != _VERSION_BYTE:
        raise Corrupt(f"state of the fold in format {stored[:1].hex()}, this program reads {FORMAT_VERSION}")
    try:
        one = _decode(memoryview(stored)[1:])
    except msgspec.DecodeError as error:
        raise Corrupt(f"state of the fold of {len(stored)} bytes is unreadable: {error}") from error
    values = {number: value for number, _, value in one.latest}
    since_ns = {number: since for number, since, _ in one.latest}
    latest = Latest(values, since_ns)  # type: ignore[arg-type]  # tuples of either kind, see _Stored
    reducers = (one.visits, one.trip, one.charge, one.parked, one.safety, one.alerts)
    return FoldState(one.at_ns, latest, one.open_connections, *reducers)
