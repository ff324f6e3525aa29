"""People's edits lie over trips: they find them by overlap, survive their being computed anew, and are never lost."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from motorcade.domain.episodes.track import Track, add, row_points
from motorcade.domain.episodes.trip import Trip
from motorcade.domain.errors import Invalid
from motorcade.domain.overlays.classification import Classification, ClassifyingRule, classify
from motorcade.domain.overlays.classification import check as check_rule
from motorcade.domain.overlays.overlay import MAX_SPAN_NS, Drive, Edit, EditKind, apply, check, in_force
from motorcade.domain.schedule import Schedule, Window
from tests.unit.domain.episodes.driving import VEHICLE, Story, at, place, trips

HOUR_S = 3_600


def a_trip(start_s: float, end_s: float, **changes: object) -> Trip:
    """A trip of a constant speed of 10 m/s."""
    track = Track(at(start_s))
    for second in range(0, round(end_s - start_s) + 1, 10):
        add(track, place(10.0 * second, second % 40), at(start_s + second))
    (one,) = trips(Story().parked().say(1, gear="D").go(1_000).say(1, speed_kmh=0.0, gear="P").wait(900))
    return replace(
        one,
        id=f"trip at {start_s}",
        started_at_ns=at(start_s),
        ended_at_ns=at(end_s),
        distance_m=10.0 * (end_s - start_s),
        energy_used_kwh=2.0,
        track=row_points(track),
        **changes,  # type: ignore[arg-type]  # a test names the field
    )


def edit(number: int, kind: EditKind, from_s: float, to_s: float, value: str = "") -> Edit:
    return Edit(
        id=f"edit {number}",
        vehicle_id=VEHICLE,
        kind=kind,
        from_ns=at(from_s),
        to_ns=at(to_s),
        value=value,
        by="somebody",
        at_ns=at(1_000_000 + number),
    )


DAY = [a_trip(0, 600), a_trip(1_000, 1_600), a_trip(5_000, 6_000)]


def classes(drives: list[Drive]) -> list[str]:
    return [drive.classification.value for drive in drives]


def test_without_edits_drives_are_the_trips() -> None:
    drives = apply(DAY, [])
    assert [drive.trips for drive in drives] == [(one,) for one in DAY]
    assert [drive.distance_m for drive in drives] == [one.distance_m for one in DAY]
    assert classes(drives) == ["unknown"] * 3


def test_a_classification_concerns_the_trip_of_its_time_and_no_other() -> None:
    drives = apply(DAY, [edit(1, EditKind.CLASSIFY, 1_000, 1_600, "business")])
    assert classes(drives) == ["unknown", "business", "unknown"]
    assert drives[1].classified_by == "edit 1"


def test_the_newest_word_counts_and_the_older_ones_are_history() -> None:
    first, second = (edit(n, EditKind.CLASSIFY, 0, 600, word) for n, word in ((1, "business"), (2, "private")))
    (drive, *_) = apply(DAY, [second, first])
    assert (drive.classification, drive.classified_by) == (Classification.PRIVATE, "edit 2")
    assert drive.edits == ("edit 1", "edit 2")


def test_an_undo_takes_an_edit_back_and_can_be_taken_back_itself() -> None:
    said = edit(1, EditKind.CLASSIFY, 0, 600, "business")
    undo = edit(2, EditKind.UNDO, 0, 600, "edit 1")
    redo = edit(3, EditKind.UNDO, 0, 600, "edit 2")
    assert apply(DAY, [said, undo])[0].classification is Classification.UNKNOWN
    drive = apply(DAY, [said, undo, redo])[0]
    assert drive.classification is Classification.BUSINESS
    assert drive.edits == ("edit 1", "edit 2", "edit 3")
    assert in_force([said, undo, redo]) == [said]


def test_an_edit_stays_with_a_trip_whose_ends_moved() -> None:
    said = edit(1, EditKind.CLASSIFY, 1_000, 1_600, "business")
    moved = [a_trip(0, 600), a_trip(1_120, 1_900)]
    assert classes(apply(moved, [said])) == ["unknown", "business"]


def test_an_edit_concerns_all_that_its_trip_was_divided_into() -> None:
    said = edit(1, EditKind.CLASSIFY, 0, 3_000, "private")
    assert classes(apply([a_trip(0, 900), a_trip(1_300, 1_900), a_trip(2_800, 9_000)], [said])) == [
        "private",
        "private",
        "unknown",
    ]


def test_an_edit_goes_to_the_trip_that_it_has_most_in_common_with() -> None:
    said = edit(1, EditKind.NOTE, 0, 100, "hello")
    assert [drive.note for drive in apply([a_trip(0, 600)], [said])] == ["hello"]


def test_an_edit_without_a_trip_waits_for_it_to_come_back() -> None:
    said = edit(1, EditKind.CLASSIFY, 2_000, 2_600, "business")
    assert classes(apply(DAY, [said])) == ["unknown"] * 3
    back = sorted([*DAY, a_trip(2_000, 2_600)], key=lambda one: one.started_at_ns)
    assert classes(apply(back, [said])) == ["unknown", "unknown", "business", "unknown"]


def test_a_note_can_be_taken_away() -> None:
    said, nothing = edit(1, EditKind.NOTE, 0, 600, "hello"), edit(2, EditKind.NOTE, 0, 600, "")
    assert apply(DAY, [said])[0].note == "hello"
    assert apply(DAY, [said, nothing])[0].note == ""


def test_merged_trips_are_one_drive_with_all_metres() -> None:
    drives = apply(DAY, [edit(1, EditKind.MERGE, 0, 1_600)])
    assert [len(drive.trips) for drive in drives] == [2, 1]
    assert drives[0].distance_m == 12_000
    assert drives[0].energy_used_kwh == 4.0
    assert (drives[0].started_at_ns, drives[0].ended_at_ns) == (at(0), at(1_600))


def test_a_merge_holds_again_after_its_trips_were_computed_anew() -> None:
    merge = edit(1, EditKind.MERGE, 0, 1_600)
    anew = [a_trip(5, 350), a_trip(400, 590), a_trip(1_010, 1_640), a_trip(5_000, 6_000)]
    assert [len(drive.trips) for drive in apply(anew, [merge])] == [3, 1]


def test_a_merge_takes_the_manoeuvre_between_with_it() -> None:
    small = a_trip(700, 760, manoeuvre=True)
    assert len(apply([DAY[0], small, DAY[1]], [])) == 2
    assert len(apply([DAY[0], small, DAY[1]], [], manoeuvres=True)) == 3
    (drive,) = apply([DAY[0], small, DAY[1]], [edit(1, EditKind.MERGE, 0, 1_600)])
    assert len(drive.trips) == 3


def test_a_trip_is_cut_where_somebody_says_and_shares_out_its_metres() -> None:
    first, second, *_ = apply(DAY, [edit(1, EditKind.SPLIT, 0, 150)])
    assert (first.part, second.part) == (1, 2)
    assert (first.ended_at_ns, second.started_at_ns) == (at(150), at(150))
    assert first.distance_m == pytest.approx(1_500, rel=0.02)
    assert first.distance_m + second.distance_m == pytest.approx(6_000, abs=0.2)
    assert first.energy_used_kwh == pytest.approx(0.5, rel=0.02)


def test_the_parts_of_a_cut_trip_are_classified_each_for_itself() -> None:
    cut = edit(1, EditKind.SPLIT, 0, 300)
    said = edit(2, EditKind.CLASSIFY, 300, 600, "private")
    assert classes(apply(DAY[:1], [cut, said])) == ["unknown", "private"]


@pytest.mark.parametrize("where_s", [0, 600, 700, 4_000])
def test_a_cut_at_or_beyond_an_end_cuts_nothing(where_s: float) -> None:
    assert len(apply(DAY, [edit(1, EditKind.SPLIT, 0, where_s)])) == 3


def test_a_running_trip_is_neither_cut_nor_lost() -> None:
    running = replace(a_trip(5_000, 6_000), ended_at_ns=None)
    drives = apply([*DAY[:2], running], [edit(1, EditKind.SPLIT, 5_000, 5_500)])
    assert drives[-1].trips == (running,)


@pytest.mark.parametrize(
    "wrong",
    [
        edit(1, EditKind.CLASSIFY, 0, 600, "pleasure"),
        edit(1, EditKind.NOTE, 0, 600, "x" * 2_001),
        edit(1, EditKind.MERGE, 600, 0),
        edit(1, EditKind.MERGE, 0, MAX_SPAN_NS / 1e9 + 1),
        edit(1, EditKind.UNDO, 0, 600),
    ],
)
def test_an_edit_that_means_nothing_is_refused(wrong: Edit) -> None:
    with pytest.raises(Invalid):
        check(wrong)


KINDS = st.sampled_from(list(EditKind))


@given(
    st.lists(
        st.tuples(KINDS, st.integers(0, 7_000), st.integers(0, 7_000), st.integers(0, 12)), min_size=0, max_size=12
    )
)
def test_whatever_people_say_no_metre_is_lost(said: list[tuple[EditKind, int, int, int]]) -> None:
    values = {EditKind.CLASSIFY: "business", EditKind.NOTE: "a note"}
    edits = [
        edit(number, kind, min(one, other), max(one, other), values.get(kind, f"edit {which}"))
        for number, (kind, one, other, which) in enumerate(said)
    ]
    drives = apply(DAY, edits)
    assert sum(drive.distance_m for drive in drives) == pytest.approx(sum(one.distance_m for one in DAY), abs=1)
    assert {one.id for drive in drives for one in drive.trips} == {one.id for one in DAY}
    assert drives == apply(DAY, edits[::-1]), "the order in which edits are read does not matter"


HOME, WORK, YARD = "home", "work", "yard"
COMMUTE = ClassifyingRule(
    id="r1", name="To work and back", classification=Classification.COMMUTE, between=((HOME,), (WORK,))
)


@pytest.mark.parametrize(
    ("start", "end", "matches"),
    [((HOME,), (WORK,), True), ((WORK,), (HOME,), True), ((HOME,), (HOME,), False), ((), (WORK,), False)],
)
def test_a_commute_leads_from_one_side_to_the_other(
    start: tuple[str, ...], end: tuple[str, ...], matches: bool
) -> None:
    one = a_trip(0, 600, start_fences=start, end_fences=end)
    assert (classify(one, one, [COMMUTE]) is COMMUTE) is matches


def test_the_first_rule_that_matches_classifies_what_nobody_has_by_hand() -> None:
    working = Schedule("UTC", tuple(Window(day, 8 * 60, 18 * 60) for day in range(7)))
    rules = [
        COMMUTE,
        ClassifyingRule(id="r2", name="Day", classification=Classification.BUSINESS, schedule=working),
        ClassifyingRule(id="r3", name="Else", classification=Classification.PRIVATE),
    ]
    night, day = a_trip(2 * HOUR_S, 3 * HOUR_S), a_trip(9 * HOUR_S, 10 * HOUR_S)
    commute = a_trip(17 * HOUR_S, 18 * HOUR_S, start_fences=(WORK,), end_fences=(YARD, HOME))
    by_hand = a_trip(20 * HOUR_S, 21 * HOUR_S)
    said = edit(1, EditKind.CLASSIFY, 20 * HOUR_S, 21 * HOUR_S, "business")
    drives = apply([night, day, commute, by_hand], [said], rules)
    assert classes(drives) == ["private", "business", "commute", "business"]
    assert [drive.classified_by for drive in drives] == ["r3", "r2", "r1", "edit 1"]


def test_a_rule_judges_no_trip_from_before_it_held_or_after() -> None:
    rule = replace(COMMUTE, between=None, effective_from_ns=at(1_000), effective_until_ns=at(5_000))
    assert classes(apply(DAY, [], [rule])) == ["unknown", "commute", "unknown"]


def test_a_rule_may_be_for_some_vehicles_only() -> None:
    one = a_trip(0, 600)
    assert classify(one, one, [replace(COMMUTE, between=None, vehicles=("another",))]) is None
    assert classify(one, one, [replace(COMMUTE, between=None, vehicles=(VEHICLE,))]) is not None


@pytest.mark.parametrize(
    "wrong",
    [
        replace(COMMUTE, name=" "),
        replace(COMMUTE, classification=Classification.UNKNOWN),
        replace(COMMUTE, between=((HOME,), ())),
        replace(COMMUTE, effective_from_ns=2, effective_until_ns=1),
    ],
)
def test_a_rule_that_means_nothing_is_refused(wrong: ClassifyingRule) -> None:
    with pytest.raises(Invalid):
        check_rule(wrong)
