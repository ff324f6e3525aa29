"""Whether energy flows into the battery, judged from a car's signals; and the figures of all charging rules.

No single signal is trusted. The old text field stays `Idle` through a whole fast charge, so it counts only together
with a current. The detailed state says it best and is missing on older software. Power at the plug also feeds the
cabin of a full car, so it is no proof where the state or the pack's current say otherwise.
"""

from dataclasses import dataclass
from typing import Final

from motorcade.domain.episodes.moment import Latest, Moment
from motorcade.domain.record import NS_PER_S
from motorcade.domain.signal import by_name

TEXT: Final = by_name("charge_state_text").number
WORD: Final = by_name("charge_state").number
BATTERY_KWH: Final = by_name("battery_energy_added_kwh").number
WALL_KWH: Final = by_name("ac_charging_energy_kwh").number
AC_KW: Final = by_name("ac_charging_power_kw").number
DC_KW: Final = by_name("dc_charging_power_kw").number
PACK_A: Final = by_name("pack_current_a").number
PACK_V: Final = by_name("pack_voltage_v").number
FAST: Final = by_name("fast_charger_present").number
PORT: Final = by_name("charge_port_open").number
GEAR: Final = by_name("gear").number
SPEED: Final = by_name("speed_kmh").number
SOC: Final = by_name("battery_pct").number
RANGE: Final = by_name("rated_range_km").number
LOCATION: Final = by_name("location").number

JUDGED: Final = frozenset({TEXT, WORD, BATTERY_KWH, WALL_KWH, AC_KW, DC_KW, PACK_A, PACK_V, FAST, PORT, GEAR, SPEED})
"""The signals that can begin or end a flow, or change how much flows."""
WATCHED: Final = JUDGED | {SOC, RANGE, LOCATION}

CHARGING: Final = "Charging"
ENABLED: Final = "Enable"
COMPLETE: Final = "Complete"
DISCONNECTED: Final = "Disconnected"
STOPPED: Final = frozenset({DISCONNECTED, "NoPower", COMPLETE, "Stopped"})
_WILLING: Final = frozenset({CHARGING, "Starting"})
_DRIVING: Final = frozenset("DRN")


@dataclass(frozen=True, slots=True)
class ChargeRules:
    """Every figure of the charging reducer.

    Attributes:
        version: of these rules.
        flowing_kw: charging power above this is a flow; idle chargers read up to a few hundred watts.
        ended_kw: power at or below this is none.
        flowing_a: current into the pack above this is a flow, where something else says that a charger is there.
        rolling_kmh: a faster car drives and does not charge; parked ones report small speeds when GPS jitters.
        word_holds_s: how long a state that denies a flow is believed against a fresh power reading: fields of one
            instant arrive seconds apart.
        pause_max_s: a flow that begins again within this, on the same plug, goes on with the session: the longest
            outage or load management one expects. After a longer pause it is a session of its own.
        silence_s: so long without any reading ends a session at its last reading.
        sleep_s: so long without a connection ends it there too.
        hole_max_s: a session that fell silent is taken up again within this when the counters agree.
        agree_s: how long after the first new flow the counters may take to say whether they agree.
        settle_s: readings of the energy counters this long after the end still belong to the session.
        edge_s: readings of charge and range this long after the end do.
        idle_max_s: a car that is still plugged in after this is not watched any more for its idle time.
        least_kwh: a session with less energy is none: a flap of a signal, a car that only warmed its cabin.
        reset_share: a counter that falls below this share of its value began anew; less is the battery giving back,
            e.g. for preconditioning.
        fastest_kw: more than any charger gives; energy that would have taken more was charged before we looked.
        stall_s: a counter that stands still for this long and `stall_kwh` of held power means that the end was lost.
        stall_kwh: see there.
        wall_age_s: on AC, power is added to a counter's last reading only when that is older; the plug's power comes in
            steps of 0.1 kW, so for less than that the counter alone is the better figure.
        ac_efficiency: share of AC power that reaches the battery, where the pack's own current is not sent.
        moved_m: a car that is found so far away after a silence was unplugged in between.
    """

    version: int = 1
    flowing_kw: float = 0.5
    ended_kw: float = 0.3
    flowing_a: float = 1.0
    rolling_kmh: float = 8.0
    word_holds_s: float = 60.0
    pause_max_s: float = 7_200.0
    silence_s: float = 1_800.0
    sleep_s: float = 300.0
    hole_max_s: float = 86_400.0
    agree_s: float = 300.0
    settle_s: float = 300.0
    edge_s: float = 60.0
    idle_max_s: float = 259_200.0
    least_kwh: float = 0.05
    reset_share: float = 0.5
    fastest_kw: float = 350.0
    stall_s: float = 1_800.0
    stall_kwh: float = 1.0
    wall_age_s: float = 60.0
    ac_efficiency: float = 0.92
    moved_m: float = 500.0


