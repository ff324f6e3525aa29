"""What a car loses while it is parked, and to what.

A spell lies between the end of a trip or charge and the next start of one, as the reducers before found them. It begins
with the standstill, not with the moment at which the trip was known to be over.

The battery's charge is read now and then; a loss between two readings is shared out among what ran in between, each by
its time and its usual power. So the split is an estimate, and the sum is what was measured: what no known consumer
explains, and any gain (a battery that warms up), is in `unknown`.
"""

from dataclasses import dataclass
from typing import Final

from motorcade.domain.episodes.charging.flow import AC_KW, CHARGING, DC_KW, power_kw
from motorcade.domain.episodes.episode import Episode, episode_id
from motorcade.domain.episodes.moment import Latest, Moment
from motorcade.domain.episodes.parking.row import Parked
from motorcade.domain.episodes.parking.spell import UNKNOWN, ParkedRules, Spell
from motorcade.domain.record import NS_PER_S
from motorcade.domain.signal import by_name

_SOC: Final = by_name("battery_pct").number
_ENERGY: Final = by_name("energy_remaining_kwh").number
_FULL: Final = by_name("full_pack_energy_kwh").number
_SENTRY: Final = by_name("sentry_mode").number
_CLIMATE: Final = by_name("climate_power").number
_KEEPER: Final = by_name("climate_keeper_mode").number
_GEAR: Final = by_name("gear").number
_SPEED: Final = by_name("speed_kmh").number
_LOCATION: Final = by_name("location").number
_WORD: Final = by_name("charge_state").number
_OUTSIDE: Final = by_name("outside_temperature_c").number
_CONSUMERS: Final = frozenset({_SENTRY, _CLIMATE, _KEEPER})
_WATCHED: Final = _CONSUMERS | {AC_KW, DC_KW, _SOC, _ENERGY, _FULL, _GEAR, _SPEED, _LOCATION, _WORD, _OUTSIDE}

__all__ = ["Parked", "ParkedRules", "ParkedState", "due_ns", "quiet", "start", "step", "view"]

_FED_KW: Final = 0.5  # power of a charger that gives; idle ones read up to a few hundred watts
_WATCHES: Final = frozenset({"Armed", "Aware", "Panic", "Quiet"})
_KEEPS: Final = frozenset({"On", "Dog", "Party"})
_HEATS: Final = frozenset({"On", "Precondition"})
_PLUGGED: Final = frozenset({"NoPower", "Starting", "Charging", "Complete", "Stopped"})
_MOVES: Final = frozenset("DRN")


@dataclass(slots=True)
class ParkedState:
    """What is remembered of a car's parking.

    Attributes:
        spell: the spell that runs, or may begin.
        sentry, cabin, climate: what runs, as last heard.
        offline: whether it has no connection.
    """

    spell: Spell | None = None
    sentry: bool = False
    cabin: bool = False
    climate: bool = False
    offline: bool = False


def start() -> ParkedState:
    """The state before a car's first record."""
    return ParkedState()


def step(state: ParkedState, moment: Moment, rules: ParkedRules) -> list[Episode]:
    """Take one record in; the trip and charge of the moment are known by now."""
    spell = state.spell
    busy = moment.trip_id is not None or moment.charge_id is not None
    sure = spell is not None and spell.sure
    if sure != busy and moment.presence is None and _WATCHED.isdisjoint(moment.changed):
        return []  # nothing begins or ends, and nothing else is of interest
    rows: list[Episode] = []
    if spell is not None:
        _run(state, spell, moment.at_ns, rules)
    _hear(state, moment)
    if spell is not None and busy and sure:
        rows, spell, state.spell = _ended(spell, moment, rules), None, None
    if busy and (moment.charge_id is not None or _moves(moment.latest, rules)):
        state.spell = None
        return rows
    if spell is None:
        spell = state.spell = _began(moment, rules)
    spell.sure = not busy
    _read(spell, moment, rules)
    return rows


def view(state: ParkedState, horizon_ns: int, rules: ParkedRules) -> list[Episode]:
    """The row of the spell that runs, once it is long enough."""
    spell = state.spell
    if spell is None or not spell.sure or horizon_ns - spell.started_ns < _ns(rules.least_s):
        return []
    return [spell.row(None, None)]


def due_ns(state: ParkedState, after_ns: int, rules: ParkedRules) -> int | None:
    """When the spell that runs becomes long enough to be shown."""
    spell = state.spell
    if spell is None or not spell.sure:
        return None
    shown_ns = spell.started_ns + _ns(rules.least_s)
    return shown_ns if shown_ns > after_ns else None


