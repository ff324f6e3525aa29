"""Frames of the live bus on a Unix socket: a length, then MessagePack.

u32 length (little endian) | [epoch, n, snapshot, [org, ...], [vehicle, ...], [value, ...]]
"""

from collections.abc import Iterable, Mapping

import msgspec

from motorcade.domain.errors import Corrupt
from motorcade.ports.live import LiveFrame

LENGTH_BYTES = 4
MAX_FRAME_BYTES = 64 * 1024 * 1024  # 400,000 vehicles at 150 B: more is not a frame

Key = tuple[str, str]

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(tuple[str, int, bool, list[str], list[str], list[bytes]]).decode


def encode_frame(place: tuple[str, int], values: Mapping[Key, bytes], keys: Iterable[Key], *, snapshot: bool) -> bytes:
    """The newest values of some vehicles as one frame.

    Args:
        place: epoch and n.
        values: newest values by (org, vehicle).
        keys: which of them.
        snapshot: whether these are all.
    """
    named = list(keys)
    orgs, vehicles = [key[0] for key in named], [key[1] for key in named]
    body = _encode((*place, snapshot, orgs, vehicles, [values[key] for key in named]))
    return len(body).to_bytes(LENGTH_BYTES, "little") + body


def decode_length(head: bytes) -> int:
    """How many bytes follow.

    Raises:
        Corrupt: more than any frame has.
    """
    length = int.from_bytes(head, "little")
    if length > MAX_FRAME_BYTES:
        raise Corrupt(f"a live frame of {length} bytes was announced; the limit is {MAX_FRAME_BYTES}")
    return length


def decode_frame(body: bytes) -> LiveFrame:
    """A frame from what follows its length.

    Raises:
        Corrupt: it is no frame.
    """
    try:
        epoch, n, snapshot, orgs, vehicles, values = _decode(body)
        return LiveFrame(epoch, n, snapshot, dict(zip(zip(orgs, vehicles, strict=True), values, strict=True)))
    except (msgspec.MsgspecError, ValueError) as error:
        raise Corrupt(f"a live frame of {len(body)} bytes is unreadable: {error}") from error
