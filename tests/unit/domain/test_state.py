"""The state is a join: order, repetition and splitting of the records never change it."""

from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from motorcade.domain.state import Cell, Fields, Value, join, merge

values = st.one_of(st.none(), st.floats(allow_nan=False), st.text(max_size=3), st.booleans())
records = st.lists(
    st.tuples(
        st.integers(0, 5),  # effective time: small, so that ties happen
        st.integers(0, 3),  # tiebreak
        st.lists(st.tuples(st.integers(1, 4), values), max_size=4),
    ),
    max_size=5,
    unique_by=lambda record: record[:2],  # one tiebreak is one record
)
Records = list[tuple[int, int, list[tuple[int, Value]]]]


def fold(parts: Records) -> Fields:
    fields: Fields = {}
    for at_ns, tiebreak, readings in parts:
        merge(fields, at_ns, tiebreak, readings)
    return fields


def naive(parts: Records) -> Fields:
    """The definition, written without the merge: per field the reading with the greatest (time, tiebreak)."""
    found: dict[int, list[Cell]] = {}
    for at_ns, tiebreak, readings in parts:
        for number, value in dict(readings).items():
            found.setdefault(number, []).append((at_ns, tiebreak, value))
    return {number: max(cells, key=lambda cell: cell[:2]) for number, cells in found.items()}


@given(records)
def test_every_order_gives_the_state_of_the_definition(parts: Records) -> None:
    wanted = naive(parts)
    for order in permutations(parts):
        assert fold(list(order)) == wanted


@given(records)
def test_duplicates_change_nothing(parts: Records) -> None:
    assert fold(parts + parts) == fold(parts)


@given(records, st.integers(0, 5))
def test_joining_two_halves_gives_the_whole(parts: Records, cut: int) -> None:
    left, right = fold(parts[:cut]), fold(parts[cut:])
    assert join(left, right) == join(right, left) == fold(parts)


def test_an_invalid_reading_clears_its_own_field_and_no_other() -> None:
    fields: Fields = {}
    merge(fields, 1, 1, [(4, 50.0), (10, "D")])
    merge(fields, 2, 1, [(4, None)])
    assert fields == {4: (2, 1, None), 10: (1, 1, "D")}


def test_an_older_reading_never_wins() -> None:
    fields: Fields = {4: (5, 0, 50.0)}
    assert not merge(fields, 4, 9, [(4, 60.0)])
    assert fields[4][2] == 50.0
