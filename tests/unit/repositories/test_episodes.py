"""Rows of episodes: revisions where the content differs, tombstones that lead on, a feed that misses nothing."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from motorcade.adapters.embedded.store_sqlite import SqliteStore
from motorcade.domain.episodes.visit import Visit
from motorcade.domain.tenant import SystemScope
from motorcade.domain.turns import Turn
from motorcade.ports.store import Write
from motorcade.repositories.episodes import AllEpisodes, EpisodesRepository, Withdrawal
from motorcade.repositories.findings import Finding, Findings
from motorcade.repositories.refolds import PART_BYTES, Dirty, RefoldResult, Refolds, mark_put, taken
from motorcade.repositories.tables import ALL
from tests.contract.rigs import TestClock

SCOPE = SystemScope("test")
ORG, CAR = "org", "car"
KEY = (ORG, CAR)


def visit(name: str, start: int, end: int | None = None) -> Visit:
    return Visit(
        id=name,
        vehicle_id=CAR,
        started_at_ns=start,
        ended_at_ns=end,
        rule_version=1,
        first_record=name.encode(),
        last_record=None,
        fence_id="fence",
        entry_place=(0.0, 0.0),
        exit_place=None,
        dwell_s=None,
        counted_s=None,
        counts=True,
        dwelled=False,
    )


class Rig:
    def __init__(self, folder: Path) -> None:
        self.clock = TestClock()
        self.store = SqliteStore(folder / "store.db", self.clock, ALL)
        self.findings = Findings(SCOPE, self.store, self.clock)
        self.visits = EpisodesRepository(SCOPE.acting_for(ORG), self.store, Visit)
        self.refolds = Refolds(SCOPE, self.store)

    async def commit(self, *findings: Finding) -> list[Write]:
        writes = await self.findings.writes(findings)
        await self.store.write_batch(writes)
        return writes


@pytest.fixture
async def rig(data_dir: Path) -> AsyncIterator[Rig]:
    rig = Rig(data_dir)
    yield rig
    await rig.store.close()


async def test_a_revision_grows_only_where_the_content_differs(rig: Rig) -> None:
    await rig.commit(Finding(KEY, [visit("a", 10)]))
    assert await rig.commit(Finding(KEY, [visit("a", 10)])) == []
    row = await rig.visits.get("a")
    assert row is not None
    assert (row.rev, row.episode) == (1, visit("a", 10))
    await rig.commit(Finding(KEY, [visit("a", 10, 20)]))
    row = await rig.visits.get("a")
    assert row is not None
    assert (row.rev, row.episode.ended_at_ns) == (2, 20)


async def test_rows_of_a_vehicle_come_by_their_start_and_in_pages(rig: Rig) -> None:
    await rig.commit(Finding(KEY, [visit(str(number), number) for number in range(7)]))
    first, cursor = await rig.visits.of_vehicle(CAR, limit=4)
    rest, end = await rig.visits.of_vehicle(CAR, limit=4, after=cursor)
    assert [row.episode.started_at_ns for row in (*first, *rest)] == [6, 5, 4, 3, 2, 1, 0]
    assert end is None
    assert (await EpisodesRepository(SCOPE.acting_for("other"), rig.store, Visit).of_vehicle(CAR))[0] == []
    assert [row.episode.started_at_ns for row in (await rig.visits.page(newest_first=False))[0]] == list(range(7))


async def test_a_withdrawn_row_leaves_the_lists_and_leads_to_its_successor(rig: Rig) -> None:
    await rig.commit(Finding(KEY, [visit("old", 10, 20)]))
    await rig.commit(Finding(KEY, [visit("new", 11, 20)], withdrawals=[Withdrawal("visit", "old", ("new",))]))
    assert [row.episode.id for row in (await rig.visits.of_vehicle(CAR))[0]] == ["new"]
    gone = await rig.visits.get("old")
    assert gone is not None
    assert (gone.withdrawn, gone.rev, gone.successors) == (True, 2, ("new",))
    found = await rig.visits.resolve("old")
    assert found is not None
    assert found.episode.id == "new"
    again = await rig.commit(Finding(KEY, withdrawals=[Withdrawal("visit", "old", ("new",))]))
    assert again == [], "withdrawn once"
    await rig.commit(Finding(KEY, [visit("old", 10, 20)]))
    back = await rig.visits.get("old")
    assert back is not None
    assert (back.withdrawn, back.rev) == (False, 3)


async def test_the_feed_carries_revisions_and_tombstones_in_the_order_of_their_commits(rig: Rig) -> None:
    await rig.commit(Finding(KEY, [visit("a", 10), visit("b", 5)]))
    seen, cursor = await rig.visits.changed_since(None, limit=2)
    assert {row.episode.id for row in seen} == {"a", "b"}
    rig.clock.skipped_s -= 1  # a clock that is set back
    await rig.commit(Finding(KEY, [visit("a", 10, 11)], withdrawals=[Withdrawal("visit", "b", ("a",))]))
    later, _ = await rig.visits.changed_since(cursor)
    assert [(row.episode.id, row.rev, row.withdrawn) for row in sorted(later, key=lambda row: row.episode.id)] == [
        ("a", 2, False),
        ("b", 2, True),
    ]


async def test_states_of_the_fold_are_found_before_and_behind_a_turn(rig: Rig) -> None:
    turns: list[Turn] = [(5, b"\x01" * 16), (5, b"\x02" * 16), (9, b"\x00" * 16)]
    for number, turn in enumerate(turns):
        await rig.commit(Finding(KEY, quiet=(turn, bytes([number]))))
    assert await rig.findings.quiet_before(KEY, (5, b"\x01" * 16)) is None
    assert await rig.findings.quiet_before(KEY, (9, b"\x00" * 16)) == (turns[1], b"\x01")
    assert await rig.findings.quiet_after(KEY, turns[1]) == [(turns[1], b"\x01"), (turns[2], b"\x02")]


async def test_the_result_of_a_refold_comes_back_whole_however_large_it_is(rig: Rig) -> None:
    mark = Dirty((5, b"a"), (7, b"b"), 2, 41)
    await rig.store.write([mark_put(KEY, mark)])
    assert await rig.refolds.mark(KEY) == mark
    assert await rig.refolds.marked() == ([(KEY, mark)], None)
    rows = [visit(f"{number:05d}", number) for number in range(3_000)]
    result = RefoldResult(
        KEY, 2, (4, b"0"), (9, b"z"), b"state", rows, [Withdrawal("visit", "x", ("y",))], {(6, b"q"): b"s"}
    )
    await rig.refolds.offer(replace(result, rows=rows[:1]))
    await rig.refolds.offer(result)
    [found] = await rig.refolds.ready()
    assert found.parts * PART_BYTES > 300_000
    assert replace(found, parts=0) == result
    await rig.store.write(taken(found, installed=False))
    assert await rig.refolds.ready() == []
    assert await rig.refolds.mark(KEY) == mark
    await rig.store.write(taken(found, installed=True))
    assert await rig.refolds.mark(KEY) is None


async def test_rows_that_began_in_a_range_are_found_for_a_refold(rig: Rig) -> None:
    await rig.commit(Finding(KEY, [visit(str(number), number) for number in range(300)]))
    await rig.commit(Finding(KEY, withdrawals=[Withdrawal("visit", "120", ())]))
    found = await AllEpisodes(SCOPE, rig.store).of_vehicle_between(KEY, 100, 130)
    assert sorted(row.started_at_ns for row in found) == [number for number in range(100, 131) if number != 120]
