"""The contract of `ports/archive.py`, on every adapter; written for the weakest engine, an object store.

Objects are made once and whole, nothing is renamed, a failed write may have been done, a listing may be late.
"""

import random
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tesla_protocol.telemetry.vehicle_data_pb2 import Field, Payload

from motorcade.adapters.embedded.clock_system import SystemClock
from motorcade.domain.errors import Conflict, Invalid
from motorcade.domain.record import Flag, Topic
from motorcade.ports.archive import NS_PER_DAY, NS_PER_HOUR, Archive, Archived, ArchiveObject, Ask, Point, merged_stem
from tests.contract.archive_words import (
    DAY,
    DOORS,
    GEAR,
    MIDNIGHT_NS,
    NS_PER_S,
    ORG_ID,
    OTHER,
    PLACE,
    SOC,
    SPEED,
    UNKNOWN,
    car_id,
    name_of,
    random_records,
    raw,
    said,
    truth,
    unknown,
)
from tests.contract.rigs import ARCHIVES, EmbeddedArchive

ALL_DAY = (MIDNIGHT_NS, MIDNIGHT_NS + NS_PER_DAY)


@pytest.fixture(params=ARCHIVES)
def rig(request: pytest.FixtureRequest, data_dir: Path) -> EmbeddedArchive:
    return ARCHIVES[request.param](data_dir)


@pytest.fixture
async def archive(rig: EmbeddedArchive) -> AsyncIterator[Archive]:
    one = rig.open()
    yield one
    await one.close()


