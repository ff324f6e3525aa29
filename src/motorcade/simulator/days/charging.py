"""Charging: a night at a wall box, half an hour at a fast charger."""

from dataclasses import dataclass
from typing import Final

from motorcade.simulator.days.stage import Stage
from motorcade.simulator.days.truth import Charge, ChargeKind
from motorcade.simulator.taper import curve_share

AC_EFFICIENCY: Final = 0.92  # the car's own charger, on the way to the battery
_AC_OWN_KW: Final = 0.15  # of the awake car while it charges
_STEP_S: Final = 5
_HANDSHAKE_S: Final = 12  # cable locked, car and charger talking
_RAMP_S: Final = 45.0  # a fast charger's way up
_TAPER_PCT: Final = 2.0  # below the limit an alternating-current charge goes down
_COLD: Final = 0.6  # share of its power that a battery takes which nobody has warmed


@dataclass(frozen=True, slots=True)
class AcPlan:
    """A session at a wall box."""

    port_kw: float
    limit_pct: int
    start_s: float
    """When the flow begins; before that the car waits for its schedule."""
    unplug_s: float
    """A charge that is not done by then is stopped."""
    hole_s: tuple[float, float] | None = None
    """The box gives nothing for a while: begin and length, in seconds after the start."""
    precondition_s: int = 0
    """Warm the cabin for so long before unplugging."""


class _Flow:
    """What a session has to remember to become a `Charge`."""

    def __init__(self, stage: Stage, kind: ChargeKind) -> None:
        self._stage, self._kind = stage, kind
        self.plugged_s = stage.now_s
        self.start_s: int | None = None
        self._soc_start = self._soc_end = self._plug_start = self._plug_end = 0.0
        self._end_s = 0
        self._added = self._peak = 0.0
        self.full_s: int | None = None
        self.holes: list[tuple[int, int]] = []

    def run(self, into_kw: float, port_kw: float, seconds: int) -> None:
        """Let energy flow for a few seconds."""
        stage, body = self._stage, self._stage.body
        if self.start_s is None:
            stage.ledger.unpark(stage.now_s, body)
            self.start_s, self._soc_start, self._plug_start = stage.now_s, body.soc_pct, body.plug_kwh
        stage.now_s += seconds
        added = -body.draw(-into_kw, seconds)
        body.counter_kwh += added
        body.port_kw = port_kw
        body.plug_kwh += port_kw * seconds / 3_600.0
        self._added += added
        self._peak = max(self._peak, into_kw)
        self._end_s, self._soc_end, self._plug_end = stage.now_s, body.soc_pct, body.plug_kwh

    def close(self) -> None:
        """Write the session into the ledger; one without any flow is none."""
        if self.start_s is None:
            return
        ledger, now_s = self._stage.ledger, self._stage.now_s
        ledger.charges.append(
            Charge(
                kind=self._kind,
                start_ns=ledger.ns(self.start_s),
                end_ns=ledger.ns(self._end_s),
                added_kwh=self._added,
                plug_kwh=self._plug_end - self._plug_start,
                soc_start_pct=self._soc_start,
                soc_end_pct=self._soc_end,
                peak_kw=self._peak,
                plugged_ns=ledger.ns(self.plugged_s),
                unplugged_ns=ledger.ns(now_s),
                full_ns=None if self.full_s is None else ledger.ns(self.full_s),
                holes=tuple((ledger.ns(begin), ledger.ns(end)) for begin, end in self.holes),
                place=self._stage.body.place,
            )
        )


