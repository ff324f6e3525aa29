"""Reports enter the fold in the order of their times, whatever order they arrive in."""

from hypothesis import given
from hypothesis import strategies as st

from motorcade.domain.episodes.moment import Report
from motorcade.domain.turns import NO_TURN, Place, Turns, turn_of

_REPORTS = st.lists(
    st.tuples(st.integers(1, 30), st.binary(min_size=1, max_size=1)).map(lambda turn: Report(*turn)), max_size=30
)


@given(_REPORTS, st.lists(st.integers(0, 31), max_size=6))
def test_what_does_not_miss_its_turn_comes_out_in_order_and_once(reports: list[Report], horizons: list[int]) -> None:
    turns = Turns()
    folded: list[Report] = []
    missed: set[tuple[int, bytes]] = set()
    steps = sorted(horizons)
    for index, report in enumerate(reports):
        if turns.offer(report) is Place.MISSED:
            missed.add(turn_of(report))
        if index < len(steps):
            folded += turns.due(steps[index])
    folded += turns.due(31)
    order = [turn_of(report) for report in folded]
    assert order == sorted(set(order))
    assert set(order) | missed == {turn_of(report) for report in reports}
    assert turns.folded == (order[-1] if order else NO_TURN)
    assert not turns.waiting


def test_a_report_that_waits_is_known_when_it_comes_again() -> None:
    turns = Turns()
    assert turns.offer(Report(5, b"b")) is Place.WAITS
    assert turns.offer(Report(5, b"a")) is Place.WAITS
    assert turns.offer(Report(5, b"b", ((1, None),))) is Place.KNOWN
    assert [report.record_id for report in turns.due(5)] == [b"a", b"b"]


def test_a_report_that_comes_after_its_turn_has_missed_it() -> None:
    turns = Turns()
    turns.offer(Report(5, b"b"))
    assert turns.due(4) == []
    assert turns.due(5)
    assert turns.offer(Report(5, b"a")) is Place.MISSED
    assert turns.offer(Report(5, b"b")) is Place.MISSED
    assert turns.offer(Report(5, b"c")) is Place.WAITS
