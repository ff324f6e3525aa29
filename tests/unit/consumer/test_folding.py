"""Folding a fleet: one vehicle's trouble is its own, and what waits is folded when its turn has come."""

from collections.abc import Callable

import pytest

from motorcade.adapters.embedded.clock_system import SystemClock
from motorcade.consumer.context import VehicleMemory
from motorcade.consumer.folding import Folding
from motorcade.domain import fold
from motorcade.domain.episodes.episode import Episode
from motorcade.domain.episodes.moment import Report
from motorcade.domain.rules import RuleTimeline
from motorcade.domain.signal import by_name
from motorcade.domain.turns import Place

SPEED = by_name("speed_kmh").number
S = 10**9


def report(at_s: int, speed: float) -> Report:
    return Report(at_s * S, at_s.to_bytes(16, "big"), ((SPEED, speed),))


class Rig:
    def __init__(self) -> None:
        self.touched: list[VehicleMemory] = []
        self.failed: list[tuple[VehicleMemory, Exception]] = []
        self.folding = Folding(
            lambda _: RuleTimeline(), SystemClock(), self.touched.append, lambda *what: self.failed.append(what)
        )

    def take(self, vehicle: VehicleMemory, *reports: Report) -> None:
        for one in reports:
            assert vehicle.episodes.turns.offer(one) is Place.WAITS
            self.folding.took(vehicle, one, late=False)

    def until(self, at_s: int) -> None:
        self.folding.horizon_ns = at_s * S
        while self.folding.owes:
            self.folding.work()


Step = Callable[[fold.FoldState, Report, str, RuleTimeline], list[Episode]]


def failing(at_s: int, vehicle_id: str) -> Step:
    real = fold.step

    def step(state: fold.FoldState, one: Report, vehicle: str, timeline: RuleTimeline) -> list[Episode]:
        if one.effective_at_ns == at_s * S and vehicle == vehicle_id:
            raise ZeroDivisionError
        return real(state, one, vehicle, timeline)

    return step


def test_a_report_is_folded_when_the_horizon_reaches_it_and_not_before() -> None:
    rig, car = Rig(), VehicleMemory("org", "car")
    rig.take(car, report(20, 5.0), report(10, 4.0))
    rig.until(9)
    assert car.episodes.fold.at_ns == 0
    rig.until(10)
    assert car.episodes.fold.at_ns == 10 * S
    rig.until(30)
    assert car.episodes.fold.latest.values == {SPEED: 5.0}


def test_a_fault_of_a_reducer_stops_neither_the_others_nor_the_vehicle_s_next_records(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rig, bad, good = Rig(), VehicleMemory("org", "bad"), VehicleMemory("org", "good")
    rig.take(bad, report(1, 50.0))
    rig.until(2)
    bad.episodes.encoded_fold()
    monkeypatch.setattr(fold, "step", failing(4, "bad"))
    rig.take(bad, report(3, 51.0), report(4, 52.0))
    rig.take(good, report(4, 53.0))
    rig.until(5)
    assert [(vehicle, type(error)) for vehicle, error in rig.failed] == [(bad, ZeroDivisionError)]
    assert good.episodes.fold.latest.values == {SPEED: 53.0}
    assert bad.episodes.fold.latest.values == {SPEED: 50.0}, "the state that was stored last"
    assert bad.episodes.dirty is not None
    assert (bad.episodes.dirty.first[0], bad.episodes.dirty.count) == (3 * S, 2), "left out, and marked for a re-fold"
    rig.take(bad, report(6, 54.0))
    rig.until(7)
    assert bad.episodes.fold.latest.values == {SPEED: 54.0}
    assert bad in rig.touched
