"""How much energy a session took: the car's counters, and its power held between changes where they are silent.

Two counters run from the moment of plugging in: one at the battery (on AC and DC alike, despite its name at Tesla) and
one at the plug (AC only). They tell what passed while nobody listened. Energy from power is kept in whole watts times
microseconds, so that a sum does not depend on where it was cut.
"""

from dataclasses import dataclass, field
from typing import Final

from motorcade.domain.episodes.charging.flow import AC_KW, DC_KW, PACK_A, PACK_V, ChargeRules
from motorcade.domain.episodes.moment import Latest

NS_PER_US: Final = 1_000
WATT_US_PER_KWH: Final = 3_600_000_000_000
_SANE: Final = 0.5  # share of a DC charger's power that has to arrive in the pack, or one of the two figures is old
_ZERO_KWH: Final = 0.05  # a counter this low has just begun
_SLACK_KWH: Final = 0.1  # more than a counter's steps


def is_reset(value: float, peak: float, rules: ChargeRules) -> bool:
    """Whether a counter that stood at `peak` began anew, rather than giving a little back."""
    return value < peak and (value <= _ZERO_KWH or value < peak * rules.reset_share)


@dataclass(slots=True)
class Counter:
    """What a counter last said, whether a session runs or not.

    Attributes:
        value: kWh, negative before the first reading.
        at_ns: when it was read.
        fresh: the cable was out since, or we never saw it in: the next session's readings count from zero.
        rises: how often in a row it rose without a session.
    """

    value: float = -1.0
    at_ns: int = 0
    fresh: bool = True
    rises: int = 0


@dataclass(slots=True)
class Meter:
    """One counter over one session.

    Attributes:
        base: what it stood at when the session began, negative until that is known.
        first: the value from which on we watched it grow.
        peak: the highest value in the session, negative before a reading.
        at_ns: time of the last reading.
        tail: watts times microseconds since then.
    """

    base: float = -1.0
    first: float = -1.0
    peak: float = -1.0
    at_ns: int = 0
    tail: int = 0

    def known(self) -> bool:
        """Whether the counter was read in this session."""
        return self.peak >= 0.0

    def growth(self) -> float:
        """What the counter says that the session took (kWh)."""
        return self.peak - self.base if self.known() else 0.0

    def watched(self) -> float:
        """How much of it came while we looked (kWh)."""
        return self.peak - self.first if self.known() else 0.0

    def take(self, value: float, at_ns: int, stale: float, could_kwh: float) -> None:
        """Take a reading that is no reset.

        Args:
            value: the reading (kWh).
            at_ns: when.
            stale: what the counter stood at before the plug went in, negative if unknown.
            could_kwh: the most that can have flowed since the session began.
        """
        if self.base < 0.0:
            tail_kwh = self.tail / WATT_US_PER_KWH
            # A counter that was not seen at zero either began anew and has passed its old value, or never began anew.
            goes_on = 0.0 <= stale <= value and abs(value - stale - tail_kwh) < abs(value - tail_kwh) and self.tail > 0
            self.base = stale if goes_on else 0.0
            self.first = self.base if value - self.base <= could_kwh + _SLACK_KWH else value
        self.peak = max(self.peak, value)
        self.at_ns, self.tail = at_ns, 0

    def restart(self, value: float, at_ns: int) -> None:
        """Take a reading that began anew at zero before the session had grown."""
        self.base, self.first, self.peak, self.at_ns, self.tail = 0.0, 0.0, value, at_ns, 0

    def go_on(self, later: "Meter") -> None:
        """Take in what the same counter said in a part that turned out to belong to this session."""
        if later.known():
            if not self.known():
                self.base, self.first = (later.base, later.first) if self.base < 0.0 else (self.base, self.first)
            self.peak, self.at_ns, self.tail = max(self.peak, later.peak), later.at_ns, later.tail
        else:
            self.tail += later.tail


def start_meter(counter: Counter, value: float) -> Meter:
    """A meter of a session that begins, from the counter's last word before it."""
    known = not counter.fresh and value >= 0.0
    return Meter(base=value, first=value) if known else Meter()


