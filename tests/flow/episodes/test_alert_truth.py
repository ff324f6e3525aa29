"""Alerts of simulated days under faults, through the whole fold, against brute force over the same records."""

from collections.abc import Sequence

import pytest

from motorcade.domain import fold
from motorcade.domain.alerts import condition as c
from motorcade.domain.alerts.defaults import DEFAULT_ALERTS
from motorcade.domain.alerts.rule import AlertRule
from motorcade.domain.episodes import alert
from motorcade.domain.episodes.alert import Alert, AlertState, Around
from motorcade.domain.episodes.moment import Latest, Moment, Report
from motorcade.domain.fold import FoldState
from motorcade.domain.record import NS_PER_S
from motorcade.domain.rules import Rules, RuleTimeline
from motorcade.domain.schedule import Schedule, Window
from motorcade.domain.signal import name_of
from motorcade.simulator.days import Faults, Pattern, whole_day
from motorcade.wire.tesla.decode import decode_vehicle_data
from motorcade.wire.tesla.recorded import parse_recording
from tests.conditions import Proof, Scale, shared_data
from tests.flow.episodes.test_trip_truth import reports_of
from tests.unit.domain.episodes.alert_oracle import VEHICLE, Entry, Oracle, Version

LATER_NS = 7_200 * NS_PER_S
NIGHT = Schedule("Europe/Stockholm", tuple(Window(day, 18 * 60, 6 * 60) for day in range(7)))


def rule(name: str, when: c.Condition | c.Ended, **more: int) -> AlertRule:
    return AlertRule(id=name, name=name, when=when, **more)  # type: ignore[arg-type]  # the numbers are durations


EAGER: tuple[AlertRule, ...] = (
    *DEFAULT_ALERTS,
    rule("fast", c.Compare("speed_kmh", "above", 50.0), hold_s=10, cool_down_s=60),
    rule("battery", c.Compare("battery_pct", "below", 70.0), hold_s=60),
    rule("wordless", c.Silent(120)),
    rule("asleep", c.All((c.Presence("asleep"), c.Not(c.Running("charge")))), hold_s=600),
    rule("standing", c.All((c.Running("trip"), c.Compare("speed_kmh", "at_most", 1.0))), hold_s=20, grace_s=30),
    rule("charging", c.Running("charge"), hold_s=1_800),
    rule("long", c.Ended("trip", (c.Measure("duration_s", "above", 600.0),)), cool_down_s=3_600),
    rule("off", c.Changes("gear", "P", "D"), cool_down_s=600),
    AlertRule(id="night", name="night", when=c.Running("trip"), schedule=NIGHT),
)
"""Rules that find something on any day."""


class Listener:
    """Hears what the fold tells the reducer of alerts."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.moments: list[tuple[Moment, Around]] = []
        self.last = Around()
        self._step, self._view = alert.step, alert.view
        monkeypatch.setattr(alert, "step", self.step)
        monkeypatch.setattr(alert, "view", self.view)

    def step(self, state: AlertState, moment: Moment, timeline: object, around: Around = alert.NOTHING) -> list[Alert]:
        self.moments.append((moment, around))
        return self._step(state, moment, timeline, around)  # type: ignore[arg-type]  # passed on as it came

    def view(
        self, state: AlertState, horizon_ns: int, timeline: object, latest: Latest, around: Around = alert.NOTHING
    ) -> list[Alert]:
        self.last = around
        return self._view(state, horizon_ns, timeline, latest, around)  # type: ignore[arg-type]  # passed on as it came

    def entries(self, reports: Sequence[Report]) -> list[Entry]:
        return [
            Entry(
                moment.at_ns,
                moment.record_id,
                {name_of(number): value for number, value in report.readings},
                moment.fences,
                moment.trip_id is not None,
                moment.charge_id is not None,
                moment.online,
                moment.notices,
                tuple(around.rows),
                tuple(tuple(turn) for turn in around.turns),  # type: ignore[misc]  # turns are such tuples
            )
            for (moment, around), report in zip(self.moments, reports, strict=True)
        ]


def compare(reports: Sequence[Report], rules: tuple[AlertRule, ...]) -> list[Alert]:
    """Fold the reports and find their alerts by brute force; gives them."""
    with pytest.MonkeyPatch.context() as patch:
        return compared(reports, rules, patch)


def compared(reports: Sequence[Report], rules: tuple[AlertRule, ...], monkeypatch: pytest.MonkeyPatch) -> list[Alert]:
    listener = Listener(monkeypatch)
    timeline, state = RuleTimeline((Rules(alerts=rules),)), FoldState()
    rows: dict[str, Alert] = {}
    for report in reports:
        rows |= {row.id: row for row in fold.step(state, report, VEHICLE, timeline) if isinstance(row, Alert)}
    horizon_ns = reports[-1].effective_at_ns + LATER_NS
    rows |= {row.id: row for row in fold.view(state, horizon_ns, timeline) if isinstance(row, Alert)}
    oracle = Oracle(listener.entries(reports), (Version(0, 1, rules),), horizon_ns)
    oracle.last_turns = tuple(tuple(turn) for turn in listener.last.turns)  # type: ignore[misc]  # turns are tuples
    oracle.last_rows = tuple(listener.last.rows)
    assert rows == {row.id: row for row in oracle.alerts()}
    return list(rows.values())


def test_alerts_of_simulated_days_are_what_brute_force_finds(scale: Scale, proof: Proof) -> None:
    patterns = list(Pattern)
    days = scale.n(3, 1_000)
    found = 0
    for number in range(days):
        day = whole_day(number, patterns[number % len(patterns)], Faults.severe())
        # Rules know nothing of each other; half of them a day are as good and half the work for brute force.
        found += len(compare(reports_of(day), EAGER[number // len(patterns) % 2 :: 2]))
    assert found > days
    proof("alerts-of-simulated-days", count=days, result=f"{found} alerts, all as brute force finds them")


@pytest.mark.parametrize(
    "name", ["driving_typed", "doors_typed", "route_untyped", "ac_charging_typed", "dc_charging_untyped"]
)
def test_alerts_of_recorded_cars_are_what_brute_force_finds_and_no_emergency(name: str) -> None:
    file = shared_data("tesla-streams") / f"{name}.jsonl"
    recording = parse_recording(file.read_text(encoding="utf-8").splitlines())
    reports = []
    for message in recording.messages:
        payload = message.parse("")
        readings = tuple(decode_vehicle_data(payload.SerializeToString()))
        reports.append(Report(payload.created_at.ToNanoseconds(), message.line.to_bytes(16, "big"), readings))
    found = compare(sorted(reports, key=lambda report: report[:2]), EAGER)
    assert all(one.severity != "emergency" for one in found)