async def split(archive: Archive, records: list[Archived], parts: int) -> list[ArchiveObject]:
    """The records in so many objects, in the order given."""
    step = -(-len(records) // parts)
    pieces = [records[at : at + step] for at in range(0, len(records), step)]
    return [(await archive.write(name_of(piece, at), piece)).entry for at, piece in enumerate(pieces, 1)]


async def everything(archive: Archive, objects: list[ArchiveObject]) -> list[Archived]:
    found: list[Archived] = []
    async for one in archive.fleet(objects, *ALL_DAY):
        assert not one.gaps
        found += one.records
    return found


async def test_records_come_back_byte_for_byte_in_turn(archive: Archive) -> None:
    records = random_records(random.Random(1), 500)
    objects = await split(archive, records, 1)
    found = await archive.vehicle(objects, car_id(2), *ALL_DAY)
    assert found.records == truth(records, 2, *ALL_DAY)
    assert found.gaps == []


async def test_an_entry_tells_what_is_inside(archive: Archive) -> None:
    records = [said(3, 20, {SPEED: 1.0}), said(1, 10, {SPEED: 2.0}), said(2, 30, {SPEED: 3.0})]
    entry = (await archive.write(name_of(records), records)).entry
    assert (entry.org_id, entry.day, entry.rows) == (ORG_ID, DAY, 3)
    assert (entry.first_ns, entry.last_ns) == (MIDNIGHT_NS + 10 * NS_PER_S, MIDNIGHT_NS + 30 * NS_PER_S)
    assert (entry.first_vehicle, entry.last_vehicle) == (min(map(car_id, (1, 2, 3))), max(map(car_id, (1, 2, 3))))
    assert entry.touches(MIDNIGHT_NS, MIDNIGHT_NS + 11 * NS_PER_S, car_id(2))
    assert not entry.touches(MIDNIGHT_NS, MIDNIGHT_NS + 10 * NS_PER_S)
    assert not entry.touches(entry.last_ns + 1, entry.last_ns + 2)
    assert not entry.touches(*ALL_DAY, car_id(200))


async def test_a_name_is_given_once_and_the_first_object_stays(archive: Archive) -> None:
    first, second = [said(1, 1, {SPEED: 1.0})], [said(1, 2, {SPEED: 2.0})]
    entry = (await archive.write(name_of(first), first)).entry
    with pytest.raises(Conflict):
        await archive.write(name_of(first), second)
    assert (await archive.vehicle([entry], car_id(1), *ALL_DAY)).records == first


async def test_an_object_outlives_its_writer(archive: Archive, rig: EmbeddedArchive) -> None:
    records = random_records(random.Random(2), 50)
    objects = await split(archive, records, 2)
    await archive.close()
    assert await everything(rig.open(), objects) == sorted(
        truth(records, None, *ALL_DAY), key=lambda one: (car_id(one.frame[1][0]), *one.turn)
    )


@pytest.mark.parametrize(
    "records",
    [
        [],
        [said(1, 1, {SPEED: 1.0}), said(1, 1, {SPEED: 1.0}, org=OTHER)],
        [said(1, 1, {SPEED: 1.0}), said(1, 86_400, {SPEED: 1.0})],
    ],
    ids=["none", "two organisations", "two days"],
)
async def test_an_object_holds_one_organisation_and_day(archive: Archive, records: list[Archived]) -> None:
    with pytest.raises(Invalid):
        await archive.write("x/1/1.p0.1.e1", records)
    assert list(await archive.names()) == []


async def test_bytes_that_no_decoder_reads_are_kept_and_counted(archive: Archive) -> None:
    bad, alert = raw(1, 1, b"\xff\xff\xff"), raw(1, 2, b"\xff\xff", topic=Topic.ALERTS, flags=Flag.ANCIENT)
    written = await archive.write("x/1/1.p0.1.e1", [alert, bad])
    assert written.undecodable == 1
    assert (await archive.vehicle([written.entry], car_id(1), *ALL_DAY)).records == [bad, alert]


async def test_a_range_holds_its_begin_and_not_its_end(archive: Archive) -> None:
    records = [said(1, at, {SPEED: float(at)}) for at in (10, 20, 30)]
    objects = await split(archive, records, 1)
    found = await archive.vehicle(objects, car_id(1), MIDNIGHT_NS + 10 * NS_PER_S, MIDNIGHT_NS + 30 * NS_PER_S)
    assert found.records == records[:2]


async def test_what_is_in_no_given_object_is_not_found(archive: Archive) -> None:
    records = random_records(random.Random(3), 200)
    objects = await split(archive, records, 4)
    assert await everything(archive, objects[1:3]) == sorted(
        truth(records[50:150], None, *ALL_DAY), key=lambda one: (car_id(one.frame[1][0]), *one.turn)
    )
    assert (await archive.vehicle([], car_id(1), *ALL_DAY)).records == []
    assert await everything(archive, []) == []
    assert await archive.vehicles([]) == ([], [])


async def test_of_copies_the_one_received_first_stays_wherever_they_lie(archive: Archive) -> None:
    early = said(1, 100, {SPEED: 1.0}, received_s=101)
    late = said(1, 100, {SPEED: 1.0}, received_s=500, flags=Flag.RESEND)
    assert early.record_id == late.record_id
    objects = await split(archive, [late, early], 2)
    assert (await archive.vehicle(objects, car_id(1), *ALL_DAY)).records == [early]
    assert await everything(archive, objects) == [early]
    merged = await archive.merge(merged_stem(ORG_ID, DAY, 1), objects)
    assert merged.repeated == 1
    assert (await archive.vehicle(merged.objects, car_id(1), *ALL_DAY)).records == [early]


async def test_a_copy_dated_out_of_the_range_still_decides(archive: Archive) -> None:
    """A resend is dated back by its clock's lead; the range's edge must not make two records of one."""
    first = said(1, 99, {SPEED: 1.0}, received_s=99)
    again = Archived(
        first.record_id, (*first.frame[:7], first.frame[7] + NS_PER_S, first.frame[8] + 2 * NS_PER_S, first.frame[9])
    )
    objects = await split(archive, [first, again], 2)
    edge = MIDNIGHT_NS + 100 * NS_PER_S
    assert (await archive.vehicle(objects, car_id(1), edge, ALL_DAY[1])).records == []
    assert (await archive.vehicle(objects, car_id(1), ALL_DAY[0], edge)).records == [first]


async def test_merged_objects_say_the_same_as_their_inputs(archive: Archive) -> None:
    records = random_records(random.Random(4), 900, cars=6)
    objects = await split(archive, [*records, *records[:100]], 7)
    merged = await archive.merge(merged_stem(ORG_ID, DAY, 1), objects)
    assert merged.repeated == 1000 - len({record.record_id for record in records})
    assert merged.damaged == []
    assert sum(entry.rows for entry in merged.objects) == 1000 - merged.repeated
    assert {entry.run for entry in merged.objects} == {merged_stem(ORG_ID, DAY, 1)}
    assert await everything(archive, merged.objects) == await everything(archive, objects)
    for signal in (SPEED, SOC):
        ask = Ask(car_id(2), signal, *ALL_DAY)
        assert await archive.series(merged.objects, ask) == await archive.series(objects, ask)
    again = await archive.merge(merged_stem(ORG_ID, DAY, 2), [*merged.objects, *objects])
    assert again.repeated == 1000
    assert await everything(archive, again.objects) == await everything(archive, objects)


async def test_objects_of_two_days_are_not_merged(archive: Archive) -> None:
    today, tomorrow = [said(1, 1, {SPEED: 1.0})], [said(1, 86_401, {SPEED: 1.0})]
    objects = [(await archive.write(name_of(part), part)).entry for part in (today, tomorrow)]
    with pytest.raises(Invalid):
        await archive.merge("x/1/merged.1", objects)


async def test_vehicles_are_told_in_order(archive: Archive) -> None:
    objects = await split(archive, random_records(random.Random(5), 100, cars=9), 3)
    assert await archive.vehicles(objects) == (sorted(map(car_id, range(9))), [])


async def test_the_fleet_goes_on_behind_a_vehicle(archive: Archive) -> None:
    objects = await split(archive, random_records(random.Random(6), 100, cars=5), 2)
    cars = sorted(map(car_id, range(5)))
    assert [one.vehicle_id async for one in archive.fleet(objects, *ALL_DAY, cars[2])] == cars[3:]


async def test_removed_objects_are_gone_and_told_as_missing(archive: Archive) -> None:
    records = random_records(random.Random(7), 90)
    objects = await split(archive, records, 3)
    assert await archive.remove([objects[0].name, "x/1/1.p0.9.e9"]) == 1
    assert set(await archive.names()) == {entry.name for entry in objects[1:]}
    found = await archive.vehicle(objects, car_id(1), *ALL_DAY)
    assert found.records == truth(records[30:], 1, *ALL_DAY)
    assert [(gap.name, gap.missing) for gap in found.gaps] == [(objects[0].name, True)]
    merged = await archive.merge(merged_stem(ORG_ID, DAY, 1), objects)
    assert [gap.missing for gap in merged.damaged] == [True]
    series = await archive.series(objects, Ask(car_id(1), SPEED, *ALL_DAY))
    assert [gap.missing for gap in series.gaps] == [True]
    assert [gap.missing for gap in (await archive.vehicles(objects))[1]] == [True]


async def test_a_changed_object_is_a_gap_and_never_another_value(archive: Archive, rig: EmbeddedArchive) -> None:
    records = random_records(random.Random(8), 400)
    entry = (await archive.write(name_of(records), records)).entry
    whole, rng = rig.stored(entry.name), random.Random(9)
    want, asked = truth(records, 1, *ALL_DAY), Ask(car_id(1), SPEED, *ALL_DAY)
    series = await archive.series([entry], asked)
    for _ in range(60):
        place = rng.randrange(len(whole))
        changed = bytearray(whole)
        changed[place] ^= 1 << rng.randrange(8)
        rig.store(entry.name, bytes(changed))
        found = await archive.vehicle([entry], car_id(1), *ALL_DAY)
        assert found.records == want or found.gaps
        assert set(found.records) <= set(want)
        read = await archive.series([entry], asked)
        assert read == series or read.gaps
        assert set(read.points) <= set(series.points)
        merged = await archive.merge(f"x/1/merged.{place}", [entry])
        assert (merged.objects, len(merged.damaged)) == ([], 1)


@pytest.mark.parametrize("kept", [0, 1, 100, -1])
async def test_a_part_of_an_object_is_a_gap(archive: Archive, rig: EmbeddedArchive, kept: int) -> None:
    good, bad = random_records(random.Random(10), 50), random_records(random.Random(11), 50)
    objects = [(await archive.write(name_of(part, at), part)).entry for at, part in enumerate((good, bad))]
    rig.store(objects[1].name, rig.stored(objects[1].name)[:kept])
    found = await archive.vehicle(objects, car_id(1), *ALL_DAY)
    assert found.records == truth(good, 1, *ALL_DAY)
    assert [gap.name for gap in found.gaps] == [objects[1].name]
    assert (found.gaps[0].first_ns, found.gaps[0].last_ns) == (objects[1].first_ns, objects[1].last_ns)
    told = [gap.name async for one in archive.fleet(objects, *ALL_DAY) for gap in one.gaps]
    assert told == [objects[1].name]


async def test_an_object_of_somebody_else_is_a_gap(archive: Archive, rig: EmbeddedArchive) -> None:
    ours, theirs = random_records(random.Random(12), 50), random_records(random.Random(13), 50)
    objects = [(await archive.write(name_of(part, at), part)).entry for at, part in enumerate((ours, theirs))]
    rig.store(objects[0].name, rig.stored(objects[1].name))
    assert [gap.name for gap in (await archive.vehicle(objects[:1], car_id(1), *ALL_DAY)).gaps] == [objects[0].name]


async def test_a_listing_of_older_objects_leaves_out_the_young(archive: Archive) -> None:
    began_ns = SystemClock().now_ns()
    objects = await split(archive, random_records(random.Random(14), 20), 2)
    hour_ns = 3600 * NS_PER_S
    assert await archive.names(began_ns - hour_ns) == []
    assert set(await archive.names(began_ns + hour_ns)) == {entry.name for entry in objects}


# Readings.


async def readings(archive: Archive, records: list[Archived], signal: int, points: int = 2000) -> list[Point]:
    objects = await split(archive, records, 2)
    series = await archive.series(objects, Ask(car_id(1), signal, *ALL_DAY, points))
    assert series.gaps == []
    return series.points


@pytest.mark.parametrize(
    ("signal", "values"),
    [
        (SPEED, [12.5, None, 0.0, 130.25]),
        (GEAR, ["P", "D", None, "D"]),
        (PLACE, [(57.7, 11.97), None, (57.8, 11.98)]),
        (DOORS, [("DriverFront",), (), None]),
        (SOC, [80.0, 79.0]),
    ],
    ids=["numbers", "choices", "places", "sets", "percentages"],
)
async def test_readings_are_the_values_in_order_and_no_value_stays_visible(
    archive: Archive, signal: int, values: list[object]
) -> None:
    records = [said(1, at, {signal: value}) for at, value in enumerate(values)]  # type: ignore[dict-item]  # of all shapes
    found = await readings(
        archive, [*records, said(2, 1, {signal: None}), said(1, 50, {21 if signal != 21 else 4: None})], signal
    )
    assert [point.at_ns for point in found] == [MIDNIGHT_NS + at * NS_PER_S for at in range(len(values))]
    assert [point.value for point in found] == values


async def test_fields_that_nobody_knows_yet_keep_whatever_was_sent(archive: Archive) -> None:
    sent: list[str | int | None] = ["a word", 12, None, "12"]
    found = await readings(archive, [unknown(1, at, value) for at, value in enumerate(sent)], UNKNOWN)
    assert [point.value for point in found] == [*sent[:3], found[3].value]
    assert found[3].value in ("12", 12)  # cars send numbers as text, too


async def test_a_value_of_another_type_than_its_signal_has_is_told_as_it_is(archive: Archive) -> None:
    payload = Payload()
    payload.data.add(key=Field.Gear).value.boolean_value = True
    records = [said(1, 1, {GEAR: "D"}), raw(1, 2, payload.SerializeToString()), said(1, 3, {GEAR: None})]
    assert [point.value for point in await readings(archive, records, GEAR)] == ["D", True, None]


async def test_a_repeated_record_is_one_reading(archive: Archive) -> None:
    records = [said(1, 1, {SPEED: 5.0}), said(1, 1, {SPEED: 5.0}, received_s=9)]
    assert await readings(archive, records, SPEED) == [Point(MIDNIGHT_NS + NS_PER_S, 5.0)]


@pytest.mark.parametrize("points", [4, 10, 100, 400])
async def test_many_readings_are_reduced_and_no_extreme_is_lost(archive: Archive, points: int) -> None:
    rng = random.Random(14)
    values = [None if rng.random() < 0.02 else round(rng.uniform(0, 100), 2) for _ in range(1500)]
    records = [said(1, at, {SPEED: value}) for at, value in enumerate(values)]
    objects = await split(archive, records, 3)
    series = await archive.series(objects, Ask(car_id(1), SPEED, MIDNIGHT_NS, MIDNIGHT_NS + 1500 * NS_PER_S, points))
    told = {point.at_ns: point.value for point in series.points}
    assert (series.total, series.reduced) == (1500, True)
    assert len(series.points) <= points
    assert [point.at_ns for point in series.points] == sorted(told)
    numbers = [value for value in values if value is not None]
    shown = [value for value in told.values() if isinstance(value, float)]
    assert (min(shown), max(shown)) == (min(numbers), max(numbers))
    assert None in told.values()
    assert all(values[(at_ns - MIDNIGHT_NS) // NS_PER_S] == value for at_ns, value in told.items())


async def test_of_what_is_no_number_the_changes_are_told(archive: Archive) -> None:
    gears = ["P"] * 300 + ["D"] * 300 + ["R"] * 5 + ["P"] * 300
    records = [said(1, at, {GEAR: gear}) for at, gear in enumerate(gears)]
    found = await readings(archive, records, GEAR, 100)
    assert [(point.at_ns - MIDNIGHT_NS) // NS_PER_S for point in found] == [0, 300, 600, 605]
    flicker = [said(1, at, {GEAR: "PD"[at % 2]}) for at in range(900)]
    objects = [(await archive.write(name_of(flicker, 9), flicker)).entry]
    ask = Ask(car_id(1), GEAR, MIDNIGHT_NS, MIDNIGHT_NS + 900 * NS_PER_S, 100)
    told = (await archive.series(objects, ask)).points
    assert 50 <= len(told) <= 100
    assert {point.value for point in told} == {"P", "D"}


async def test_no_range_is_too_long_to_be_reduced(archive: Archive) -> None:
    records = [said(1, at, {SPEED: float(at), GEAR: "PD"[at % 2]}) for at in range(50)]
    objects = await split(archive, records, 1)
    for signal in (SPEED, GEAR):
        series = await archive.series(objects, Ask(car_id(1), signal, -(2**63), 2**63 - 1, 10))
        assert 2 <= len(series.points) <= 10
        assert series.total == 50


@pytest.mark.parametrize(("span_ns", "points"), [(0, 100), (-1, 100), (NS_PER_HOUR, 3), (NS_PER_HOUR, 20_001)])
async def test_an_empty_range_or_too_many_points_are_refused(archive: Archive, span_ns: int, points: int) -> None:
    with pytest.raises(Invalid):
        await archive.series([], Ask(car_id(1), SPEED, MIDNIGHT_NS, MIDNIGHT_NS + span_ns, points))
    assert (await archive.series([], Ask(car_id(1), SPEED, MIDNIGHT_NS, MIDNIGHT_NS + 1, 4))).points == []
