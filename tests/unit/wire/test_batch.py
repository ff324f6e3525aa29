"""Stream entries keep every record, and damage is an error instead of wrong data."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from motorcade.domain.errors import Corrupt
from motorcade.domain.ids import id_text
from motorcade.domain.record import Flag, Record, Topic
from motorcade.wire.batch import decode_entry, encode_entry, frame_of, record_of

int64 = st.integers(-(2**63), 2**63 - 1)
records = st.builds(
    Record,
    org_id=st.binary(min_size=16, max_size=16).map(id_text),
    vehicle_id=st.binary(min_size=16, max_size=16).map(id_text),
    topic=st.sampled_from(Topic),
    observed_at_ns=int64,
    received_at_ns=int64,
    effective_at_ns=int64,
    flags=st.integers(0, 127).map(Flag),
    connection_id=st.binary(min_size=8, max_size=8).map(bytes.hex),
    connection_seq=st.integers(0, 2**32 - 1),
    payload=st.binary(max_size=300),
)


@given(st.lists(records, max_size=20))
def test_an_entry_gives_back_its_records_in_order(wanted: list[Record]) -> None:
    entry = encode_entry([frame_of(record) for record in wanted])
    assert [record_of(frame) for frame in decode_entry(entry)] == wanted


@given(st.lists(records, min_size=1, max_size=5), st.data())
def test_one_flipped_bit_never_gives_other_records(wanted: list[Record], data: st.DataObject) -> None:
    entry = bytearray(encode_entry([frame_of(record) for record in wanted]))
    at = data.draw(st.integers(0, len(entry) - 1))
    entry[at] ^= 1 << data.draw(st.integers(0, 7))
    try:
        frames = decode_entry(bytes(entry))
    except Corrupt:
        return
    assert [record_of(frame) for frame in frames] == wanted  # a bit that zstd itself ignores


@given(st.binary(max_size=200))
def test_any_bytes_are_an_entry_or_corrupt(noise: bytes) -> None:
    for entry in (noise, b"\x01" + noise):
        try:
            decode_entry(entry)
        except Corrupt:
            continue


def test_a_cut_entry_is_corrupt() -> None:
    frame = frame_of(
        Record(id_text(bytes(16)), id_text(bytes(16)), Topic.ERRORS, 1, 2, 3, Flag.NONE, "0" * 16, 4, b"payload")
    )
    for entry in (b"", encode_entry([frame])[:-3], encode_entry([frame[:-1]]), encode_entry([frame[:20]])):
        with pytest.raises(Corrupt):
            decode_entry(entry)


def test_the_format_is_pinned() -> None:
    """Old streams must stay readable: a change of these bytes needs a new format version."""
    frame = frame_of(
        Record(id_text(b"o" * 16), id_text(b"v" * 16), Topic.VEHICLE_DATA, 1, 2, 1, Flag.RESEND, "ab" * 8, 7, b"pay")
    )
    assert frame.hex() == (
        "4a000000" + "6f" * 16 + "76" * 16 + "ab" * 8 + "07000000" + "01" + "0100"
        "0100000000000000" + "0200000000000000" + "0100000000000000" + "706179"
    )
