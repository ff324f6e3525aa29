"""A stream entry: the records that one group commit made durable together.

Frame (one record), little endian, then the payload:

    u32 length of what follows | 16 B org | 16 B vehicle | 8 B connection | u32 connection sequence
    u8 topic | u16 flags | i64 observed_at_ns | i64 received_at_ns | i64 effective_at_ns | payload

Entry: u8 format version, then one zstd frame with its checksum over the joined record frames. The checksum makes a
flipped bit an error instead of wrong data.
"""

import struct
from collections.abc import Iterator, Sequence

import zstandard

from motorcade.domain.errors import Corrupt, Invalid
from motorcade.domain.ids import id_bytes, id_text
from motorcade.domain.record import Flag, Frame, Record, Topic

FORMAT_VERSION = 1
HEADER = struct.Struct("<I16s16s8sIBHqqq")
HEADER_BYTES = HEADER.size
LENGTH_BYTES = 4
MAX_ENTRY_BYTES = 64 * 1024 * 1024
"""Upper bound of one decoded entry; a group commit is far smaller, so more is damage."""
COMPRESSION_LEVEL = 1  # level 3 costs a quarter more time for 1-4 % on telemetry


def encode_frame(
    source: bytes, connection_seq: int, topic: int, flags: int, times: tuple[int, int, int], payload: bytes
) -> bytes:
    """One record as a frame.

    Args:
        source: org, vehicle and connection id joined (40 bytes), made once per connection.
        connection_seq: position of the record in its connection.
        topic: a `Topic`.
        flags: a `Flag`.
        times: observed, received and effective time in ns.
        payload: the VIN-free payload.
    """
    return (
        HEADER.pack(
            HEADER_BYTES - LENGTH_BYTES + len(payload),
            source[:16],
            source[16:32],
            source[32:],
            connection_seq,
            topic,
            flags,
            *times,
        )
        + payload
    )


def frame_of(record: Record) -> bytes:
    """`encode_frame` for a whole record."""
    source = id_bytes(record.org_id) + id_bytes(record.vehicle_id) + bytes.fromhex(record.connection_id)
    times = (record.observed_at_ns, record.received_at_ns, record.effective_at_ns)
    return encode_frame(source, record.connection_seq, record.topic, record.flags, times, record.payload)


def encode_entry(frames: Sequence[bytes], compressor: zstandard.ZstdCompressor | None = None) -> bytes:
    """Frames as one stream entry. A compressor is not thread-safe: one per thread."""
    if compressor is None:
        compressor = new_compressor()
    return bytes((FORMAT_VERSION,)) + compressor.compress(b"".join(frames))


def new_compressor() -> zstandard.ZstdCompressor:
    """A compressor with the settings of the stored format."""
    return zstandard.ZstdCompressor(level=COMPRESSION_LEVEL, write_checksum=True, write_content_size=True)


def decode_entry(entry: bytes) -> list[Frame]:
    """All records of an entry as bare tuples, in order: the consumer's hot path.

    A tuple is (org, vehicle, connection, sequence, topic, flags, observed, received, effective, payload).

    Raises:
        Corrupt: checksum, version or lengths are wrong; nothing of the entry is returned.
    """
    if not entry or entry[0] != FORMAT_VERSION:
        version = entry[0] if entry else "none"
        raise Corrupt(f"stream entry has format version {version}, this program reads {FORMAT_VERSION}")
    try:
        body = zstandard.ZstdDecompressor().decompress(entry[1:], max_output_size=MAX_ENTRY_BYTES)
    except zstandard.ZstdError as error:
        raise Corrupt(f"stream entry of {len(entry)} bytes does not decompress: {error}") from error
    return list(_frames(body))


def _frames(body: bytes) -> Iterator[Frame]:
    offset, end = 0, len(body)
    unpack_from = HEADER.unpack_from
    while offset < end:
        if end - offset < HEADER_BYTES:
            raise Corrupt(f"stream entry ends inside the header of a record at byte {offset}")
        length, *head = unpack_from(body, offset)
        stop = offset + LENGTH_BYTES + length
        if stop > end or length < HEADER_BYTES - LENGTH_BYTES:
            raise Corrupt(f"stream entry has a record of {length} bytes at byte {offset}, beyond its end")
        yield (*head, body[offset + HEADER_BYTES : stop])
        offset = stop


def record_of(frame: Frame) -> Record:
    """A bare tuple as a `Record`.

    Raises:
        Invalid: the topic is unknown to this version.
    """
    org, vehicle, connection, seq, topic, flags, observed, received, effective, payload = frame
    try:
        kind = Topic(topic)
    except ValueError as error:
        raise Invalid(f"record of unknown topic number {topic}") from error
    return Record(
        id_text(org), id_text(vehicle), kind, observed, received, effective, Flag(flags), connection.hex(), seq, payload
    )
