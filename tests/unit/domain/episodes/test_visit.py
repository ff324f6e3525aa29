"""Visits: crossings that count, dated back; no flapping; schedules; new versions of a fence."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import replace
from math import cos, hypot, radians
from typing import cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from motorcade.domain.episodes import visit
from motorcade.domain.episodes.episode import Episode
from motorcade.domain.episodes.visit import Visit, VisitState
from motorcade.domain.errors import Invalid
from motorcade.domain.geodesy import Place
from motorcade.domain.geofence.fence import Fence, VisitRules
from motorcade.domain.geofence.index import FenceSet
from motorcade.domain.geofence.shape import Circle
from motorcade.domain.geofence.timeline import FenceTimeline, FenceVersion
from motorcade.domain.schedule import Schedule, Window
from tests.conditions import Scale
from tests.unit.domain.episodes.reducing import BEGIN_NS, FAR_NS, Reducer, Told, at, fold, keeps_promises, told

REDUCER = cast(Reducer, visit)
YARD = Fence("yard", 1, "Yard", Circle((57.7, 12.0), 200.0))
M = 1 / 111_195.08


def north(metres: float) -> Place:
    """A place so far north of the yard's middle: the border is at 200."""
    return (57.7 + metres * M, 12.0)


def visits(story: Iterable[Told], fences: FenceSet | None = None) -> list[Visit]:
    rules = FenceSet(1, [YARD]) if fences is None else fences
    rows = keeps_promises(REDUCER, list(story), lambda _: rules, VisitState, (0.3, 0.7))
    return sorted(cast(list[Visit], list(rows.values())), key=lambda row: row.started_at_ns)


def drive(*fixes: tuple[float, float], accuracy_m: float | None = None) -> list[Told]:
    return [told(second, location=north(metres), gps_accuracy_m=accuracy_m) for second, metres in fixes]


def seconds(row: Episode) -> tuple[float, float | None]:
    end = row.ended_at_ns
    return (row.started_at_ns - BEGIN_NS) / 1e9, None if end is None else (end - BEGIN_NS) / 1e9


def test_a_visit_is_dated_back_to_the_first_fix_inside_and_the_first_outside() -> None:
    (row,) = visits(drive((0, 300), (10, 195), (20, 100), (60, 0), (100, 205), (110, 300), (200, 900)))
    assert seconds(row) == (10, 100)
    assert (row.dwell_s, row.counted_s, row.counts, row.dwelled) == (90, 90, True, False)
    assert (row.first_record, row.last_record) == (at(10).to_bytes(16, "big"), at(100).to_bytes(16, "big"))
    assert (row.entry_place, row.exit_place) == (north(195), north(205))
    assert (row.confidence, row.reasons) == (1.0, ())


def test_driving_through_is_no_visit() -> None:
    assert visits(drive((0, 300), (5, 150), (15, 0), (25, 150), (34, 250), (60, 900))) == []


def test_a_car_that_parks_inside_and_falls_silent_has_entered() -> None:
    (row,) = visits(drive((0, 300), (10, 150), (12, 50)))
    assert seconds(row) == (10, None)
    assert row.dwelled


def test_a_fix_gone_astray_neither_ends_nor_begins_a_visit() -> None:
    stay = drive((0, 50), (100, 51), (200, 4000), (210, 50), (300, 52), (400, 300), (500, 301))
    (row,) = visits(stay)
    assert seconds(row) == (0, 400)
    assert visits(drive((0, 4000), (100, 4001), (200, 50), (210, 4000), (300, 4001))) == []


def test_a_car_parked_on_the_border_does_not_flap() -> None:
    wavering = [(10.0 * n, 200 + (4 if n % 2 else -4)) for n in range(360)]
    assert visits(drive((0, 400), *wavering)) == []
    assert len(visits(drive((0, 100), (60, 100.5), *((100 + second, m) for second, m in wavering)))) == 1


def test_a_car_parked_just_inside_arrives_after_it_has_settled() -> None:
    (row,) = visits(drive((0, 400), (10, 196), (11, 195)))
    assert seconds(row) == (10, None)
    rules = FenceSet(1, [YARD])
    assert fold(REDUCER, drive((0, 400), (10, 196), (309, 195)), lambda _: rules)[1].inside == ()
    assert fold(REDUCER, drive((0, 400), (10, 196), (310, 195)), lambda _: rules)[1].inside == ("yard",)


