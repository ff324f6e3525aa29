"""One charging session while it runs, and the row that it gives."""

from dataclasses import dataclass, field
from typing import Final

from motorcade.domain.episodes.charging.curve import FIRST_SPACING_S, CurvePoint, add, complete
from motorcade.domain.episodes.charging.energy import WATT_US_PER_KWH, Meters
from motorcade.domain.episodes.charging.flow import COMPLETE, FAST, LOCATION, RANGE, SOC, WORD, ChargeRules
from motorcade.domain.episodes.charging.row import DOUBTS, Charge
from motorcade.domain.episodes.moment import Moment
from motorcade.domain.record import NS_PER_S
from motorcade.domain.signal import by_name

_OUTSIDE_C: Final = by_name("outside_temperature_c").number
_MODULE_C: Final = by_name("module_lowest_temperature_c").number
MAX_SPANS: Final = 20
"""Pauses and gaps listed; more are only added up."""
_NS_PER_KWH_BY_W: Final = 3_600 * 1_000 * NS_PER_S  # how long a watt takes for a kilowatt-hour
_BELIEVABLE: Final = 0.8  # a plug's counter that shows less than this share of the battery's has missed something
_LONG_TAIL: Final = 0.05  # share of the energy that stems from power because the counter fell silent


@dataclass(slots=True)
class Session:
    """What is remembered of a session that is not final. Times in ns, 0 where there is none yet.

    Attributes:
        ended_ns: when the flow stopped, as long as it does not flow.
        seen_ns: the last reading of any signal while it flowed; `seen_record` is its record.
        flow_ns: the last reading that showed the flow; `flow_record` is its record.
        silent: ended by silence; the counters may take it up again.
        woke_ns: the first reading after that silence.
        over: nothing can be added to it but late readings of its counters.
        idle_until_ns: when the idle time ended: unplugged, or the next session began on the same plug.
        agreed: whether a counter was read since the start that goes on from what it was before.
        soc_first, kwh_first, soc_last, kwh_last: charge and energy at the first and last charge reading; `kwh_last` is
            negative where the last one came after the end.
        stale: only values from before the last gap say that it flows again; `left_kwh` is the energy that flowed in
            that gap, and `left_w` the power before it.
    """

    id: str
    vehicle_id: str
    rule_version: int
    plug_in: str
    started_ns: int
    first_record: bytes
    meters: Meters
    flowing: bool = True
    silent: bool = False
    over: bool = False
    completed: bool = False
    fast: bool = False
    agreed: bool = False
    estimated: bool = False
    stalled: bool = False
    ended_ns: int = 0
    last_record: bytes = b""
    seen_ns: int = 0
    seen_record: bytes = b""
    flow_ns: int = 0
    flow_record: bytes = b""
    woke_ns: int = 0
    unplugged_ns: int = 0
    idle_until_ns: int = 0
    pauses: list[tuple[int, int]] = field(default_factory=list)
    paused_ns: int = 0
    gaps: list[tuple[int, int]] = field(default_factory=list)
    stale: bool = False
    left_kwh: float = 0.0
    left_w: int = 0
    place: tuple[float, float] | None = None
    fences: tuple[str, ...] = ()
    soc_start: float | None = None
    soc_end: float | None = None
    range_start_km: float | None = None
    range_end_km: float | None = None
    soc_first: float | None = None
    kwh_first: float = 0.0
    soc_last: float | None = None
    kwh_last: float = 0.0
    outside_c: float | None = None
    module_c: float | None = None
    points: list[CurvePoint] = field(default_factory=list)
    spacing_s: float = FIRST_SPACING_S

    # -- while it flows ------------------------------------------------------------------------------------------

    def see(self, moment: Moment, rules: ChargeRules) -> None:
        """Take in what a record says beside the flow: charge, range, place, temperatures."""
        latest, changed = moment.latest, moment.changed
        if self.place is None:
            self.place = latest.place(LOCATION)
        if not self.fences:
            self.fences = moment.fences
        if self.outside_c is None:
            self.outside_c = latest.number(_OUTSIDE_C)
        if self.module_c is None:
            self.module_c = latest.number(_MODULE_C)
        if latest.values.get(FAST) is True:
            self.fast = True
        if SOC in changed and (soc := latest.number(SOC)) is not None:
            self._charged(soc, rules)
        if RANGE in changed and (range_km := latest.number(RANGE)) is not None:
            self.range_start_km = range_km if self.range_start_km is None else self.range_start_km
            self.range_end_km = range_km

    def _charged(self, soc: float, rules: ChargeRules) -> None:
        self.soc_start = soc if self.soc_start is None else self.soc_start
        self.soc_end = soc
        if self.flowing and self.soc_first is None:
            if self.meters.battery.known() or self.meters.into:
                self.soc_first, self.kwh_first = soc, self.added_kwh(rules)
        elif self.soc_first is not None:
            self.soc_last, self.kwh_last = soc, self.added_kwh(rules) if self.flowing else -1.0

    def draw(self, moment: Moment, rules: ChargeRules, *, edge: bool) -> None:
        """Add a point to the curve where the last one is far enough."""
        at_s = round((moment.at_ns - self.started_ns) / NS_PER_S, 1)
        if not edge and self.points and at_s - self.points[-1].at_s < self.spacing_s:
            return
        soc = self.soc_end
        point = CurvePoint(
            at_s,
            round(self.meters.power_w(rules) / 1_000, 3),
            None if soc is None else round(soc, 2),
            round(self.added_kwh(rules), 3),
        )
        self.spacing_s = add(self.points, point, self.spacing_s, edge=edge)

    def stop(self, at_ns: int, record_id: bytes, rules: ChargeRules) -> None:
        """The flow stopped at a time that is not later than now."""
        self.meters.run(at_ns, rules)
        self.flowing, self.ended_ns, self.last_record = False, at_ns, record_id

    def add_gap(self, gap: tuple[int, int]) -> None:
        """Note a stretch in which nobody listened."""
        self.gaps.append(gap)
        del self.gaps[MAX_SPANS - 1 : -1]

    def ended_in_gap(self) -> None:
        """Where nothing new said that energy still flowed after a gap, it ended when what it brought had flowed."""
        if not self.stale:
            return
        from_ns, until_ns = self.gaps.pop()
        lasted_ns = round(self.left_kwh / self.left_w * _NS_PER_KWH_BY_W) if self.left_w else 0
        self.ended_ns = min(until_ns, from_ns + lasted_ns)
        self.stale, self.estimated = False, self.left_kwh > 0.0

    def unplug(self, at_ns: int) -> None:
        """The cable is out."""
        self.over = True
        if not self.unplugged_ns:
            self.unplugged_ns = at_ns
        if not self.idle_until_ns:
            self.idle_until_ns = at_ns

    def go_on(self, later: "Session", rules: ChargeRules) -> None:
        """Take in a part that turned out to belong to this session, after a pause or a silence."""
        apart = (self.ended_ns, later.started_ns)
        if self.silent:
            self.add_gap(apart)
        else:
            if len(self.pauses) < MAX_SPANS:
                self.pauses.append(apart)
            self.paused_ns += apart[1] - apart[0]
        self.paused_ns += later.paused_ns
        later_kwh = later.added_kwh(rules)
        self.meters.go_on(later.meters)
        self.fast = self.fast or later.fast
        more_kwh = self.added_kwh(rules) - later_kwh
        more_s = (later.started_ns - self.started_ns) / NS_PER_S
        for point in later.points:
            moved = point._replace(at_s=round(point.at_s + more_s, 1), added_kwh=round(point.added_kwh + more_kwh, 3))
            self.spacing_s = add(self.points, moved, self.spacing_s, edge=True)
        if later.soc_first is not None:
            if self.soc_first is None:
                self.soc_first, self.kwh_first = later.soc_first, later.kwh_first + more_kwh
            elif later.soc_last is None:
                self.soc_last, self.kwh_last = later.soc_first, later.kwh_first + more_kwh
        if later.soc_last is not None:
            self.soc_last = later.soc_last
            self.kwh_last = later.kwh_last + more_kwh if later.kwh_last >= 0 else -1.0
        self._take_state(later)

    def _take_state(self, later: "Session") -> None:
        self.flowing, self.silent, self.over, self.completed = later.flowing, later.silent, later.over, later.completed
        self.ended_ns, self.last_record, self.woke_ns = later.ended_ns, later.last_record, later.woke_ns
        self.seen_ns, self.seen_record = later.seen_ns, later.seen_record
        self.flow_ns, self.flow_record = later.flow_ns, later.flow_record
        self.unplugged_ns, self.idle_until_ns = later.unplugged_ns, later.idle_until_ns
        self.stalled, self.estimated, self.stale = later.stalled, later.estimated, later.stale
        self.left_kwh, self.left_w = later.left_kwh, later.left_w
        self.place = self.place or later.place
        self.fences = self.fences or later.fences
        self.soc_start = later.soc_start if self.soc_start is None else self.soc_start
        self.soc_end = self.soc_end if later.soc_end is None else later.soc_end
        self.range_start_km = later.range_start_km if self.range_start_km is None else self.range_start_km
        self.range_end_km = self.range_end_km if later.range_end_km is None else later.range_end_km
        self.outside_c = later.outside_c if self.outside_c is None else self.outside_c
        self.module_c = later.module_c if self.module_c is None else self.module_c

    # -- figures -------------------------------------------------------------------------------------------------

    def is_dc(self) -> bool | None:
        """Whether it is direct current; None where nothing tells."""
        by_energy = self.meters.is_dc()
        return (True if self.fast else None) if by_energy is None else by_energy

    def added_kwh(self, rules: ChargeRules) -> float:
        """Energy into the battery so far."""
        return self.meters.added_kwh(rules, dc=self.is_dc() is True)

    def row(self, rules: ChargeRules) -> Charge:
        """The session's row as it stands."""
        dc = self.is_dc()
        doubts = self._doubts(rules)
        added_kwh, used_kwh, used_source = self._energies(rules, doubts)
        ended_ns = None if self.flowing else self.ended_ns
        until_ns = self.meters.clock_ns if self.flowing else self.ended_ns
        flow_s = (until_ns - self.started_ns - self.paused_ns) / NS_PER_S
        seen_kwh = added_kwh - max(0.0, self.meters.battery.first - self.meters.battery.base)
        return Charge(
            id=self.id,
            vehicle_id=self.vehicle_id,
            started_at_ns=self.started_ns,
            ended_at_ns=ended_ns,
            rule_version=self.rule_version,
            first_record=self.first_record,
            last_record=None if self.flowing else self.last_record,
            confidence=round(max(0.1, 1.0 - sum(DOUBTS[doubt] for doubt in doubts)), 2),
            reasons=tuple(doubts),
            plug_in=self.plug_in,
            current="unknown" if dc is None else "DC" if dc else "AC",
            energy_added_kwh=round(added_kwh, 3),
            added_source=self._source(rules),
            energy_used_kwh=None if used_kwh is None else round(used_kwh, 3),
            used_source=used_source,
            peak_power_kw=round(self.meters.peak_w / 1_000, 2),
            mean_power_kw=round(seen_kwh / flow_s * 3_600, 2) if flow_s >= 1.0 else None,
            curve=self._curve(round(added_kwh, 3), until_ns),
            battery_start_pct=_rounded(self.soc_start, 2),
            battery_end_pct=_rounded(self.soc_end, 2),
            range_start_km=_rounded(self.range_start_km, 1),
            range_end_km=_rounded(self.range_end_km, 1),
            place=self.place,
            fences=self.fences,
            pauses=tuple(self.pauses),
            paused_s=round(self.paused_ns / NS_PER_S, 1),
            gaps=tuple(self.gaps),
            completed=self.completed,
            unplugged_at_ns=self.unplugged_ns or None,
            idle_s=round((self.idle_until_ns - self.ended_ns) / NS_PER_S, 1) if self.idle_until_ns else None,
            outside_temperature_c=_rounded(self.outside_c, 1),
            battery_temperature_c=_rounded(self.module_c, 1),
            **self._sample(added_kwh),
        )

    def _curve(self, added_kwh: float, until_ns: int) -> tuple[CurvePoint, ...]:
        """An open session's points are given as they are: to simplify them with every record would be dear."""
        if self.flowing:
            return tuple(self.points)
        return complete(self.points, added_kwh, round((until_ns - self.started_ns) / NS_PER_S, 1))

    def _source(self, rules: ChargeRules) -> str:
        meters = self.meters
        if meters.battery.known():
            return "counter"
        return "power" if meters.into / WATT_US_PER_KWH >= meters.plug_kwh(rules) else "plug"

    def _sample(self, added_kwh: float) -> dict[str, float]:
        if self.soc_first is None or self.soc_last is None:
            return {"sample_span_pct": 0.0, "sample_energy_kwh": 0.0}
        last_kwh = added_kwh if self.kwh_last < 0 else min(self.kwh_last, added_kwh)
        return {
            "sample_span_pct": round(self.soc_last - self.soc_first, 2),
            "sample_energy_kwh": round(last_kwh - self.kwh_first, 3),
        }

    def _energies(self, rules: ChargeRules, doubts: list[str]) -> tuple[float, float | None, str]:
        """Energy added and used, and where the second comes from; on AC never more is added than used."""
        meters, dc = self.meters, self.is_dc()
        added = self.added_kwh(rules)
        if dc is None:
            return added, None, "none"
        if dc:
            drawn = meters.dc / WATT_US_PER_KWH
            return (added, added, "battery") if self.gaps or drawn < added else (added, drawn, "power")
        wall = meters.wall
        if wall.known():
            used, source = wall.growth() + meters.tail_kwh(wall, rules, dc=False), "counter"
        elif meters.ac and not self.gaps:
            used, source = meters.ac / WATT_US_PER_KWH, "power"
        else:
            used, source = added / rules.ac_efficiency, "estimated"
        if added <= used:
            return added, used, source
        heard = (meters.battery.at_ns - wall.at_ns) / NS_PER_S <= rules.wall_age_s
        if source == "counter" and heard and used >= added * _BELIEVABLE:
            doubts.append("energy_capped")
            return used, used, source
        doubts.append("plug_reading_missing")
        return added, added, "battery" if source == "counter" else source

    def _doubts(self, rules: ChargeRules) -> list[str]:
        meters = self.meters
        battery = meters.battery
        tail = meters.tail_kwh(battery, rules, dc=self.is_dc() is True)
        found = {
            "no_counter": not battery.known(),
            "counter_tail": battery.known() and tail > _LONG_TAIL * (battery.growth() + tail),
            "start_unseen": battery.known() and battery.first > battery.base,
            "gap": bool(self.gaps),
            "silent": self.silent,
            "end_estimated": self.estimated,
            "stalled": self.stalled,
            "no_battery_pct": self.soc_start is None or self.soc_end is None,
        }
        return [reason for reason, holds in found.items() if holds]


def opened(moment: Moment, charge_id: str, plug_in: str, meters: Meters, rules: ChargeRules) -> Session:
    """A session that begins with a record."""
    latest = moment.latest
    session = Session(
        id=charge_id,
        vehicle_id=moment.vehicle_id,
        rule_version=rules.version,
        plug_in=plug_in or charge_id,
        started_ns=moment.at_ns,
        first_record=moment.record_id,
        meters=meters,
        seen_ns=moment.at_ns,
        seen_record=moment.record_id,
        flow_ns=moment.at_ns,
        flow_record=moment.record_id,
        soc_start=latest.number(SOC),
        soc_end=latest.number(SOC),
        range_start_km=latest.number(RANGE),
        range_end_km=latest.number(RANGE),
    )
    meters.clock_ns = moment.at_ns
    meters.hold(latest, moment.at_ns, rules)
    session.see(moment, rules)
    session.draw(moment, rules, edge=True)
    return session


def completes(moment: Moment) -> bool:
    """Whether the car says that it has reached what it was asked for."""
    return moment.latest.text(WORD) == COMPLETE


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)