def quiet(state: ParkedState, at_ns: int, rules: ParkedRules) -> bool:  # noqa: ARG001 - the contract's arguments
    """A car that stands is quiet: parking is the gap between what it does."""
    return True


def _ns(seconds: float) -> int:
    return round(seconds * NS_PER_S)


def _moves(latest: Latest, rules: ParkedRules) -> bool:
    if latest.values.get(_GEAR) in _MOVES:
        return True
    speed_kmh = latest.number(_SPEED) or 0.0
    return speed_kmh > rules.rolling_kmh or (speed_kmh >= rules.standing_kmh and latest.values.get(_GEAR) != "P")


def _began(moment: Moment, rules: ParkedRules) -> Spell:
    latest = moment.latest
    spell = Spell(
        id=episode_id("parked", "", rules.version, moment.vehicle_id, moment.record_id),
        vehicle_id=moment.vehicle_id,
        rule_version=rules.version,
        started_ns=moment.at_ns,
        first_record=moment.record_id,
        plugged=latest.text(_WORD) in _PLUGGED,
        clock_ns=moment.at_ns,
    )
    spell.soc.begin(latest.number(_SOC))
    spell.energy.begin(latest.number(_ENERGY))
    spell.add_point(moment.at_ns)
    return spell


def _hear(state: ParkedState, moment: Moment) -> None:
    """What runs from now on."""
    latest = moment.latest
    if moment.presence is not None:
        state.offline = not moment.presence
    if not _CONSUMERS.isdisjoint(moment.changed):
        climate = latest.text(_CLIMATE)
        state.sentry = latest.text(_SENTRY) in _WATCHES
        state.cabin = climate == "OverheatProtect"
        state.climate = climate in _HEATS or latest.text(_KEEPER) in _KEEPS


def _run(state: ParkedState, spell: Spell, at_ns: int, rules: ParkedRules) -> None:
    """Count the time since the last record to what ran in it."""
    passed_us = at_ns // 1_000 - spell.clock_ns // 1_000
    spell.clock_ns = at_ns
    if spell.fed_ns:
        return  # a charger gives: if that is a charge, the spell ended when it began
    active = (state.sentry, state.cabin, state.climate)
    asleep = state.offline and not any(active)
    if asleep:
        spell.asleep_us += passed_us
    watts = (rules.sentry_w, rules.cabin_w, rules.climate_w)
    for cause, (runs, power_w) in enumerate(zip(active, watts, strict=True)):
        if runs:
            spell.ran_us[cause] += passed_us
            spell.soc.weights[cause] += passed_us * power_w
            spell.energy.weights[cause] += passed_us * power_w
    if not any(active):
        spell.ran_us[UNKNOWN] += passed_us
    idle_w = rules.asleep_w if asleep else rules.awake_w
    spell.soc.weights[UNKNOWN] += passed_us * idle_w
    spell.energy.weights[UNKNOWN] += passed_us * idle_w


def _read(spell: Spell, moment: Moment, rules: ParkedRules) -> None:
    """Take in the battery's figures and where the car stands."""
    latest, changed = moment.latest, moment.changed
    if spell.place is None:
        spell.place = latest.place(_LOCATION)
    spell.fences = spell.fences or moment.fences
    if spell.outside_c is None:
        spell.outside_c = latest.number(_OUTSIDE)
    if spell.full_kwh is None:
        spell.full_kwh = latest.number(_FULL)
    read, fed = False, latest.text(_WORD) == CHARGING or power_kw(latest) > _FED_KW
    if not fed:
        spell.fed_ns = 0
    elif not spell.fed_ns:
        spell.fed_ns, spell.fed_record = moment.at_ns, moment.record_id
    for number, gauge in ((_SOC, spell.soc), (_ENERGY, spell.energy)):
        value = latest.number(number) if number in changed else None
        if value is None or (fed and gauge.last is not None and value > gauge.last):
            continue  # what a charge that is not evident yet puts in is no gain of this spell
        if moment.at_ns - spell.started_ns <= _ns(rules.edge_s):
            gauge.begin(value)  # of the trip or charge before it
        else:
            gauge.read(value)
        read = True
    if read:
        spell.add_point(moment.at_ns)


def _ended(spell: Spell, moment: Moment, rules: ParkedRules) -> list[Episode]:
    """The row of a spell that a trip ends, or a charge: dated back to its first sign."""
    fed = moment.charge_id is not None and spell.fed_ns > 0
    ended_ns, record = (spell.fed_ns, spell.fed_record) if fed else (moment.at_ns, moment.record_id)
    return [spell.row(ended_ns, record)] if ended_ns - spell.started_ns >= _ns(rules.least_s) else []