@dataclass(slots=True)
class Meters:
    """All energy of one session.

    Attributes:
        battery: the counter at the battery.
        wall: the counter at the plug.
        clock_ns: up to where power is integrated.
        ac_w, dc_w, pack_w: the powers that hold from there on, in watts; pack_w is -1 where it is not sent.
        ac, dc, into: integrals in watts times microseconds: at the plug, of the DC charger, into the battery.
    """

    battery: Meter = field(default_factory=Meter)
    wall: Meter = field(default_factory=Meter)
    clock_ns: int = 0
    ac_w: int = 0
    dc_w: int = 0
    pack_w: int = -1
    ac: int = 0
    dc: int = 0
    into: int = 0
    peak_w: int = 0

    def hold(self, latest: Latest, at_ns: int, rules: ChargeRules) -> None:
        """Integrate up to a time, then hold the powers as they are now."""
        self.run(at_ns, rules)
        self.ac_w = _watts(latest.number(AC_KW))
        self.dc_w = _watts(latest.number(DC_KW))
        current, voltage = latest.number(PACK_A), latest.number(PACK_V)
        self.pack_w = -1 if current is None or voltage is None else max(0, round(current * voltage))
        self.peak_w = max(self.peak_w, self.power_w(rules))

    def run(self, at_ns: int, rules: ChargeRules) -> None:
        """Integrate the held powers up to a time."""
        passed = at_ns // NS_PER_US - self.clock_ns // NS_PER_US
        if passed <= 0:
            return
        into = self.into_w(rules) * passed
        self.ac += self.ac_w * passed
        self.dc += self.dc_w * passed
        self.into += into
        self.battery.tail += into
        self.wall.tail += self.ac_w * passed
        self.clock_ns = at_ns

    def into_w(self, rules: ChargeRules) -> int:
        """Power into the battery as it holds."""
        if self.dc_w > 0 and self.pack_w < self.dc_w * _SANE:
            return self.dc_w  # the pack's own figure is not there, or from before
        if self.pack_w >= 0:
            return self.pack_w
        return round(self.ac_w * rules.ac_efficiency)

    def power_w(self, rules: ChargeRules) -> int:
        """Power as people are shown it: the charger's, else the pack's."""
        return max(self.ac_w, self.dc_w) or self.into_w(rules)

    def go_on(self, later: "Meters") -> None:
        """Take in a part that turned out to belong to this session."""
        self.battery.go_on(later.battery)
        self.wall.go_on(later.wall)
        self.clock_ns, self.ac_w, self.dc_w, self.pack_w = later.clock_ns, later.ac_w, later.dc_w, later.pack_w
        self.ac += later.ac
        self.dc += later.dc
        self.into += later.into
        self.peak_w = max(self.peak_w, later.peak_w)

    def evident_kwh(self, rules: ChargeRules) -> float:
        """Energy that we saw arrive, by whichever source saw most.

        Where the battery's counter speaks, it alone decides: power at the plug may warm the cabin only.
        """
        if self.battery.known():
            return self.battery.watched()
        return max(self.into / WATT_US_PER_KWH, self.wall.watched() * rules.ac_efficiency)

    def is_dc(self) -> bool | None:
        """Whether the energy came as direct current, None where neither power nor the plug's counter speak."""
        if self.ac != self.dc:
            return self.dc > self.ac
        return False if self.wall.watched() > 0.0 else None

    def added_kwh(self, rules: ChargeRules, *, dc: bool) -> float:
        """Energy into the battery: its counter, and the power since its last reading; else by power or the plug's."""
        if not self.battery.known():
            return max(self.into / WATT_US_PER_KWH, self.plug_kwh(rules))
        return self.battery.growth() + self.tail_kwh(self.battery, rules, dc=dc)

    def plug_kwh(self, rules: ChargeRules) -> float:
        """What has to have arrived of what the plug's counter says."""
        return self.wall.growth() * rules.ac_efficiency

    def tail_kwh(self, meter: Meter, rules: ChargeRules, *, dc: bool) -> float:
        """Energy by power since a counter's last reading, as far as it counts."""
        young = (self.clock_ns - meter.at_ns) / 1e9 < rules.wall_age_s
        return 0.0 if young and not dc else meter.tail / WATT_US_PER_KWH


def _watts(power_kw: float | None) -> int:
    return 0 if power_kw is None else max(0, round(power_kw * 1_000))