def test_a_worse_accuracy_widens_the_margin_and_a_lost_fix_most_of_all() -> None:
    near = [(0.0, 400.0), (10.0, 175.0), (20.0, 174.0), (60.0, 260.0), (70.0, 900.0), (120.0, 901.0)]
    assert len(visits(drive(*near))) == 1
    assert visits(drive(*near, accuracy_m=28)) == []
    assert visits([replace(one, readings=(*one.readings, (22, False))) for one in drive(*near)]) == []


def test_a_small_fence_can_be_entered_although_it_is_smaller_than_the_margin() -> None:
    bay = FenceSet(1, [Fence("bay", 1, "Bay", Circle((57.7, 12.0), 8.0))])
    (row,) = visits(drive((0, 300), (10, 2), (60, 2.5), (100, 100), (200, 101)), bay)
    assert seconds(row) == (10, 100)


def test_a_crossing_somewhere_in_a_gap_is_less_sure() -> None:
    (row,) = visits(drive((0, 5000), (600, 20), (700, 21), (4000, 9000), (4100, 9001)))
    assert (seconds(row), row.confidence, row.reasons) == ((600, 4000), 0.25, ("gap",))


def test_equal_fixes_resent_change_nothing() -> None:
    story = drive((0, 300), (10, 100), (60, 90))
    resent = [*story, *drive((70, 90), (80, 90)), *drive((100, 300), (200, 301))]
    plain = [*story, *drive((100, 300), (200, 301))]
    assert visits(resent) == visits(plain)


def test_a_stay_is_one_from_its_dwell_time_on_but_not_when_the_car_had_just_left() -> None:
    short = FenceSet(1, [replace(YARD, dwell_s=60.0)])
    assert [row.dwelled for row in visits(drive((0, 300), (10, 100), (71, 300), (200, 301)), short)] == [True]
    assert [row.dwelled for row in visits(drive((0, 300), (10, 100), (69, 300), (200, 301)), short)] == [False]
    assert [row.dwelled for row in visits(drive((0, 300), (10, 100), (69, 300), (80, 99)), short)] == [True]


def test_a_visit_counts_only_while_the_fences_schedule_is_on_but_is_known_all_the_same() -> None:
    # The story begins on Tuesday 2023-11-14 at 22:13:20 UTC.
    night = Schedule("UTC", (Window(1, 22 * 60 + 15, 22 * 60 + 16),))
    fences = FenceSet(1, [replace(YARD, schedule=night, dwell_s=50.0)])
    (row,) = visits(drive((0, 300), (10, 100), (130, 99), (1000, 300), (1100, 301)), fences)
    assert (row.dwell_s, row.counted_s, row.counts, row.dwelled) == (990, 60, True, True)
    (before,) = visits(drive((0, 300), (10, 100), (90, 300), (200, 301)), fences)
    assert (before.dwell_s, before.counted_s, before.counts, before.dwelled) == (80, 0, False, False)


def test_overlapping_fences_are_visited_each_for_itself_and_told_in_order() -> None:
    fences = FenceSet(1, [YARD, Fence("gate", 1, "Gate", Circle(north(150), 60.0))])
    story = drive((0, 300), (10, 150), (100, 149), (200, 0), (300, 1))
    rows = visits(story, fences)
    assert {row.fence_id: seconds(row) for row in rows} == {"yard": (10, None), "gate": (10, 200)}
    assert fold(REDUCER, story[:3], lambda _: fences)[1].inside == ("gate", "yard")


def timeline(*versions: FenceVersion) -> FenceTimeline:
    return FenceTimeline(versions)


def test_a_new_version_ends_the_visit_at_its_time_and_begins_with_the_first_record_after() -> None:
    times = timeline(FenceVersion(YARD, at(500)), FenceVersion(replace(YARD, version=2, from_ns=at(500))))
    story = [*drive((0, 300), (10, 100)), told(700, battery_pct=50.0), *drive((2000, 300), (2100, 301))]
    rows = keeps_promises(REDUCER, story, times.at, VisitState, (0.2, 0.9))
    first, second = sorted(cast(list[Visit], list(rows.values())), key=lambda row: row.started_at_ns)
    assert (seconds(first), first.rule_version, first.reasons) == ((10, 500), 1, ("rule_changed",))
    assert (seconds(second), second.rule_version) == ((700, 2000), 2)
    assert first.exit_place is None
    assert first.id != second.id


