"""An episode as the store keeps it: a MessagePack map of its fields, the same bytes for the same episode."""

from typing import TypeVar

import msgspec

from motorcade.domain.episodes.alert import Alert
from motorcade.domain.episodes.charge import Charge
from motorcade.domain.episodes.episode import Episode
from motorcade.domain.episodes.idling import Idling
from motorcade.domain.episodes.parking.row import Parked
from motorcade.domain.episodes.safety_spell import SafetyEvent
from motorcade.domain.episodes.stop import Stop
from motorcade.domain.episodes.trip import Trip
from motorcade.domain.episodes.visit import Visit
from motorcade.domain.errors import Corrupt

E = TypeVar("E", bound=Episode)

SHAPES: dict[str, type[Episode]] = {
    shape.kind: shape for shape in (Visit, Trip, Stop, Idling, Charge, Parked, SafetyEvent, Alert)
}
"""Every kind of episode."""

_encode = msgspec.msgpack.Encoder().encode


def encode_episode(episode: Episode) -> bytes:
    """The episode's fields by name, in the order of their declaration."""
    return _encode(episode)


def decode_episode(shape: type[E], stored: bytes) -> E:
    """The episode in the bytes. Fields that this program does not know are left out; missing ones have their default.

    Raises:
        Corrupt: not such an episode.
    """
    try:
        return msgspec.msgpack.decode(stored, type=shape)
    except msgspec.DecodeError as error:
        raise Corrupt(f"{shape.kind} row of {len(stored)} bytes is unreadable: {error}") from error


def decode_any(kind: str, stored: bytes) -> Episode:
    """The episode of a kind in the bytes.

    Raises:
        Corrupt: not such an episode, or of a kind that this program does not know.
    """
    shape = SHAPES.get(kind)
    if shape is None:
        raise Corrupt(f"a row of kind {kind!r} was written by a newer program; update this one")
    return decode_episode(shape, stored)
