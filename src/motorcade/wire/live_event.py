"""What the live bus carries of a vehicle: its summary as one version byte and a MessagePack array.

The array has the fields of `domain.summary.Summary` in their order. A reader of this version accepts an array with
fewer fields (the defaults fill in), so that fields may be added at the end without a new version.
"""

import msgspec

from motorcade.domain.errors import Corrupt
from motorcade.domain.summary import Summary

FORMAT_VERSION = 1
_VERSION_BYTE = bytes((FORMAT_VERSION,))
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Summary).decode


def encode_live(summary: Summary) -> bytes:
    """A summary as bytes (about 150)."""
    return _VERSION_BYTE + _encode(summary)


def decode_live(event: bytes) -> Summary:
    """The summary in the bytes.

    Raises:
        Corrupt: another format version, or not a summary.
    """
    if event[:1] != _VERSION_BYTE:
        raise Corrupt(f"live event of format {event[:1].hex() or 'none'}, this program reads {FORMAT_VERSION}")
    try:
        return _decode(memoryview(event)[1:])
    except msgspec.DecodeError as error:
        raise Corrupt(f"live event of {len(event)} bytes is unreadable: {error}") from error
