"""What a fold yielded reaches the commit once and right: withdrawals, late installs, and what a restart must know."""

from dataclasses import replace

import pytest

from motorcade.adapters.embedded.clock_system import SystemClock
from motorcade.consumer.context import VehicleMemory
from motorcade.consumer.findings import install, take_finding
from motorcade.consumer.folding import Folding
from motorcade.consumer.memory import FleetMemory, stored_form
from motorcade.domain import fold
from motorcade.domain.episodes.episode import Episode
from motorcade.domain.episodes.moment import Report
from motorcade.domain.episodes.stop import Stop
from motorcade.domain.episodes.trip import Trip
from motorcade.domain.fold import FoldState
from motorcade.domain.rules import RuleTimeline
from motorcade.domain.signal import by_name
from motorcade.domain.turns import Turn
from motorcade.ports.store import Delete, Put
from motorcade.repositories.episodes import Withdrawal
from motorcade.repositories.refolds import RefoldResult
from motorcade.wire.fold_state import encode_fold

SPEED, GEAR, ODOMETER = by_name("speed_kmh").number, by_name("gear").number, by_name("odometer_km").number
S = 10**9
TIMELINE = RuleTimeline()


def report(at_s: int, speed: float, gear: str = "D") -> Report:
    readings = ((GEAR, gear), (SPEED, speed), (ODOMETER, 1000.0 + at_s / 60))
    return Report(at_s * S, at_s.to_bytes(16, "big"), readings)


def stop(name: str, at_s: int) -> Episode:
    return Episode(
        id=name,
        vehicle_id="car",
        started_at_ns=at_s * S,
        ended_at_ns=None,
        rule_version=1,
        first_record=at_s.to_bytes(16, "big"),
        last_record=None,
    )


class Rig:
    def __init__(self, vehicle: VehicleMemory | None = None) -> None:
        self.car = vehicle or VehicleMemory("org", "car")
        self.folding = Folding(lambda _: TIMELINE, SystemClock(), lambda _: None, lambda *_: None)
        self.folding.waits(self.car)

    def take(self, *reports: Report) -> None:
        for one in reports:
            self.car.episodes.turns.offer(one)
            self.folding.took(self.car, one, late=False)

    def until(self, at_s: int) -> None:
        self.folding.horizon_ns = at_s * S
        while self.folding.owes:
            self.folding.work()


def restarted(car: VehicleMemory) -> VehicleMemory:
    memory = FleetMemory()
    return memory.restore(replace(stored_form(car, 1, "s"), version=1), "s")


def drive(from_s: int, to_s: int) -> list[Report]:
    return [report(at_s, 50.0) for at_s in range(from_s, to_s, 5)]


def test_a_silent_car_s_trip_ends_by_the_horizon_also_after_a_restart() -> None:
    rig = Rig()
    rig.take(*drive(10, 600))
    rig.until(600)
    assert any(row.kind == Trip.kind and row.ended_at_ns is None for row in rig.car.episodes.rows.values())
    after = Rig(restarted(rig.car))
    after.until(86_400)
    trips = [row for row in after.car.episodes.rows.values() if row.kind == Trip.kind]
    assert [row.ended_at_ns is not None for row in trips] == [True]


def test_a_restart_does_not_take_back_what_a_later_horizon_has_said() -> None:
    rig = Rig()
    rig.take(*drive(10, 600))
    rig.until(86_400)
    rows = dict(rig.car.episodes.rows)
    assert any(row.kind == Stop.kind for row in rows.values()), "the view has ended the trip"
    after = Rig(restarted(rig.car))
    after.take(report(601, 50.0), report(90_000, 0.0, "P"))
    after.car.episodes.turns.waiting.pop(0)  # only to be woken at an early horizon
    after.car.episodes.due_ns = 700 * S
    after.folding.waits(after.car)
    after.until(700)
    assert after.car.episodes.withdrawals == []
    assert all(after.car.episodes.rows.get(key, row) == row for key, row in rows.items())


