"""A vehicle's state is a join: per field, the reading with the latest time wins.

The merge is commutative, associative and idempotent, so duplicates, reordering, replays and crashes cannot change
the result. Nothing here ever replaces the whole state.
"""

from collections.abc import Iterable

Value = float | int | bool | str | tuple[float, float] | tuple[str, ...] | None
"""A reading in metric units; None = the car says that it cannot measure this now."""

Cell = tuple[int, int, Value]
"""(effective_at_ns, tiebreak, value): the first two decide which of two readings wins."""

Fields = dict[int, Cell]
"""Signal number → its latest reading."""


def merge(fields: Fields, effective_at_ns: int, tiebreak: int, readings: Iterable[tuple[int, Value]]) -> bool:
    """Join the readings of one record into `fields`, in place.

    Args:
        fields: the vehicle's state.
        effective_at_ns: the record's effective time.
        tiebreak: decides between two records of the same time; taken from the record id, so that every
            reader decides alike.
        readings: (signal number, value); of a number named twice the last counts.

    Returns:
        Whether any field changed.
    """
    changed = False
    for number, value in readings:
        cell = fields.get(number)
        if cell is None or effective_at_ns > cell[0] or (effective_at_ns == cell[0] and tiebreak >= cell[1]):
            new = (effective_at_ns, tiebreak, value)
            if new != cell:
                fields[number] = new
                changed = True
    return changed


def join(left: Fields, right: Fields) -> Fields:
    """The join of two states, as a new one."""
    joined = dict(left)
    for number, cell in right.items():
        mine = joined.get(number)
        if mine is None or cell[:2] > mine[:2]:
            joined[number] = cell
    return joined


def tiebreak_of(record_id: bytes) -> int:
    """The tiebreak that a record brings into the join."""
    return int.from_bytes(record_id[:8], "big")
