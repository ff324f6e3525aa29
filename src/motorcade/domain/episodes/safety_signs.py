"""How hard a car brakes, speeds up and corners, from its own sensors or, failing them, from speed and heading.

Reports are seconds apart. What changed between two of them took at most the time between them, and a mean is never
above the peak: so the figure from speed and heading is a bound from below, and what it calls harsh was at least so.
"""

from math import radians
from typing import Final, NamedTuple

from motorcade.domain.episodes.moment import Moment
from motorcade.domain.episodes.safety_rules import SafetyRules
from motorcade.domain.record import NS_PER_S
from motorcade.domain.signal import by_name

G_MS2: Final = 9.80665
"""Standard gravity (ISO 80000-3)."""
KMH_PER_MS: Final = 3.6

SPEED: Final = by_name("speed_kmh").number
HEADING: Final = by_name("heading_deg").number
LONGITUDINAL: Final = by_name("longitudinal_acceleration_ms2").number
LATERAL: Final = by_name("lateral_acceleration_ms2").number

SENSOR: Final = "acceleration_signal"
SPEED_CHANGE: Final = "speed_change"
HEADING_CHANGE: Final = "heading_change"


class Pull(NamedTuple):
    """One acceleration: in g, forwards or absolute, and where it was read."""

    value_g: float
    source: str


def along(moment: Moment, speed_kmh: float | None, speed_ns: int, rules: SafetyRules) -> Pull | None:
    """The acceleration along the road that a record tells of, forwards positive; None where it tells of none.

    Args:
        moment: the record.
        speed_kmh: the last speed before it, None while unknown.
        speed_ns: when that was reported.
        rules: the organisation's.
    """
    if LONGITUDINAL in moment.changed:
        return _sensed(moment, LONGITUDINAL, rules.longitudinal_sign, rules)
    now_kmh = moment.latest.number(SPEED)
    if (
        SPEED not in moment.changed
        or now_kmh is None
        or speed_kmh is None
        or _sensor_speaks(moment, LONGITUDINAL, rules)
    ):
        return None
    passed_s = (moment.at_ns - speed_ns) / NS_PER_S
    if not rules.shortest_s <= passed_s <= rules.longest_s:
        return None
    change_ms = (now_kmh - speed_kmh) / KMH_PER_MS
    if abs(change_ms) / passed_s > rules.plausible_g * G_MS2:
        return None  # no tyre does that; one of the two speeds is wrong
    return Pull(change_ms / (passed_s + rules.time_error_s) / G_MS2, SPEED_CHANGE)


def across(
    moment: Moment, speed_kmh: float | None, heading_deg: float | None, heading_ns: int, rules: SafetyRules
) -> Pull | None:
    """The acceleration to the side, without its sign; None where a record tells of none."""
    if LATERAL in moment.changed:
        pull = _sensed(moment, LATERAL, 1, rules)
        return None if pull is None else Pull(abs(pull.value_g), SENSOR)
    if HEADING not in moment.changed or heading_deg is None or _sensor_speaks(moment, LATERAL, rules):
        return None
    now_deg = moment.latest.number(HEADING)
    if now_deg is None or speed_kmh is None or speed_kmh < rules.corner_kmh:
        return None
    if moment.at_ns - moment.latest.since_ns[SPEED] > rules.corner_speed_age_s * NS_PER_S:
        return None
    passed_s = (moment.at_ns - heading_ns) / NS_PER_S
    turned_deg = abs((now_deg - heading_deg + 180) % 360 - 180)
    if not rules.shortest_s <= passed_s <= rules.longest_s or turned_deg > rules.turn_max_deg:
        return None
    # The slower of the two ends: a car that corners hard slows down before, seldom within.
    before = moment.changed.get(SPEED)
    slowest_kmh = min(speed_kmh, before) if isinstance(before, float) else speed_kmh
    turn_rad = radians(max(0.0, turned_deg - rules.heading_error_deg))
    pull_g = slowest_kmh / KMH_PER_MS * turn_rad / (passed_s + rules.time_error_s) / G_MS2
    return Pull(pull_g, HEADING_CHANGE) if pull_g <= rules.plausible_g else None


def _sensed(moment: Moment, signal: int, sign: int, rules: SafetyRules) -> Pull | None:
    value_ms2 = moment.latest.number(signal)
    if value_ms2 is None or abs(value_ms2) > rules.plausible_g * G_MS2:
        return Pull(0.0, SENSOR)  # a value that ceased ends a manoeuvre, and a fault starts none
    return Pull(sign * value_ms2 / G_MS2, SENSOR)


def _sensor_speaks(moment: Moment, signal: int, rules: SafetyRules) -> bool:
    """Whether the car reported a sensor's value lately; what it measures never stays the same for long."""
    since_ns = moment.latest.since_ns.get(signal)
    heard = since_ns is not None and moment.latest.values.get(signal) is not None
    return heard and since_ns is not None and moment.at_ns - since_ns <= rules.fresh_s * NS_PER_S
