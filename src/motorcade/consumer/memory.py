"""The consumer's memory of all vehicles, and its stored form."""

from motorcade.consumer.context import Ring, VehicleMemory, key_of
from motorcade.consumer.episode_memory import EpisodeMemory
from motorcade.domain.connections import Connections
from motorcade.domain.errors import Corrupt
from motorcade.domain.record import Frame
from motorcade.domain.state import Fields, Value, join
from motorcade.domain.summary import Summary, summarise
from motorcade.domain.turns import Turns
from motorcade.ports.stream import Position
from motorcade.repositories.consumption import Key, StoredState
from motorcade.repositories.refolds import Dirty
from motorcade.wire.fold_state import decode_fold
from motorcade.wire.state_snapshot import StateSnapshot, decode_state, encode_state

MAX_STATE_BYTES = 256_000
"""Limit of one stored state: a full one is some ten kB, and every commit of a vehicle writes all of it anew."""

_RawKey = tuple[bytes, bytes]


class FleetMemory:
    """Every vehicle that has ever sent, by id."""

    def __init__(self) -> None:
        """Start without any vehicle."""
        self.vehicles: dict[Key, VehicleMemory] = {}
        self._by_raw: dict[_RawKey, VehicleMemory] = {}

    def of(self, frame: Frame) -> VehicleMemory:
        """The vehicle of a frame, a new one where it was never seen."""
        raw = (frame[0], frame[1])
        known = self._by_raw.get(raw)
        if known is not None:
            return known
        key = key_of(frame)
        vehicle = self.vehicles.get(key)
        if vehicle is None:
            vehicle = self.vehicles[key] = VehicleMemory(*key)
        self._by_raw[raw] = vehicle
        return vehicle

    def restore(self, stored: StoredState, stream: str = "") -> VehicleMemory:
        """Take a stored state into memory; what memory already has is joined with it.

        Args:
            stored: the state.
            stream: identity of the stream that is read on; what was counted and taken of another one says nothing.

        Raises:
            Corrupt: the stored bytes are unreadable.
        """
        try:
            snapshot = decode_state(stored.snapshot)
        except Corrupt as error:
            raise Corrupt(f"{error}. It belongs to vehicle {stored.key[1]}: restore store.db from a backup") from error
        vehicle = self.vehicles.get(stored.key)
        if vehicle is None:
            vehicle = self.vehicles[stored.key] = VehicleMemory(*stored.key)
        vehicle.version = stored.version
        vehicle.fields = join(vehicle.fields, snapshot.fields)
        vehicle.ring = Ring((*snapshot.ring, *vehicle.ring))
        vehicle.watermark_ns = max(vehicle.watermark_ns, snapshot.watermark_ns)
        vehicle.last_seen_ns = max(vehicle.last_seen_ns, snapshot.last_seen_ns)
        vehicle.clock_suspect = vehicle.clock_suspect or snapshot.clock_suspect
        if stream and snapshot.stream in ("", stream):
            vehicle.at = snapshot.at
            vehicle.counts = dict(snapshot.counts)
        _join_connections(vehicle.connections, snapshot)
        _restore_episodes(vehicle.episodes, snapshot)
        return vehicle


def stored_form(vehicle: VehicleMemory, at: Position, stream: str) -> StoredState:
    """A vehicle as it goes into the store, having taken the records of a stream up to an entry.

    Over `MAX_STATE_BYTES` it loses its longest texts first, in memory too; a later reading brings them back.
    """
    encoded = _encoded(vehicle, at, stream)
    if len(encoded) > MAX_STATE_BYTES:
        _shorten(vehicle.fields, len(encoded) - MAX_STATE_BYTES)
        encoded = _encoded(vehicle, at, stream)
    return StoredState(vehicle.key, encoded, vehicle.version)


def _encoded(vehicle: VehicleMemory, at: Position, stream: str) -> bytes:
    connections, episodes = vehicle.connections, vehicle.episodes
    return encode_state(
        StateSnapshot(
            fields=vehicle.fields,
            ring=tuple(vehicle.ring),
            watermark_ns=vehicle.watermark_ns,
            open=connections.open,
            closed=connections.closed,
            connections_changed_at_ns=connections.changed_at_ns,
            last_seen_ns=vehicle.last_seen_ns,
            clock_suspect=vehicle.clock_suspect,
            counts=vehicle.counts,
            fold=episodes.encoded_fold(),
            told=episodes.announced,
            by_view=tuple(sorted(episodes.by_view)),
            by_record=tuple(sorted(episodes.by_record)),
            due_ns=episodes.due_ns,
            shown_ns=episodes.shown_ns,
            at=at,
            stream=stream,
            folded=episodes.turns.folded,
            dirty=(episodes.dirty.first, episodes.dirty.last, episodes.dirty.count) if episodes.dirty else None,
        )
    )


def _shorten(fields: Fields, excess_bytes: int) -> None:
    """Drop the longest texts until at least so many bytes are gone, or no text is left."""
    sizes = {number: _text_bytes(cell[2]) for number, cell in fields.items()}
    for number in sorted(sizes, key=lambda number: (-sizes[number], -number)):
        if excess_bytes <= 0 or not sizes[number]:
            return
        del fields[number]
        excess_bytes -= sizes[number]


def _text_bytes(value: Value) -> int:
    parts = value if isinstance(value, tuple) else (value,)
    return sum(len(part.encode()) for part in parts if isinstance(part, str))


def summary_of(vehicle: VehicleMemory, *, gateway_silent: bool) -> Summary:
    """What the live bus says of a vehicle.

    Args:
        vehicle: the vehicle.
        gateway_silent: no gateway has been heard of for so long that no connection can be open.
    """
    connections = vehicle.connections
    if gateway_silent and connections.open:
        connections = Connections(closed=connections.closed, changed_at_ns=vehicle.last_seen_ns)
    return summarise(
        vehicle.fields,
        connections,
        last_seen_ns=vehicle.last_seen_ns,
        updated_at_ns=vehicle.watermark_ns,
        clock_suspect=vehicle.clock_suspect,
    )


def _join_connections(connections: Connections, snapshot: StateSnapshot) -> None:
    for connection_id, at_ns in snapshot.closed.items():
        connections.close(connection_id, at_ns)
    for connection_id, at_ns in snapshot.open.items():
        connections.opened(connection_id, at_ns)
    connections.changed_at_ns = max(connections.changed_at_ns, snapshot.connections_changed_at_ns)


def _restore_episodes(episodes: EpisodeMemory, snapshot: StateSnapshot) -> None:
    """The fold is no join: what was committed holds, and only records behind it enter again."""
    episodes.fold, episodes.stored = decode_fold(snapshot.fold), snapshot.fold
    episodes.turns = Turns(folded=snapshot.folded)
    episodes.announced = snapshot.told
    episodes.by_view, episodes.by_record = set(snapshot.by_view), set(snapshot.by_record)
    episodes.due_ns = snapshot.due_ns if snapshot.fold else None
    episodes.shown_ns = snapshot.shown_ns
    episodes.was_quiet = not snapshot.fold  # unknown; the next record tells
    if snapshot.dirty is not None:
        episodes.dirty, episodes.tail_from = Dirty(*snapshot.dirty), snapshot.folded
        episodes.told = episodes.dirty
