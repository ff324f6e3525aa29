"""The embedded archive: what it costs who does not use it, what a full disk leaves, and changes of the catalogue."""

import errno
import itertools
import os
import random
import stat
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tesla_protocol.telemetry.vehicle_data_pb2 import Payload, Value

from motorcade.adapters.embedded.archive import columns, merging, parquet, reducing
from motorcade.adapters.embedded.archive_files import FileArchive
from motorcade.domain.errors import Invalid, Unavailable
from motorcade.domain.signal import SIGNALS, Shape
from motorcade.observability.metrics import Count
from motorcade.ports.archive import NS_PER_DAY, Ask, merged_stem
from motorcade.wire.tesla.decode import decode_vehicle_data
from tests.contract.archive_words import (
    DAY,
    GEAR,
    MIDNIGHT_NS,
    ORG_ID,
    SPEED,
    car_id,
    name_of,
    random_records,
    said,
    truth,
)

ALL_DAY = (MIDNIGHT_NS, MIDNIGHT_NS + NS_PER_DAY)


def test_the_rooms_start_without_the_parquet_engine() -> None:
    program = "import sys, motorcade.app.cli; print([name for name in ('duckdb', 'pyarrow') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "[]", done.stderr


async def test_a_full_disk_is_told_and_leaves_no_part(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(handle: int, data: memoryview) -> int:
        if len(data) > 100:
            return real(handle, data[:100])
        raise OSError(errno.ENOSPC, "No space left on device")

    real, archive, records = os.write, FileArchive(data_dir), random_records(random.Random(1), 10)
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full)
        with pytest.raises(Unavailable, match="No space left"):
            await archive.write(name_of(records), records)
    assert await archive.names() == []
    entry = (await archive.write(name_of(records), records)).entry
    assert (await archive.vehicle([entry], car_id(1), *ALL_DAY)).records == truth(records, 1, *ALL_DAY)


