"""The little of FlatBuffers that the envelope needs: tables and byte vectors, read with every offset checked.

FlatBuffers' own Python reader trusts its offsets: hostile ones make it raise odd errors or slice from the wrong end.
What one builder emits has one of a few vtables, so the unpacking of a table is compiled once per vtable and kept.
"""

from struct import Struct
from typing import Final

from motorcade.domain.errors import Invalid

U32: Final = Struct("<I")
U64: Final = Struct("<Q")
_U16: Final = Struct("<H")
_I32: Final = Struct("<i")
_VTABLE_HEAD: Final = Struct("<HH")
_MAX_LAYOUTS: Final = 64
"""Kept vtables; honest builders need about ten, and whoever sprays vtables only loses the cache."""

_Layout = tuple[Struct, tuple[int, ...], tuple[int, ...], int]
"""How to unpack a table, where in the result each slot lies (-1 = absent, the last is 0), the slots' offsets, bytes."""
_layouts: dict[tuple[str, bytes], _Layout] = {}


def vector(buf: bytes, offset: int, at: int) -> bytes:
    """The byte vector to which the reference `offset`, itself at `at`, leads; b"" without a reference."""
    if not offset:
        return b""
    start = at + offset + 4
    if start > len(buf):
        raise Invalid("a vector's reference leads out of the message")
    end = start + U32.unpack_from(buf, start - 4)[0]
    if end > len(buf):
        raise Invalid("a vector is longer than the message")
    return buf[start:end]


def table(buf: bytes, start: int, types: str) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
    """The fields of the table at `start`, where each slot lies in them, and each slot's offset in the table."""
    if start + 4 > len(buf):
        raise Invalid("a table's reference leads out of the message")
    vtable = start - _I32.unpack_from(buf, start)[0]
    if vtable < 0 or vtable + 4 > len(buf):
        raise Invalid("a table's description lies outside the message")
    head = buf[vtable : vtable + _U16.unpack_from(buf, vtable)[0]]
    unpacker, places, starts, size = _layouts.get((types, head)) or _compile(types, head)
    if start + size > len(buf):
        raise Invalid("a table reaches out of the message")
    fields: tuple[int, ...] = unpacker.unpack_from(buf, start)
    return (*fields, 0), places, starts


def _compile(types: str, head: bytes) -> _Layout:
    """How to unpack a table with the vtable `head`.

    Raises:
        Invalid: a slot lies outside its table, or two slots share bytes.
    """
    if len(head) < _VTABLE_HEAD.size or len(head) != _U16.unpack_from(head)[0] or len(head) % 2:
        raise Invalid("a table's description is cut off")
    table_bytes = _U16.unpack_from(head, 2)[0]
    count = min(len(types), len(head) // 2 - 2)
    starts = [*Struct(f"<{count}H").unpack_from(head, 4), *[0] * (len(types) - count)]
    present = sorted((start, slot) for slot, start in enumerate(starts) if start)
    pattern, at, places = "<", 0, [-1] * len(types)
    for place, (start, slot) in enumerate(present):
        if start < max(at, 4):
            raise Invalid("two fields of a table share bytes")
        pattern += f"{start - at}x{types[slot]}"
        at = start + Struct("<" + types[slot]).size
        places[slot] = place
    if at > table_bytes:
        raise Invalid("a field lies outside its table")
    layout = (Struct(pattern), tuple(places), tuple(starts), at)
    if len(_layouts) < _MAX_LAYOUTS:
        _layouts[types, head] = layout
    return layout


class Builder:
    """Writes a FlatBuffer from its end to its start, like the official builders do."""

    __slots__ = ("_align", "_parts", "size")

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._align = 1
        self.size = 0

    def prepend(self, data: bytes) -> int:
        """Put `data` in front; its offset counts from the end of the buffer."""
        self._parts.append(data)
        self.size += len(data)
        return self.size

    def pad(self, width: int, following: int = 0) -> None:
        """Zeros, so that what comes after `following` more bytes is aligned to `width`."""
        self._align = max(self._align, width)
        self.prepend(bytes(-(self.size + following) % width))

    def string(self, data: bytes) -> int:
        """A byte vector with the NUL that Tesla's writers put after it."""
        self.pad(4, len(data) + 1)
        return self.prepend(U32.pack(len(data)) + data + b"\0")

    def table(self, fields: list[tuple[int, Struct, int, bool]], slots: int) -> int:
        """A table; each field is (slot, type, value, whether the value is a reference), in order of writing."""
        end = self.size
        positions = [0] * slots
        for slot, kind, value, reference in fields:
            if not value:
                continue
            self.pad(kind.size)
            number = self.size + kind.size - value if reference else value
            positions[slot] = self.prepend(kind.pack(number))
        while positions and not positions[-1]:
            positions.pop()
        self.pad(4)
        start = self.size + 4
        vtable_bytes = 4 + 2 * len(positions)
        vtable = _VTABLE_HEAD.pack(vtable_bytes, start - end) + b"".join(
            _U16.pack(start - position if position else 0) for position in positions
        )
        self.prepend(vtable + _I32.pack(vtable_bytes))
        return start

    def finish(self, root: int) -> bytes:
        """The whole buffer, whose root is the table at `root`."""
        self.pad(self._align, 4)
        self.prepend(U32.pack(self.size + 4 - root))
        return b"".join(reversed(self._parts))
