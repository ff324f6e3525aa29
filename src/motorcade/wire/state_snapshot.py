"""A vehicle's state as the store keeps it: one version byte and a MessagePack array.

Not compressed: much of it are record ids and tiebreaks, which are random; zstd saved a tenth of the bytes for four
times the time.
"""

import msgspec

from motorcade.domain.episodes.alerting.announcement import Told
from motorcade.domain.errors import Corrupt
from motorcade.domain.state import Cell

FORMAT_VERSION = 1
_VERSION_BYTE = bytes((FORMAT_VERSION,))

_AnyTuple = tuple[float | str, ...]
_StoredCell = tuple[int, int, float | int | bool | str | _AnyTuple | None]


class StateSnapshot(msgspec.Struct, array_like=True, kw_only=True):
    """What outlives the consumer of one vehicle. Times in ns.

    The order of the attributes is the stored format: new ones go to the end and have a default.

    Attributes:
        fields: signal number → (effective_at_ns, tiebreak, value); tuples come back as tuples.
        ring: the latest record ids, oldest first, for deduplication.
        watermark_ns: effective time of the newest record applied.
        open: open connection id → when it opened.
        closed: the latest closed connection ids → when they closed; an id in here never opens again.
        connections_changed_at_ns: when a connection last opened or closed.
        last_seen_ns: when anything last arrived.
        clock_suspect: whether its clock runs ahead.
        counts: outcome → how many records ended so.
        fold: the encoded state of the fold (`wire/fold_state.py`), b"" before the first record.
        folded: turn of the report folded last.
        by_view: kind and id of the rows that stand and that only a view has given.
        by_record: of those that stand and that a record has given.
        due_ns: the horizon at which its rows change by time alone, None when never, 0 as soon as there is a horizon.
        shown_ns: the horizon for which its rows were last looked at.
        told: what was told of the vehicle's alerts.
        at: the entry of the stream up to which records were taken.
        stream: identity of that stream.
        dirty: earliest and latest turn that was missed and how many; None while nothing has to be folded anew.
    """

    fields: dict[int, Cell] = {}
    ring: tuple[bytes, ...] = ()
    watermark_ns: int = 0
    open: dict[str, int] = {}
    closed: dict[str, int] = {}
    connections_changed_at_ns: int = 0
    last_seen_ns: int = 0
    clock_suspect: bool = False
    counts: dict[str, int] = {}
    fold: bytes = b""
    folded: tuple[int, bytes] = (0, b"")
    dirty: tuple[tuple[int, bytes], tuple[int, bytes], int] | None = None
    at: int = 0
    stream: str = ""
    told: tuple[Told, ...] = ()
    by_view: tuple[tuple[str, str], ...] = ()
    by_record: tuple[tuple[str, str], ...] = ()
    due_ns: int | None = 0
    shown_ns: int = 0


class _Stored(StateSnapshot, array_like=True, kw_only=True):
    """The same with the types that the decoder needs to give tuples back."""

    fields: dict[int, _StoredCell] = {}  # type: ignore[assignment]  # a union that msgspec can tell apart


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_Stored).decode


def encode_state(snapshot: StateSnapshot) -> bytes:
    """A snapshot as bytes (about 4 kB with 80 fields and a full ring)."""
    return _VERSION_BYTE + _encode(snapshot)


def decode_state(stored: bytes) -> StateSnapshot:
    """The snapshot in the bytes.

    Raises:
        Corrupt: another format version, or not a snapshot; never treat that as an empty state.
    """
    if stored[:1] != _VERSION_BYTE:
        raise Corrupt(f"vehicle state of format {stored[:1].hex() or 'none'}, this program reads {FORMAT_VERSION}")
    try:
        return _decode(memoryview(stored)[1:])
    except msgspec.DecodeError as error:
        raise Corrupt(f"vehicle state of {len(stored)} bytes is unreadable: {error}") from error
