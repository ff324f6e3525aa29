"""An episode as the store keeps it: a MessagePack map of its fields, the same bytes for the same episode."""

from typing import TypeVar

import msgspec

from motorcade.domain.episodes.episode import Episode
from motorcade.domain.errors import Corrupt

E = TypeVar("E", bound=Episode)
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