def test_a_row_that_was_withdrawn_and_stands_again_before_the_commit_is_not_withdrawn() -> None:
    car = VehicleMemory("org", "car")
    car.episodes.show([], [stop("one", 5)])
    take_finding(car, 1)
    car.episodes.show([], [])
    car.episodes.show([], [stop("one", 5)])
    finding = take_finding(car, 2)
    assert finding is not None
    assert [row.id for row in finding.rows] == ["one"]
    assert list(finding.withdrawals) == []


def dirty_car() -> Rig:
    """A car that drives, and of which a record came late."""
    rig = Rig()
    rig.take(*drive(100, 200))
    rig.until(200)
    rig.car.episodes.missed(report(50, 0.0))
    return rig


def result(car: VehicleMemory, state: FoldState, until: Turn, **more: object) -> RefoldResult:
    dirty = car.episodes.dirty
    assert dirty is not None
    made = RefoldResult(
        key=car.key,
        count=dirty.count,
        base=(0, b""),
        until=until,
        state=encode_fold(state),
        rows=[],
        withdrawals=[],
        quiet={},
        last=dirty.last,
        first=dirty.first,
    )
    return replace(made, **more)  # type: ignore[arg-type]  # the caller names fields


def test_what_live_gave_since_the_re_fold_looked_and_is_not_true_is_withdrawn() -> None:
    rig = dirty_car()
    until = rig.car.episodes.turns.folded
    car = rig.car
    car.episodes.folded(report(205, 50.0))
    car.episodes.turns.folded = (205 * S, (205).to_bytes(16, "big"))
    wrong = stop("wrong", 205)
    car.episodes.show([wrong], [])  # final and by a record: no view would take it back
    assert install(car, result(car, FoldState(), until), TIMELINE, 210 * S)
    finding = take_finding(car, 1)
    assert finding is not None
    assert ("episode", "wrong") in {(one.kind, one.id) for one in finding.withdrawals}
    assert "wrong" not in {row.id for row in finding.rows}


def test_a_withdrawal_of_a_re_fold_holds_also_where_the_row_was_just_about_to_be_stored() -> None:
    rig = dirty_car()
    car = rig.car
    gone = next(row for row in car.episodes.rows.values() if row.kind == Trip.kind)
    withdrawal = Withdrawal(gone.kind, gone.id, ())
    folded = car.episodes.turns.folded
    assert install(car, result(car, FoldState(), folded, withdrawals=[withdrawal]), TIMELINE, 210 * S)
    finding = take_finding(car, 1)
    assert finding is not None
    assert (gone.kind, gone.id) in {(one.kind, one.id) for one in finding.withdrawals}
    assert gone.id not in {row.id for row in finding.rows}


def test_a_quiet_state_of_the_doubtful_fold_is_not_stored_after_the_re_fold() -> None:
    rig = dirty_car()
    car, until = rig.car, rig.car.episodes.turns.folded
    doubtful = (300 * S, bytes(16))
    car.episodes.keep_quiet(doubtful, b"made without the late record")
    assert install(car, result(car, FoldState(), until), TIMELINE, 310 * S)
    finding = take_finding(car, 1)
    assert finding is not None
    assert finding.quiet is None or finding.quiet[0] != doubtful
    assert not [write for write in finding.also if isinstance(write, Put)]
    assert [write for write in finding.also if isinstance(write, Delete)]


def test_the_result_for_an_earlier_mark_does_not_pass_for_a_later_one_of_as_many_records() -> None:
    rig = dirty_car()
    car = rig.car
    early = replace(result(car, FoldState(), car.episodes.turns.folded), state=b"")
    car.episodes.clean()
    car.episodes.missed(report(60, 1.0))
    assert not install(car, early, TIMELINE, 210 * S)
    assert car.episodes.dirty is not None


def test_after_a_fault_time_alone_still_ends_what_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    rig = Rig()
    rig.take(*drive(10, 600))
    rig.until(600)
    rig.car.episodes.encoded_fold()

    def failing(*_: object) -> list[Episode]:
        raise ZeroDivisionError

    with monkeypatch.context() as patched:
        patched.setattr(fold, "step", failing)
        rig.take(report(605, 50.0))
        rig.until(606)
    rig.until(86_400)
    trips = [row for row in rig.car.episodes.rows.values() if row.kind == Trip.kind]
    assert [row.ended_at_ns is not None for row in trips] == [True]
