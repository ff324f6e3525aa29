"""The faults on purpose do happen, and harm nothing that the contract promises."""

import random
from pathlib import Path

from motorcade.adapters.embedded.stream_faulty import FaultyStream
from motorcade.adapters.embedded.stream_reader import SqliteStream
from motorcade.ports.stream import BEGINNING
from motorcade.wire.batch import encode_frame
from tests.contract.rigs import FaultyEmbeddedStream, Reports


async def test_records_are_stored_twice_and_overtake_each_other(data_dir: Path) -> None:
    rig = FaultyEmbeddedStream(data_dir)
    reports = Reports()
    writer = rig.writer(reports)
    for number in range(300):
        writer.append(encode_frame(bytes(40), number, 1, 0, (0, 0, 0), b""), number)
    await writer.close()
    reader = SqliteStream(rig.path)
    stored = [record[3] for entry in await reader.read(0, BEGINNING, 1000) for record in entry.frames]
    assert len(stored) > len(set(stored)) == 300
    assert stored != sorted(stored)
    await reader.close()


async def test_entries_are_delivered_again_and_the_newest_comes_last(data_dir: Path) -> None:
    rig = FaultyEmbeddedStream(data_dir)
    for number in range(30):
        reports = Reports()
        writer = rig.writer(reports)
        writer.append(encode_frame(bytes(40), number, 1, 0, (0, 0, 0), b""), number)
        await writer.close()
    reader = FaultyStream(SqliteStream(rig.path), random.Random(5))
    delivered: list[int] = []
    after = BEGINNING
    while entries := await reader.read(0, after, 1):
        positions = [entry.position for entry in entries]
        assert positions[-1] == max(positions) > after
        after = positions[-1]
        delivered += positions
    assert set(delivered) == set(range(1, 31))
    assert len(delivered) > 30
    assert delivered != sorted(delivered)
    await reader.close()
