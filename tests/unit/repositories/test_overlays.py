"""People's edits in the store: only added, found by time, each organisation's own."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from motorcade.adapters.embedded.store_sqlite import SqliteStore
from motorcade.domain.errors import Conflict, Denied, Invalid
from motorcade.domain.ids import new_id
from motorcade.domain.overlays.classification import Classification, ClassifyingRule
from motorcade.domain.overlays.overlay import EditKind
from motorcade.domain.schedule import Schedule, Window
from motorcade.domain.tenant import OrgScope
from motorcade.repositories.overlays import ClassifyingRepository, OverlaysRepository
from tests.contract.rigs import TestClock

HOUR_NS = 3_600 * 1_000_000_000
CAR = "car"
RULE = ClassifyingRule(
    id="",
    name="Office hours",
    classification=Classification.BUSINESS,
    between=(("home",), ("work",)),
    schedule=Schedule("Europe/Stockholm", (Window(0, 480, 1_020),)),
)


class Rig:
    def __init__(self, folder: Path) -> None:
        self.clock = TestClock()
        self.store = SqliteStore(folder / "store.db", self.clock)

    def edits(self, org_id: str = "one", user_id: str = "user") -> OverlaysRepository:
        return OverlaysRepository(OrgScope(org_id, user_id, "owner"), self.store, self.clock)

    def rules(self, org_id: str = "one") -> ClassifyingRepository:
        return ClassifyingRepository(OrgScope(org_id, "user", "owner"), self.store, self.clock)


@pytest.fixture
async def rig(data_dir: Path) -> AsyncIterator[Rig]:
    one = Rig(data_dir)
    yield one
    await one.store.close()


async def test_an_edit_is_found_by_the_time_it_is_about(rig: Rig) -> None:
    edits = rig.edits()
    made = [await edits.add(CAR, EditKind.NOTE, n * HOUR_NS, (n + 1) * HOUR_NS, f"note {n}") for n in (5, 1, 3)]
    assert await edits.of_vehicle(CAR, 0, 10 * HOUR_NS) == [made[1], made[2], made[0]]
    assert await edits.of_vehicle(CAR, 2 * HOUR_NS + 1, 4 * HOUR_NS) == [made[2]]
    assert await edits.of_vehicle("another", 0, 10 * HOUR_NS) == []
    assert made[0].by == "user"


async def test_a_long_stretch_is_found_from_its_middle(rig: Rig) -> None:
    edits = rig.edits()
    long = await edits.add(CAR, EditKind.MERGE, 0, 160 * HOUR_NS)
    for n in range(100):
        await edits.add(CAR, EditKind.NOTE, (n + 1) * HOUR_NS, (n + 1) * HOUR_NS, "x")
    assert await edits.of_vehicle(CAR, 150 * HOUR_NS, 151 * HOUR_NS) == [long]


async def test_asking_twice_does_it_once(rig: Rig) -> None:
    edits, edit_id = rig.edits(), new_id()
    first = await edits.add(CAR, EditKind.CLASSIFY, 0, HOUR_NS, "business", edit_id)
    assert await edits.add(CAR, EditKind.CLASSIFY, 0, HOUR_NS, "business", edit_id) == first
    with pytest.raises(Conflict):
        await edits.add(CAR, EditKind.CLASSIFY, 0, HOUR_NS, "private", edit_id)
    assert await edits.of_vehicle(CAR, 0, HOUR_NS) == [first]


async def test_an_undo_is_one_more_edit(rig: Rig) -> None:
    edits = rig.edits()
    said = await edits.add(CAR, EditKind.CLASSIFY, 0, HOUR_NS, "business")
    undo = await edits.undo(said.id)
    assert (undo.kind, undo.value, undo.from_ns, undo.to_ns) == (EditKind.UNDO, said.id, said.from_ns, said.to_ns)
    assert {one.id for one in await edits.of_vehicle(CAR, 0, HOUR_NS)} == {said.id, undo.id}


async def test_another_organisations_edits_are_not_there(rig: Rig) -> None:
    said = await rig.edits().add(CAR, EditKind.NOTE, 0, HOUR_NS, "ours")
    theirs = rig.edits("two")
    assert await theirs.get(said.id) is None
    assert await theirs.of_vehicle(CAR, 0, HOUR_NS) == []
    with pytest.raises(Denied):
        await theirs.undo(said.id)


@pytest.mark.parametrize(
    ("kind", "to_ns", "value", "edit_id"),
    [
        (EditKind.CLASSIFY, HOUR_NS, "pleasure", None),
        (EditKind.UNDO, HOUR_NS, "x", None),
        (EditKind.NOTE, -1, "x", None),
        (EditKind.NOTE, HOUR_NS, "x", "short"),
    ],
)
async def test_an_edit_that_means_nothing_is_not_kept(
    rig: Rig, kind: EditKind, to_ns: int, value: str, edit_id: str | None
) -> None:
    with pytest.raises(Invalid):
        await rig.edits().add(CAR, kind, 0, to_ns, value, edit_id)
    assert await rig.edits().of_vehicle(CAR, 0, HOUR_NS) == []


async def test_rules_are_asked_in_their_places_and_hold_from_now_on(rig: Rig) -> None:
    rules = rig.rules()
    before_ns = rig.clock.now_ns()
    second = await rules.add(RULE, place=2)
    first = await rules.add(replace(RULE, name="First"), place=1)
    assert await rules.rules() == [first, second]
    assert before_ns <= second.effective_from_ns <= first.effective_from_ns <= rig.clock.now_ns()
    assert second == replace(RULE, id=second.id, effective_from_ns=second.effective_from_ns)


async def test_a_changed_rule_leaves_the_old_one_to_judge_older_trips(rig: Rig) -> None:
    rules = rig.rules()
    old = await rules.add(RULE)
    rig.clock.skipped_s += 3_600
    new = await rules.change(old.id, replace(RULE, classification=Classification.PRIVATE))
    kept, made = await rules.rules()
    assert kept == replace(old, effective_until_ns=new.effective_from_ns)
    assert made == new
    with pytest.raises(Denied):
        await rules.change(old.id, RULE)


async def test_an_ended_rule_stays_for_older_trips(rig: Rig) -> None:
    rules = rig.rules()
    made = await rules.add(RULE)
    rig.clock.skipped_s += 3_600
    await rules.end(made.id)
    (kept,) = await rules.rules()
    assert kept.effective_until_ns is not None
    assert kept.effective_until_ns >= made.effective_from_ns + HOUR_NS
    with pytest.raises(Denied):
        await rules.end(made.id)


async def test_another_organisations_rules_are_not_there(rig: Rig) -> None:
    made = await rig.rules().add(RULE)
    assert await rig.rules("two").rules() == []
    with pytest.raises(Denied):
        await rig.rules("two").end(made.id)