def test_a_version_skipped_by_a_silent_car_ends_the_visit_at_its_own_time_still() -> None:
    times = timeline(
        FenceVersion(YARD, at(500)),
        FenceVersion(replace(YARD, version=2, from_ns=at(500)), at(900)),
        FenceVersion(replace(YARD, version=3, from_ns=at(900))),
    )
    rows = keeps_promises(REDUCER, drive((0, 300), (10, 100), (5000, 99)), times.at, VisitState, (0.05, 0.15, 0.5))
    assert sorted(map(seconds, rows.values()), key=str) == [(10, 500), (5000, None)]


def test_a_new_version_is_seen_although_another_fences_visit_begins_with_the_same_record() -> None:
    other = Fence("other", 1, "Other", Circle((57.7, 12.0), 300.0), from_ns=at(-100))
    times = timeline(
        FenceVersion(YARD, at(20)), FenceVersion(replace(YARD, version=2, from_ns=at(20))), FenceVersion(other)
    )
    story = [*drive((0, 400), (10, 100)), told(50, battery_pct=50.0), told(500, battery_pct=49.0)]
    rows = cast(dict[str, Visit], keeps_promises(REDUCER, story, times.at, VisitState, (0.2, 0.9)))
    found = {(row.fence_id, row.rule_version): seconds(row) for row in rows.values()}
    assert found == {("other", 1): (10, None), ("yard", 2): (50, None)}


def test_another_fences_version_leaves_a_visit_alone() -> None:
    other = Fence("other", 1, "Other", Circle((57.9, 12.0), 100.0), from_ns=at(500))
    times = timeline(FenceVersion(YARD), FenceVersion(other, at(600)))
    rows = keeps_promises(REDUCER, drive((0, 300), (10, 100), (1000, 300), (1100, 301)), times.at, VisitState, (0.5,))
    assert [seconds(row) for row in rows.values()] == [(10, 1000)]


def test_a_removed_fence_ends_its_visit() -> None:
    times = timeline(FenceVersion(replace(YARD, from_ns=1), at(400)))
    rows = keeps_promises(REDUCER, drive((0, 300), (10, 100), (1000, 99)), times.at, VisitState, (0.1, 0.6))
    assert [(seconds(row), row.reasons) for row in rows.values()] == [((10, 400), ("rule_changed",))]


def test_margins_that_the_index_cannot_serve_are_refused() -> None:
    with pytest.raises(Invalid, match="margin"):
        VisitRules(max_margin_m=500.0)


# A slow oracle: it knows all fixes at once, and measures every distance anew.

Fix = tuple[int, Place]
FENCES = (
    YARD,
    Fence("gate", 1, "Gate", Circle((57.7 + 190 * M, 12.0), 40.0), dwell_s=120.0),
    Fence("row", 1, "Row", Circle((57.7, 12.0 + 350 * M / cos(radians(57.7))), 150.0)),
)


def oracle(fixes: Sequence[Fix], fence: Fence, rules: VisitRules, end_ns: int) -> list[tuple[int, int | None]]:
    """(Entered, left) of one circular fence, by looking for the next crossing that lasts."""
    assert isinstance(fence.shape, Circle)
    lat, lon = fence.shape.centre
    depths = [fence.shape.radius_m - hypot((y - lat) / M, (x - lon) / M * cos(radians(lat))) for _, (y, x) in fixes]
    need = min(rules.margin_m, fence.shape.radius_m / 2)
    inside, at_fix, edges = False, 0, list[int]()
    while at_fix < len(fixes):
        run = [n for n in range(at_fix, len(fixes)) if (depths[n] >= 0) == inside]
        first = next((n for n in range(at_fix, len(fixes)) if (depths[n] >= 0) != inside), None)
        if first is None:
            break
        back = next((n for n in run if n > first), None)
        until_ns = end_ns if back is None else fixes[back][0]
        least_s = rules.min_outside_s if inside else rules.min_inside_s
        sure = [
            fixes[n][0]
            for n in range(first, len(fixes) if back is None else back)
            if (depths[n] <= -rules.margin_m if inside else depths[n] >= need)
        ]
        due = fixes[first][0] + int(rules.settle_s * 1e9)
        if sure:
            due = min(due, max(sure[0], fixes[first][0] + int(least_s * 1e9)))
        if due <= until_ns:
            edges.append(fixes[first][0])
            inside, at_fix = not inside, first
        elif back is None:
            break
        else:
            at_fix = back
    left: list[int | None] = [*edges[1::2], None]
    return list(zip(edges[::2], left, strict=False))


