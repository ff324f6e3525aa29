"""Fences in the store: their versions in time, nobody else's, and nothing lost to somebody faster."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from motorcade.adapters.embedded.store_sqlite import SqliteStore
from motorcade.domain.errors import Conflict, Denied, Invalid
from motorcade.domain.geofence.fence import FenceDraft
from motorcade.domain.geofence.shape import Circle, Corridor, Polygon, Shape
from motorcade.domain.geofence.timeline import FenceTimeline
from motorcade.domain.schedule import DayException, Schedule, Window
from motorcade.domain.tenant import OrgScope, SystemScope
from motorcade.repositories.geofences import SWITCH_STEP_NS, TAKES_EFFECT_NS, AllGeofences, GeofencesRepository
from tests.contract.rigs import TestClock

YARD = FenceDraft("Yard", Circle((57.7, 12.0), 200.0))


class Rig:
    def __init__(self, folder: Path) -> None:
        self.clock = TestClock()
        self.store = SqliteStore(folder / "store.db", self.clock)

    def of(self, org_id: str) -> GeofencesRepository:
        return GeofencesRepository(OrgScope(org_id, "user", "owner"), self.store, self.clock)


@pytest.fixture
async def rig(data_dir: Path) -> AsyncIterator[Rig]:
    one = Rig(data_dir)
    yield one
    await one.store.close()


@pytest.mark.parametrize(
    "shape",
    [
        Circle((57.7, 12.0), 200.0),
        Corridor(((57.7, 12.0), (57.8, 12.1)), 50.0),
        Polygon(
            ((57.0, 12.0), (57.0, 12.4), (57.4, 12.4), (57.0, 12.0)),
            (((57.1, 12.15), (57.1, 12.2), (57.15, 12.2), (57.1, 12.15)),),
        ),
    ],
)
async def test_a_fence_comes_back_as_it_was_drawn(rig: Rig, shape: Shape) -> None:
    schedule = Schedule("Europe/Stockholm", (Window(0, 480, 1020),), (DayException("2026-12-24", ((480, 720),)),))
    (made,) = await rig.of("a").create([FenceDraft(" Depot ", shape, schedule, 600.0, 20.0)])
    assert await rig.of("a").get(made.fence_id) == made
    assert (made.name, made.shape, made.schedule, made.version) == ("Depot", shape, schedule, 1)


async def test_a_change_holds_from_a_whole_minute_that_every_consumer_knows_in_time(rig: Rig) -> None:
    before_ns = rig.clock.now_ns()
    (made,) = await rig.of("a").create([YARD])
    assert made.from_ns % SWITCH_STEP_NS == 0
    assert made.from_ns - before_ns >= TAKES_EFFECT_NS
    assert made.from_ns - rig.clock.now_ns() < TAKES_EFFECT_NS + SWITCH_STEP_NS


async def test_the_old_version_holds_until_the_new_one_does(rig: Rig) -> None:
    fences = rig.of("a")
    (first,) = await fences.create([YARD])
    rig.clock.skipped_s += 3_600
    second = await fences.change(first.fence_id, 1, replace(YARD, name="Big yard", shape=Circle((57.7, 12.0), 400.0)))
    rig.clock.skipped_s += 3_600
    ended_ns = await fences.remove(first.fence_id, 2)
    line = FenceTimeline(await fences.versions())
    told = [
        [fence.version for fence in line.at(at_ns).fences.values()]
        for at_ns in (first.from_ns - 1, first.from_ns, second.from_ns - 1, second.from_ns, ended_ns - 1, ended_ns)
    ]
    assert told == [[], [1], [1], [2], [2], []]
    assert await fences.get(first.fence_id) is None
    assert await fences.page() == ([], None)


async def test_two_changes_within_a_minute_leave_no_gap(rig: Rig) -> None:
    fences = rig.of("a")
    (first,) = await fences.create([YARD])
    second = await fences.change(first.fence_id, 1, YARD)
    assert second.from_ns - first.from_ns in {0, SWITCH_STEP_NS}  # the minute may have turned between
    line = FenceTimeline(await fences.versions())
    assert [fence.version for fence in line.at(second.from_ns).fences.values()] == [2]


async def test_whoever_saw_an_older_version_changes_nothing(rig: Rig) -> None:
    fences = rig.of("a")
    (first,) = await fences.create([YARD])
    await fences.change(first.fence_id, 1, YARD)
    with pytest.raises(Conflict):
        await fences.change(first.fence_id, 1, replace(YARD, name="Mine"))
    with pytest.raises(Conflict):
        await fences.remove(first.fence_id, 1)
    assert len(await fences.versions()) == 2


async def test_another_organisations_fence_is_like_one_that_never_was(rig: Rig) -> None:
    (theirs,) = await rig.of("a").create([YARD])
    assert await rig.of("b").get(theirs.fence_id) is None
    assert await rig.of("b").versions() == []
    for fence_id in (theirs.fence_id, "no-such-fence"):
        with pytest.raises(Denied, match="there is no such fence"):
            await rig.of("b").change(fence_id, 1, YARD)
        with pytest.raises(Denied, match="there is no such fence"):
            await rig.of("b").remove(fence_id, 1)


async def test_a_removed_fence_cannot_be_changed(rig: Rig) -> None:
    (made,) = await rig.of("a").create([YARD])
    await rig.of("a").remove(made.fence_id, 1)
    with pytest.raises(Denied):
        await rig.of("a").change(made.fence_id, 1, YARD)


async def test_of_an_import_with_a_fault_nothing_is_written(rig: Rig) -> None:
    with pytest.raises(Invalid):
        await rig.of("a").create([YARD, replace(YARD, name="")])
    assert await rig.of("a").versions() == []


async def test_an_import_of_many_is_listed_by_name(rig: Rig) -> None:
    drafts = [replace(YARD, name=f"Yard {number}") for number in reversed(range(120))]
    await rig.of("a").create(drafts)
    first, after = await rig.of("a").page(limit=100)
    rest, end = await rig.of("a").page(limit=100, after=after)
    assert [fence.name for fence in (*first, *rest)] == [f"Yard {number}" for number in range(120)]
    assert end is None


async def test_the_consumer_learns_whose_fences_changed(rig: Rig) -> None:
    every = AllGeofences(SystemScope("test"), rig.store)
    place = await every.cursor()
    assert await every.changed(place) == (frozenset(), place)
    await rig.of("a").create([YARD])
    whose, after = await every.changed(place)
    assert whose == {"a"}
    assert (await every.changed(after))[0] == frozenset()
