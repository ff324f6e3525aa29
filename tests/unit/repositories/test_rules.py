"""Rules in the store: versions for ever, none in force before everybody can know it, nobody else's."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from motorcade.adapters.embedded.store_sqlite import SqliteStore
from motorcade.domain.alerts.condition import Compare
from motorcade.domain.alerts.rule import AlertRule, Scope
from motorcade.domain.episodes.safety_rules import Grades, SafetyRules
from motorcade.domain.episodes.trip import TripRules
from motorcade.domain.errors import Conflict, Corrupt, Invalid
from motorcade.domain.geofence import FenceDraft
from motorcade.domain.geofence.shape import Circle
from motorcade.domain.ids import new_id
from motorcade.domain.rules import Rules
from motorcade.domain.schedule import Schedule, Window
from motorcade.domain.tenant import OrgScope, SystemScope
from motorcade.ports.store import ANY, Put
from motorcade.repositories.geofences import TAKES_EFFECT_NS, GeofencesRepository
from motorcade.repositories.rule_book import RuleBook
from motorcade.repositories.rules import RulesRepository
from motorcade.repositories.tables import RULES
from tests.contract.rigs import TestClock

FAST = AlertRule(id="fast", name="Too fast", when=Compare("speed_kmh", "above", 130.0))


class Rig:
    def __init__(self, folder: Path) -> None:
        self.clock = TestClock()
        self.store = SqliteStore(folder / "store.db", self.clock)
        self.faults: list[Exception] = []

    def of(self, org_id: str) -> RulesRepository:
        return RulesRepository(OrgScope(org_id, "user", "owner"), self.store, self.clock)

    def book(self) -> RuleBook:
        return RuleBook(SystemScope("test"), self.store, self.clock, self.faults.append)


@pytest.fixture
async def rig(data_dir: Path) -> AsyncIterator[Rig]:
    one = Rig(data_dir)
    yield one
    await one.store.close()


async def test_a_fresh_organisation_has_the_defaults_from_the_beginning_of_time(rig: Rig) -> None:
    assert await rig.of("a").versions() == (Rules(),)
    await rig.of("a").begin()
    await rig.of("a").begin()
    assert await rig.of("a").versions() == (Rules(),)


async def test_a_version_comes_back_as_it_was_made_and_the_ones_before_it_stay(rig: Rig) -> None:
    night = Schedule("Europe/Stockholm", (Window(0, 1320, 360),))
    car = new_id()
    draft = Rules(
        zone="Europe/Stockholm",
        trip=TripRules(pause_s=240),
        safety=SafetyRules(speed_limit_kmh=110.0, braking_g=Grades(0.3, 0.4, 0.5)),
        alerts=(replace(FAST, schedule=night, scope=Scope(everything=False, groups=("vans",))),),
        groups={"vans": frozenset((car,)), "none": frozenset()},
    )
    made = await rig.of("a").change(draft, 1)
    assert made == replace(draft, version=2, effective_from_ns=made.effective_from_ns)
    assert await rig.of("a").versions() == (Rules(), made)
    assert await rig.of("a").newest() == made
    assert await rig.of("b").versions() == (Rules(),)


async def test_no_version_takes_effect_before_all_copies_know_it_and_fast_clocks_are_past_it(rig: Rig) -> None:
    before_ns = rig.clock.now_ns()
    made = await rig.of("a").change(Rules(alerts=(FAST,)), 1)
    assert made.effective_from_ns >= before_ns + TAKES_EFFECT_NS
    with pytest.raises(Invalid, match="125 s from now or later"):
        await rig.of("a").change(Rules(), 2, rig.clock.now_ns() + TAKES_EFFECT_NS)
    next_one = await rig.of("a").change(Rules(), 2)
    assert next_one.effective_from_ns > made.effective_from_ns


async def test_of_two_who_change_the_same_version_one_is_told(rig: Rig) -> None:
    changes = [rig.of("a").change(Rules(alerts=(FAST,)), 1) for _ in range(2)]
    results = await asyncio.gather(*changes, return_exceptions=True)
    assert sorted(type(one).__name__ for one in results) == ["Conflict", "Rules"]
    with pytest.raises(Conflict, match="read them again"):
        await rig.of("a").change(Rules(), 1)


async def test_a_rule_of_alerts_and_its_version_name_one_content_for_ever(rig: Rig) -> None:
    rules = rig.of("a")

    async def version_after(*alerts: AlertRule) -> list[int]:
        made = await rules.change(Rules(alerts=alerts), (await rules.newest()).version)
        return [rule.version for rule in made.alerts]

    other = replace(FAST, when=Compare("speed_kmh", "above", 110.0))
    assert await version_after(FAST) == [1]
    assert await version_after(FAST, replace(FAST, id="b")) == [1, 1]
    assert await version_after(other) == [2]
    assert await version_after() == []
    assert await version_after(other) == [3]


async def test_what_means_nothing_is_refused_and_nothing_is_written(rig: Rig) -> None:
    lost = replace(FAST, scope=Scope(everything=False, groups=("vans",)))
    with pytest.raises(Invalid, match=r"rule 'Too fast': scope.groups: there is no group 'vans'"):
        await rig.of("a").change(Rules(alerts=(lost,)), 1)
    with pytest.raises(Invalid, match="is there twice"):
        await rig.of("a").change(Rules(alerts=(FAST, FAST)), 1)
    big = {f"g{number}": frozenset(new_id() for _ in range(2_500)) for number in range(10)}
    with pytest.raises(Invalid, match="smaller groups"):
        await rig.of("a").change(Rules(groups=big), 1)
    assert len(await rig.of("a").versions()) == 1


async def test_the_copy_of_those_who_fold_learns_of_rules_and_fences(rig: Rig) -> None:
    book = rig.book()
    await book.start(["a"])
    try:
        assert [rules.version for rules in book.timeline("a").versions] == [1]
        assert [rules.version for rules in book.timeline("new").versions] == [1]
        made = await rig.of("a").change(Rules(alerts=(FAST,)), 1)
        fences = GeofencesRepository(OrgScope("a", "user", "owner"), rig.store, rig.clock)
        (fence,) = await fences.create([FenceDraft("Yard", Circle((57.7, 12.0), 200.0), speed_limit_kmh=20.0)])
        await book.refresh()
        timeline = book.timeline("a")
        switch_ns = fence.from_ns
        assert timeline.at(made.effective_from_ns - 1).version == 1
        assert timeline.at(made.effective_from_ns).version == 2
        assert timeline.at(switch_ns - 1).fences.fences == {}
        assert list(timeline.at(switch_ns).fences.fences) == [fence.fence_id]
        assert timeline.at(switch_ns).safety.fence_limits[0].limit_kmh == 20.0
        assert timeline.next_after(0) == made.effective_from_ns
        assert timeline.next_after(made.effective_from_ns) == switch_ns
        assert timeline.next_after(switch_ns) is None
        # whoever was asked for has its defaults written down, so that a later program's defaults change nothing
        assert await rig.store.get(RULES, "new", "00000001") is not None
    finally:
        await book.close()


async def test_an_unreadable_version_is_told_and_keeps_nobody_else_waiting(rig: Rig) -> None:
    book = rig.book()
    await book.start(["a", "b"])
    try:
        await rig.store.write([Put(RULES, "a", "00000002", {"effective_from_ns": 1, "body": b"\x00"}, ANY)])
        await rig.of("b").change(Rules(alerts=(FAST,)), 1)
        await book.refresh()
        assert [rules.version for rules in book.timeline("a").versions] == [1]
        assert [rules.version for rules in book.timeline("b").versions] == [1, 2]
        assert [type(fault) for fault in rig.faults] == [Corrupt]
    finally:
        await book.close()