def ns(seconds: float) -> int:
    """Seconds as whole nanoseconds."""
    return round(seconds * NS_PER_S)


def drives(moment: Moment, rules: ChargeRules) -> bool:
    """Whether this record says that the car drives: a driving gear engaged, or faster than rolling."""
    changed, latest = moment.changed, moment.latest
    if GEAR in changed and latest.values.get(GEAR) in _DRIVING:
        return True
    return SPEED in changed and (latest.number(SPEED) or 0.0) > rules.rolling_kmh


def begins(moment: Moment, rules: ChargeRules) -> bool:
    """Whether this record shows energy flowing into the battery of a car that stands."""
    changed, latest = moment.changed, moment.latest
    word = latest.text(WORD)
    if (latest.number(SPEED) or 0.0) > rules.rolling_kmh:
        return False
    if WORD in changed and word == CHARGING:
        return True
    current_a = latest.number(PACK_A)
    into_pack = current_a is not None and current_a > rules.flowing_a
    enabled = latest.text(TEXT) == ENABLED
    fresh_power = _fresh_power(moment, rules) or (TEXT in changed and enabled and power_kw(latest) > rules.flowing_kw)
    fresh_current = into_pack and (PACK_A in changed or (TEXT in changed and enabled))
    if not (fresh_power or fresh_current):
        return False
    if latest.values.get(GEAR) in _DRIVING and not (fresh_power and not latest.number(SPEED)):
        return False  # a P may be lost; what a standing car is given is no recuperation
    if word in STOPPED:
        # Against an explicit word only a current into the pack counts, and not while the word is news.
        settled = moment.at_ns - latest.since_ns.get(WORD, 0) >= ns(rules.word_holds_s)
        return settled and into_pack and power_kw(latest) > rules.flowing_kw
    if fresh_power:
        # Power at the plug that only warms the cabin: the pack gives meanwhile, as the same record says.
        return not (PACK_A in changed and current_a is not None and current_a <= 0.0)
    return latest.values.get(FAST) is True or enabled


def ceases(moment: Moment, rules: ChargeRules) -> bool:
    """Whether this record shows that no energy flows into the battery any more, though one did before."""
    changed, latest = moment.changed, moment.latest
    word = latest.text(WORD)
    if WORD in changed and word in STOPPED:
        return True
    if unplugs(moment):
        return True
    if word in _WILLING:
        return False
    current_a = latest.number(PACK_A)
    if AC_KW in changed or DC_KW in changed:
        return power_kw(latest) <= rules.ended_kw
    return bool(PACK_A in changed and current_a is not None and current_a <= 0.0)


def unplugs(moment: Moment) -> bool:
    """Whether this record says that the cable is out."""
    changed, latest = moment.changed, moment.latest
    if WORD in changed and latest.text(WORD) == DISCONNECTED:
        return True
    if changed.get(FAST) is True and latest.values.get(FAST) is False and latest.text(WORD) != CHARGING:
        return True
    return changed.get(PORT) is True and latest.values.get(PORT) is False


def flows_still(latest: Latest, rules: ChargeRules) -> bool:
    """Whether the values as they stand say that energy flows, new or not."""
    word = latest.text(WORD)
    return word == CHARGING or (word not in STOPPED and power_kw(latest) > rules.flowing_kw)


def power_kw(latest: Latest) -> float:
    """Charging power that the car reports, of whatever kind; 0 where it reports none."""
    return max(latest.number(AC_KW) or 0.0, latest.number(DC_KW) or 0.0)


def _fresh_power(moment: Moment, rules: ChargeRules) -> bool:
    """Whether this record itself brings a charging power."""
    return any(
        number in moment.changed and (moment.latest.number(number) or 0.0) > rules.flowing_kw
        for number in (AC_KW, DC_KW)
    )