GAPS_S = (0.0, 1.0, 5.0, 29.0, 30.0, 31.0, 120.0, 299.0, 300.0, 4000.0)
NORTHS_M = (0, 100, 149, 151, 185, 189, 191, 196, 199, 201, 204, 209, 211, 229, 231, 400, 9000)
EASTS_M = (0, 0, 0, 1, 198, 352, 499, 501)


def journey(dice: list[int]) -> list[Told]:
    """Fixes around the fences, most of them near a border, with other records between; one throw makes one record."""
    story, second = list[Told](), 0.0
    for number, thrown in enumerate(dice):
        rest, gap = divmod(thrown, len(GAPS_S))
        rest, up = divmod(rest, len(NORTHS_M))
        moved, right = divmod(rest, len(EASTS_M))
        second += GAPS_S[gap]
        place = (57.7 + NORTHS_M[up] * M, 12.0 + EASTS_M[right] * M / cos(radians(57.7)))
        one = told(second, location=place) if moved else told(second, battery_pct=float(up % 3))
        # Records of one time are a moment each, in the order of their ids.
        story.append(replace(one, record_id=number.to_bytes(16, "big")))
    return story


def journeys() -> st.SearchStrategy[list[Told]]:
    throws = 3 * len(GAPS_S) * len(NORTHS_M) * len(EASTS_M)
    return st.lists(st.integers(0, throws - 1), min_size=1, max_size=25).map(journey)


def distinct(story: Sequence[Told]) -> list[Fix]:
    fixes = list[Fix]()
    for one in story:
        for number, value in one.readings:
            if number == visit.LOCATION and (not fixes or fixes[-1][1] != value):
                fixes.append((one.at_ns, cast(Place, value)))
    return fixes


def test_visits_equal_those_of_a_slow_oracle_and_keep_every_reducers_promises(scale: Scale) -> None:
    fences = FenceSet(1, FENCES)  # one for all, so that what it remembers of other stories must not matter

    @settings(max_examples=scale.n(1_500, 30_000))
    @given(journeys(), st.lists(st.floats(0, 1), max_size=2))
    def check(story: list[Told], shares: list[float]) -> None:
        rows = keeps_promises(REDUCER, story, lambda _: fences, VisitState, shares)
        found = {
            fence.fence_id: sorted(
                (row.started_at_ns, row.ended_at_ns)
                for row in rows.values()
                if cast(Visit, row).fence_id == fence.fence_id
            )
            for fence in FENCES
        }
        end_ns = story[-1].at_ns + FAR_NS
        wanted = {fence.fence_id: oracle(distinct(story), fence, fences.rules, end_ns) for fence in FENCES}
        assert found == wanted

    check()


def test_fences_that_change_on_the_way_keep_the_promises_too(scale: Scale) -> None:
    @settings(max_examples=scale.n(600, 10_000))
    @given(journeys(), st.lists(st.integers(1, 3_000), min_size=1, max_size=4, unique=True), st.floats(0, 1))
    def check(story: list[Told], switches: list[int], share: float) -> None:
        times = [1, *(at(second) for second in sorted(switches))]
        ends: list[int | None] = [*times[1:], None]
        versions = [
            FenceVersion(replace(YARD, version=number, from_ns=from_ns), ended_ns)
            for number, (from_ns, ended_ns) in enumerate(zip(times, ends, strict=True), 1)
        ]
        line = FenceTimeline([*versions, *(FenceVersion(replace(one, from_ns=1)) for one in FENCES[1:])])
        rows = keeps_promises(REDUCER, story, line.at, VisitState, (share,))
        for row in cast(list[Visit], list(rows.values())):
            if row.fence_id == "yard" and row.ended_at_ns is not None:
                assert bisect_right(times, row.started_at_ns) == row.rule_version
                assert row.ended_at_ns <= (ends[row.rule_version - 1] or row.ended_at_ns)

    check()