def charge_ac(stage: Stage, plan: AcPlan) -> None:
    """Plug in at a wall box, wait for the start, charge, stay plugged in, and unplug."""
    flow = _plug_in(stage, "AC", plan.limit_pct)
    body = stage.body
    if plan.start_s > stage.now_s + 60:
        _say(stage, "Stopped", "Idle")
        stage.park(plan.start_s)
        stage.wake()
    _say(stage, "Starting", "Startup")
    stage.linger(_HANDSHAKE_S)
    _say(stage, "Charging", "Enable")
    hole = plan.hole_s
    while body.soc_pct < plan.limit_pct and stage.now_s < plan.unplug_s:
        share = min(1.0, max(0.25, (plan.limit_pct - body.soc_pct) / _TAPER_PCT))
        port_kw = plan.port_kw * share * stage.chance.uniform(0.985, 1.0)
        flow.run(port_kw * AC_EFFICIENCY - _AC_OWN_KW, port_kw, _STEP_S)
        stage.look()
        if hole and flow.start_s is not None and stage.now_s >= flow.start_s + hole[0]:
            _pause(stage, flow, int(hole[1]))
            hole = None
    body.port_kw = 0.0
    if body.soc_pct >= plan.limit_pct:
        flow.full_s = stage.now_s
    _say(stage, "Complete" if flow.full_s else "Stopped", "Shutdown")
    stage.ledger.park(stage.now_s, body)
    stage.linger(10)
    _say(stage, body.charge_state, "Idle")
    stage.park(plan.unplug_s - plan.precondition_s)
    if plan.precondition_s:
        stage.precondition(plan.precondition_s)
    stage.wake()
    flow.close()
    _unplug(stage)


def charge_dc(stage: Stage, station_kw: float, until_pct: float, *, warm: bool) -> None:
    """Plug in at a fast charger, charge to a state of charge, and unplug soon after.

    Args:
        stage: the car.
        station_kw: the most that the charger gives.
        until_pct: where the driver leaves; at 100 or the car's limit the charge completes by itself.
        warm: whether the battery was preconditioned on the way.
    """
    stage.wake()
    flow = _plug_in(stage, "DC", stage.body.limit_pct)
    body, chance = stage.body, stage.chance
    _say(stage, "Starting", "ClearFaults")
    stage.linger(_HANDSHAKE_S)
    _say(stage, "Charging", "Idle")  # the old field never says that a fast charge runs
    goal = min(until_pct, float(body.limit_pct))
    age, warmth = 0.0, 1.0 if warm else _COLD
    while body.soc_pct < goal:
        into_kw = min(station_kw, body.model.dc_max_kw * curve_share(body.soc_pct) * warmth)
        into_kw *= min(1.0, 0.05 + age / _RAMP_S) * chance.uniform(0.985, 1.0)
        own_kw = 0.6 + (0.0 if warmth >= 1.0 else 3.0)
        flow.run(into_kw, into_kw + own_kw, _STEP_S)
        age += _STEP_S
        warmth = min(1.0, warmth + 0.0015)  # charging warms what was cold
        stage.look()
    body.port_kw = 0.0
    if goal >= body.limit_pct:
        flow.full_s = stage.now_s
    _say(stage, "Complete" if flow.full_s else "Stopped", "ClearFaults")
    stage.ledger.park(stage.now_s, body)
    stage.linger(chance.randint(15, 240) if flow.full_s else chance.randint(10, 40))
    flow.close()
    _unplug(stage)


def _plug_in(stage: Stage, kind: ChargeKind, limit_pct: int) -> _Flow:
    body = stage.body
    stage.wake()
    body.plugged, body.limit_pct = kind, limit_pct
    body.counter_kwh = body.plug_kwh = 0.0
    stage.ledger.park(stage.now_s, body)
    flow = _Flow(stage, kind)
    stage.look()
    stage.linger(4)
    return flow


def _pause(stage: Stage, flow: _Flow, seconds: int) -> None:
    """Let the box give nothing for a while: the session goes on afterwards with the same counters."""
    begin = stage.now_s
    stage.body.port_kw = 0.0
    _say(stage, "NoPower", "Idle")
    stage.ledger.park(stage.now_s, stage.body)
    end = begin + seconds
    while stage.now_s < end:
        stage.linger(min(60, end - stage.now_s))
    stage.ledger.unpark(stage.now_s, stage.body)
    flow.holes.append((begin, stage.now_s))
    _say(stage, "Charging", "Enable")


def _unplug(stage: Stage) -> None:
    body = stage.body
    body.plugged = None
    _say(stage, "Disconnected", "Idle")
    stage.ledger.park(stage.now_s, body)


def _say(stage: Stage, state: str, word: str) -> None:
    stage.body.charge_state, stage.body.charge_word = state, word
    stage.look()
