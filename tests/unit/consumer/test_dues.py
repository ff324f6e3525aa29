"""The partition's place never passes what is not committed, nor the place to read again what may still wait."""

from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from motorcade.consumer import dues as dues_module
from motorcade.consumer.context import VehicleMemory
from motorcade.consumer.dues import Dues
from motorcade.ports.stream import Entry
from tests.conditions import is_long

CARS = 6
MOST = 2  # vehicles a commit takes in this test


@dataclass
class Model:
    """What a plain reading of the promise remembers."""

    position: int = 0
    taken_at: dict[str, int] = field(default_factory=dict)  # vehicle → first entry that touched it and is not committed
    times: list[tuple[int, int]] = field(default_factory=list)  # (entry, time)
    horizon: int = 0


ACTIONS = st.lists(
    st.one_of(
        st.tuples(st.just("take"), st.sets(st.integers(0, CARS - 1), max_size=3), st.integers(0, 2)),
        st.tuples(st.just("hurry"), st.integers(0, CARS - 1), st.just(0)),
        st.tuples(st.just("fold"), st.integers(0, 3), st.just(0)),
        st.tuples(st.just("commit"), st.just(0), st.just(0)),
    ),
    max_size=40,
)


@settings(max_examples=20_000 if is_long() else 600)
@given(ACTIONS)
def test_the_place_moves_only_over_what_is_committed(actions: list[tuple[str, object, int]]) -> None:
    cars = [VehicleMemory("org", str(number)) for number in range(CARS)]
    dues, model, placed, at = Dues(0), Model(), 0, 0
    before, dues_module.MAX_VEHICLES = dues_module.MAX_VEHICLES, MOST
    try:
        for what, which, later in actions:
            if what == "take":
                assert isinstance(which, set)
                model.position += 1
                at += later
                for number in which:
                    dues.touch(cars[number])
                    model.taken_at.setdefault(cars[number].vehicle_id, model.position)
                dues.taken(Entry(0, model.position, at, []))
                model.times.append((model.position, at))
            elif what == "hurry":
                assert isinstance(which, int)
                dues.hurry(cars[which])
                model.taken_at.setdefault(cars[which].vehicle_id, model.position)
            elif what == "fold":
                assert isinstance(which, int)
                model.horizon = max(model.horizon, at - which)
                dues.folded_until(model.horizon)
            else:
                placed = commit(dues, model, placed)
        while dues:
            placed = commit(dues, model, placed)
        assert not model.taken_at, "everything is committed in the end"
    finally:
        dues_module.MAX_VEHICLES = before


def commit(dues: Dues, model: Model, placed: int) -> int:
    """One commit; gives the place after it."""
    vehicles, place = dues.next(lambda: (model.position, {}))
    assert len(vehicles) <= MOST
    for vehicle in vehicles:
        model.taken_at.pop(vehicle.vehicle_id, None)
    if place is None:
        return placed
    assert place.position >= placed, "only forwards"
    left = [entry for entry in model.taken_at.values() if entry <= place.position]
    later = [entry for entry in left if entry < place.position]
    assert not later, "a vehicle touched before the place is not committed"
    assert all(at <= model.horizon for entry, at in model.times if entry <= place.read_from), "a report may still wait"
    assert place.read_from <= place.position
    return place.position


def test_what_was_found_goes_before_what_was_only_touched() -> None:
    dues = Dues(0)
    cars = [VehicleMemory("org", str(number)) for number in range(dues_module.MAX_VEHICLES + 5)]
    for car in cars:
        dues.touch(car)
    dues.hurry(cars[-1])
    vehicles, place = dues.next(lambda: (7, {"received": 3}))
    assert len(vehicles) == dues_module.MAX_VEHICLES
    assert cars[-1] in vehicles
    assert place is None, "some vehicles that were touched before are left"
    rest, place = dues.next(lambda: (9, {"received": 4}))
    assert len(rest) == 5
    assert place is not None
    assert (place.position, place.counts) == (7, {"received": 3}), "as it was when the first of these commits began"