async def test_an_object_and_every_folder_above_it_are_synced(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []

    def note(handle: int) -> None:
        synced.append(os.fstat(handle).st_ino)
        real(handle)

    real, records, folder = os.fsync, random_records(random.Random(1), 3), data_dir / "archive"
    monkeypatch.setattr(os, "fsync", note)
    name = name_of(records)
    (folder / name).parent.mkdir(parents=True)  # as left by a process that died before it synced them
    await FileArchive(folder).write(name, records)
    file = folder / f"{name}.parquet"
    above = [file, file.parent, file.parent.parent, folder, data_dir]
    assert {path.stat().st_ino for path in above} <= set(synced)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


async def test_no_name_leads_out_of_the_archive(data_dir: Path) -> None:
    for name in ("../x", "/x", "a/../../x"):
        with pytest.raises(Invalid):
            await FileArchive(data_dir / "archive").write(name, random_records(random.Random(1), 1))


async def test_damage_that_a_reader_meets_is_counted_and_a_replaced_object_is_not(data_dir: Path) -> None:
    met, records = Count(), random_records(random.Random(1), 10)
    archive = FileArchive(data_dir, met)
    entry = (await archive.write(name_of(records), records)).entry
    (data_dir / f"{entry.name}.parquet").write_bytes(b"no object")
    await archive.vehicle([entry], car_id(1), *ALL_DAY)
    await archive.series([entry], Ask(car_id(1), SPEED, *ALL_DAY))
    assert met.n == 2
    await archive.remove([entry.name])
    await archive.vehicle([entry], car_id(1), *ALL_DAY)
    assert met.n == 2


async def test_too_many_readings_are_refused_before_they_fill_the_memory(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = FileArchive(data_dir)
    records = [said(1, at, {SPEED: float(at)}) for at in range(20)]
    entry = (await archive.write(name_of(records), records)).entry
    monkeypatch.setattr(reducing, "MAX_READINGS", 19)
    with pytest.raises(Invalid, match="shorter"):
        await archive.series([entry], Ask(car_id(1), SPEED, *ALL_DAY))


async def test_a_closed_archive_gives_up_its_merge(data_dir: Path) -> None:
    archive, records = FileArchive(data_dir), random_records(random.Random(1), 10)
    entry = (await archive.write(name_of(records), records)).entry
    await archive.close()
    with pytest.raises(Unavailable, match="closed"):
        await archive.merge(merged_stem(ORG_ID, DAY, 1), [entry])
    assert (await archive.vehicle([entry], car_id(1), *ALL_DAY)).records


async def test_large_objects_are_cut_between_vehicles(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(merging, "OBJECT_ROWS", 100)
    monkeypatch.setattr(merging, "STRETCH_ROWS", 30)
    monkeypatch.setattr(parquet, "GROUP_ROWS", 7)
    archive, records = FileArchive(data_dir), random_records(random.Random(1), 400, cars=20)
    entries = [
        (await archive.write(name_of(part, at), part)).entry
        for at, part in enumerate((records[:150], records[150:300], records[300:]))
    ]
    merged = (await archive.merge(merged_stem(ORG_ID, DAY, 1), entries)).objects
    assert len(merged) >= 4
    assert all(left.last_vehicle < right.first_vehicle for left, right in itertools.pairwise(merged))
    assert all(entry.rows <= 100 for entry in merged)
    for number in range(20):
        assert (await archive.vehicle(merged, car_id(number), *ALL_DAY)).records == truth(records, number, *ALL_DAY)
    found = [one async for one in archive.fleet([*merged, *entries], *ALL_DAY)]
    assert [record for one in found for record in one.records] == [
        record for car in sorted(map(car_id, range(20))) for record in truth(records, None, *ALL_DAY)
        if car_id(record.frame[1][0]) == car
    ]  # fmt: skip


@pytest.mark.parametrize("before", [Shape.UNTYPED, Shape.TEXT])
async def test_values_from_before_the_catalogue_knew_their_type_are_still_told(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch, before: Shape
) -> None:
    archive, today = FileArchive(data_dir), columns.shape_of
    old, new = [said(1, 1, {SPEED: 12.5}), said(1, 2, {SPEED: None})], [said(1, 3, {SPEED: 99.0})]
    with monkeypatch.context() as patch:
        patch.setattr(columns, "shape_of", lambda number: before if number == SPEED else today(number))
        entries = [(await archive.write(name_of(old, 1), old)).entry]
    entries.append((await archive.write(name_of(new, 2), new)).entry)
    merged = await archive.merge(merged_stem(ORG_ID, DAY, 1), entries)
    for objects in (entries, merged.objects):
        series = await archive.series(objects, Ask(car_id(1), SPEED, *ALL_DAY))
        values = [point.value for point in series.points]
        assert values == [12.5, None, 99.0]
        assert (await archive.vehicle(objects, car_id(1), *ALL_DAY)).records == [*old, *new]


async def test_a_signal_that_got_another_type_loses_its_old_values_from_charts_and_nothing_else(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive, today = FileArchive(data_dir), columns.shape_of
    old = [said(1, 1, {GEAR: "D"}), said(1, 2, {GEAR: None})]
    entry = (await archive.write(name_of(old), old)).entry
    for module in (columns, reducing):  # which must be loaded by now, or it would keep the patched one
        monkeypatch.setattr(module, "shape_of", lambda number: Shape.NUMBER if number == GEAR else today(number))
    for objects in ([entry], (await archive.merge(merged_stem(ORG_ID, DAY, 1), [entry])).objects):
        series = await archive.series(objects, Ask(car_id(1), GEAR, *ALL_DAY))
        assert [point.value for point in series.points] == [None]
        assert (await archive.vehicle(objects, car_id(1), *ALL_DAY)).records == old


def _values() -> st.SearchStrategy[Value]:
    numbers = st.floats() | st.integers(-(2**31), 2**31 - 1).map(float)
    return st.one_of(
        st.text(max_size=12).map(lambda text: Value(string_value=text)),
        numbers.map(lambda number: Value(string_value=str(number))),
        st.integers(-(2**63), 2**63 - 1).map(lambda number: Value(long_value=number)),
        numbers.map(lambda number: Value(double_value=number)),
        st.booleans().map(lambda flag: Value(boolean_value=flag)),
        st.just(Value(invalid=True)),
    )


@given(st.sampled_from(SIGNALS), _values())
def test_whatever_the_decoder_gives_fits_its_column_and_comes_back(signal: object, value: Value) -> None:
    number = signal.number  # type: ignore[attr-defined]  # a Signal
    payload = Payload()
    payload.data.add(key=number, value=value)
    for found, reading in decode_vehicle_data(payload.SerializeToString()):
        shape = columns.shape_of(found)
        if reading is not None:
            cell = columns.cell_of(shape, reading)
            other = msgspec.json.encode(reading).decode() if cell is None else None
            back = columns.value_of(shape, cell, other)
            assert back == reading or (isinstance(reading, int) and back == float(reading))  # beyond 53 bits
            assert isinstance(back, bool) == isinstance(reading, bool)
